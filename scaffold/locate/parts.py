"""What a composite file takes from other files of the library, joined to its text: backbones and detection losses.

`load_backbone(config)` is written out as the constructors of the backbones that the model's tests and configuration name, and
`self.loss_function(…)` as the function of the library's `loss` package that belongs to the class; what is imported from a
file of helpers that only PyTorch's models have comes along. Their classes and functions follow at the end of the file, so that
the probe, the translator and the verifier see one file. Backbones become plain modules there: what a pretrained base class adds
(downloading, initialisation) is the composite's business.

Source: `utils/backbone_utils.py` (`load_backbone`), `loss/loss_utils.py` (`LOSS_MAPPING`), `models/auto/modeling_auto.py`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from scaffold.locate.gather import Gathered
from scaffold.locate.naming import MODELS, AutoTables
from scaffold.locate.reading import parse_source, read_source, string_table

_LIBRARY = "src/transformers"
_LOSSES = f"{_LIBRARY}/loss/loss_utils.py"
_Edit = tuple[int, int, "int | None", str]  # line, first column, end column (in bytes; None: all of the rest), text
_AUTO = f"{MODELS}/auto/modeling_auto.py"

#: Appended to a file with backbones; `{types}` are the model types it holds.
_CONFIG_OF = '''

def supported_backbone_config(config):
    """The configuration of the backbone; ValueError when it is none of those that this file has the layers of."""
    backbone_config = getattr(config, "backbone_config", None)
    model_type = getattr(type(backbone_config), "model_type", None)  # one made of another's dictionary names that one
    if getattr(config, "use_timm_backbone", False) or model_type not in ({types},):
        raise ValueError(
            f"There is no such backbone in TensorFlow (`backbone_config` of type {{model_type}}, `backbone="
            f"{{getattr(config, 'backbone', None)}}`): set `use_timm_backbone=False`, `backbone=None` and a `backbone_config` "
            "of one of these types: {plain}."
        )
    return backbone_config
'''


def joined(root: Path, path: str, tables: AutoTables, named: list[str]) -> str | None:
    """The text of the file at `path` with its parts; None when it has none. The files `named` say which backbones it needs."""
    text = read_source(root, path)
    if not any(mark in text for mark in ("load_backbone(", "self.loss_function(", *_HELPERS)):
        return None
    tree = parse_source(root, path)
    gathered = Gathered(root, path, tree)
    edits = [
        *_helpers(root, tree, gathered),
        *_losses(root, tree, gathered),
        *_backbones(root, tree, gathered, tables, [path, *named]),
    ]
    if not edits:
        return None
    return f"{_edited(text, edits)}\n\n{gathered.text()}"


# -- helpers -------------------------------------------------------------------------------------------------------------

#: Files of the library that only serve PyTorch's models, and whose layers and functions have no counterpart.
_HELPERS = ("time_series_utils",)


def _helpers(root: Path, tree: ast.Module, gathered: Gathered) -> list[_Edit]:
    """What is imported from such a file, taken along; the import goes."""
    edits: list[_Edit] = []
    for node in tree.body:
        if not isinstance(node, ast.ImportFrom) or node.module not in _HELPERS or node.level != 3:
            continue
        path = f"{_LIBRARY}/{node.module}.py"
        if not (root / path).is_file():
            continue
        for alias in node.names:
            gathered.main.imports.pop(alias.asname or alias.name)
        for alias in node.names:
            gathered.want(path, alias.name)
        edits += [(n, 0, None, "") for n in range(node.lineno, (node.end_lineno or node.lineno) + 1)]
    return edits


# -- losses --------------------------------------------------------------------------------------------------------------


def _losses(root: Path, tree: ast.Module, gathered: Gathered) -> list[_Edit]:
    """`self.loss_function` of the classes whose loss has a file of its own; the other losses are the translator's."""
    if not (root / _LOSSES).is_file():
        return []
    table = _loss_mapping(parse_source(root, _LOSSES))
    edits: list[_Edit] = []
    for node in tree.body:
        calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and ast.unparse(n.func) == "self.loss_function"]
        if not isinstance(node, ast.ClassDef) or not calls:
            continue
        found = [node.name] if node.name in table else re.findall(f"({'|'.join(table)})", node.name)
        function = table.get(found[0]) if found else None
        if function is None or not gathered.from_elsewhere(_LOSSES, function):
            continue
        gathered.want(_LOSSES, function)
        edits += [(c.func.lineno, c.func.col_offset, c.func.end_col_offset or 0, function) for c in calls]
    return edits


def _loss_mapping(tree: ast.Module) -> dict[str, str]:
    """Key → name of the function."""
    found = (n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "LOSS_MAPPING")
    table = next((value for value in found if isinstance(value, ast.Dict)), ast.Dict([], []))
    pairs = zip(table.keys, table.values, strict=True)
    return {str(k.value): v.id for k, v in pairs if isinstance(k, ast.Constant) and isinstance(v, ast.Name)}


# -- backbones -----------------------------------------------------------------------------------------------------------


def _backbones(root: Path, tree: ast.Module, gathered: Gathered, tables: AutoTables, named: list[str]) -> list[_Edit]:
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "load_backbone" and n.args]
    if not calls or not (root / _AUTO).is_file():
        return []
    classes = string_table(parse_source(root, _AUTO), "MODEL_FOR_BACKBONE_MAPPING_NAMES")
    found: dict[str, str] = {}
    for model_type in _named(root, named, list(classes), tables):
        home = _home(root, model_type, classes[model_type], tables)
        if home is not None and gathered.obtainable(home, classes[model_type]):
            found[model_type] = gathered.want(home, classes[model_type])
    if not found:
        return []
    types = ", ".join(f'"{model_type}"' for model_type in found)
    gathered.extra.append(_CONFIG_OF.format(types=types, plain=types.replace('"', "`")))
    return [
        (c.lineno, c.col_offset, c.end_col_offset or 0, _constructors(found, ast.unparse(c.args[0]))) for c in calls
    ]


def _named(root: Path, paths: list[str], known: list[str], tables: AutoTables) -> list[str]:
    """Backbones that the modelling file, the first of the paths, names itself; else those that the other files name."""
    own, *others = ((root / path).read_text(encoding="utf-8") for path in paths)

    def named(text: str) -> list[str]:
        return [k for k in known if re.search(rf'\b{tables.configs.get(k, "-")}[.(]|CONFIG_MAPPING\["{k}"\]', text)]

    return named(own) or list(dict.fromkeys(k for text in others for k in named(text)))


def _constructors(found: dict[str, str], argument: str) -> str:
    """`A(config) if … == "a" else B(config)`: the backbone that the configuration asks for."""
    config = f"supported_backbone_config({argument})"
    *others, last = found.items()
    choice = "".join(f'{cls}({config}) if type({config}).model_type == "{kind}" else ' for kind, cls in others)
    return f"{choice}{last[1]}({config})"


def _home(root: Path, model_type: str, cls: str, tables: AutoTables) -> str | None:
    """The file that defines a backbone class."""
    folder = tables.folders.get(model_type, model_type.replace("-", "_"))
    folders = [root / MODELS / folder, *(p for p in sorted((root / MODELS).iterdir()) if model_type.startswith(p.name))]
    for place in folders:
        for path in sorted(place.glob("modeling_*.py")) if place.is_dir() else ():
            if f"\nclass {cls}(" in path.read_text(encoding="utf-8"):
                return path.relative_to(root).as_posix()
    return None


def _edited(text: str, edits: list[_Edit]) -> str:
    lines = text.split("\n")
    for number, start, end, new in sorted(edits, reverse=True):
        line = lines[number - 1].encode("utf-8")
        lines[number - 1] = (line[:start] + new.encode("utf-8") + (b"" if end is None else line[end:])).decode("utf-8")
    return "\n".join(lines)
