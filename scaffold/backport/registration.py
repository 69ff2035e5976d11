"""The places where a backported model is made known: the model package, the auto mappings, the documentation.

Source: the same places of the 5.x tree. What belongs to a file that is not brought along (a processor of the model's own) is
left out and said.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from scaffold.backport.refusal import parsed
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.longhand.splice import Source

NAME = "backport"
_MODELS = "src/transformers/models"
_AUTO = f"{_MODELS}/auto"
_WIDTH = 119
_TABLES = (
    "configuration_auto",
    "modeling_auto",
    "tokenization_auto",
    "processing_auto",
    "feature_extraction_auto",
    "image_processing_auto",
    "video_processing_auto",
)
#: 5.x's one class for tokenizers without Python code of their own, and the pair that 4.x has for it.
_BACKEND = '(None, "PreTrainedTokenizerFast" if is_tokenizers_available() else None)'


@dataclass(frozen=True, slots=True)
class _Row:
    """`(key, value)` of a mapping; `value` is the source of the second."""

    key: str
    value: str
    classes: tuple[str, ...]
    line: int
    end: int


def register(base: Tree, source: Path, folder: str, config_classes: frozenset[str]) -> list[Outcome]:
    """Plan the registrations; BKP103 when the base has no package that finds its models by their folders."""
    found: list[Outcome] = [_package(base, folder), _model_init(base, source, folder)]
    keys = _keys(source, config_classes)
    for table in _TABLES:
        found += _mapped(base, source, f"{_AUTO}/{table}.py", keys)
    return [*found, *_documented(base, source, folder)]


def _package(base: Tree, folder: str) -> Outcome:
    """`from .folder import *` in the package of all models."""
    path = f"{_MODELS}/__init__.py"
    lines = (base.read(path) or "").split("\n")
    stars = [(i, m[1]) for i, line in enumerate(lines) if (m := re.fullmatch(r"    from \.(\w+) import \*", line))]
    if not stars:
        raise ScaffoldError(
            "BKP103",
            f"{path} of the base lists its models by hand (releases before 4.52)",
            "base the port on 4.52 to 4.57, e.g. `git switch --detach v4.56.2`",
            exit_code=ExitCode.UNSUPPORTED_SOURCE,
        )
    at = next((i for i, name in stars if name > folder), stars[-1][0] + 1)
    lines.insert(at, f"    from .{folder} import *")
    return base.plan(path, "\n".join(lines), by=NAME, why="list the model")


def _model_init(base: Tree, source: Path, folder: str) -> Outcome:
    """The model's own `__init__`: that of 5.x, without what is not brought along."""
    path = f"{_MODELS}/{folder}/__init__.py"
    kept = []
    for line in (source / path).read_text(encoding="utf-8").split("\n"):
        module = re.fullmatch(r"\s+from \.(\w+) import .*", line)
        if module is None or base.exists(f"{_MODELS}/{folder}/{module[1]}.py"):
            kept.append(line)
    return base.plan(path, "\n".join(kept), by=NAME, why="export the model")


# -- auto mappings ---------------------------------------------------------------------------------------------------------


def _tables(text: str, path: str) -> dict[str, tuple[ast.List, list[_Row]]]:
    """Mapping → (its list, its rows), wherever in the module it stands."""
    source = parsed(path, text)
    found = {}
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Call):
            continue
        name = ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        made = ast.unparse(node.value.func).split("[")[0]
        items = node.value.args[0] if node.value.args else None
        if made == "OrderedDict" and isinstance(items, ast.List) and name.isupper():
            rows = [row for element in items.elts if (row := _row(source, element)) is not None]
            found[name] = (items, rows)
    return found


def _row(source: Source, element: ast.expr) -> _Row | None:
    if not (isinstance(element, ast.Tuple) and len(element.elts) == 2 and isinstance(element.elts[0], ast.Constant)):
        return None
    key, value = element.elts[0], element.elts[1]
    inside = value.values if isinstance(value, ast.Dict) else ast.walk(value)
    classes = tuple(n.value for n in inside if isinstance(n, ast.Constant) and isinstance(n.value, str))
    end = element.end_lineno or element.lineno
    return _Row(ast.literal_eval(key), source.segment(value), classes, element.lineno, end)


def _keys(source: Path, config_classes: frozenset[str]) -> frozenset[str]:
    """The model types whose configurations the folder defines."""
    path = f"{_AUTO}/configuration_auto.py"
    tables = _tables((source / path).read_text(encoding="utf-8"), path)
    _, rows = tables.get("CONFIG_MAPPING_NAMES", (None, []))
    return frozenset(row.key for row in rows if set(row.classes) & config_classes)


def _mapped(base: Tree, source: Path, path: str, keys: frozenset[str]) -> list[Outcome]:
    if not (source / path).is_file() or base.read(path) is None:
        return []
    wanted = _tables((source / path).read_text(encoding="utf-8"), path)
    found: list[Outcome] = []
    for name, (_, rows) in wanted.items():
        for row in rows:
            if row.key not in keys:
                continue
            text = base.read(path) or ""
            table = _tables(text, path).get(name)
            if table is None:
                found.append(Absent(path=path, by=NAME, why=f"the base has no {name} ({row.key}: {row.value})"))
                continue
            items, present = table
            value = _value(base, path, row, present)
            if value is None:
                why = f"{row.key}: {', '.join(row.classes)} is not brought along and the base has no such class"
                found.append(Absent(path=path, by=NAME, why=why))
            elif row.key not in {other.key for other in present}:
                changed = _inserted(text, items, present, row.key, value)
                found.append(base.plan(path, changed, by=NAME, why="map the model"))
    return found


def _value(base: Tree, path: str, row: _Row, present: list[_Row]) -> str | None:
    """The row's value on the base: as it is where classes are named alone, else as another row of the same class has it."""
    if path.endswith(("configuration_auto.py", "modeling_auto.py")):
        return row.value
    if row.classes[:1] == ("TokenizersBackend",):
        return _BACKEND
    alike = next((other.value for other in present if row.classes and row.classes[0] in other.classes), None)
    return alike


def _inserted(text: str, items: ast.List, present: list[_Row], key: str, value: str) -> str:
    lines = text.split("\n")
    later = next((row for row in present if row.key > key), None)
    at = later.line - 1 if later is not None else (items.end_lineno or items.lineno) - 1
    model = lines[present[0].line - 1] if present else lines[items.lineno - 1] + "    "
    margin = model[: len(model) - len(model.lstrip())]
    line = f'{margin}("{key}", {value}),'
    if len(line) > _WIDTH and "\n" not in value:
        lines[at:at] = [f"{margin}(", f'{margin}    "{key}",', f"{margin}    {value},", f"{margin}),"]
    elif "\n" in value:
        lines[at:at] = [f"{margin}(", f'{margin}    "{key}",', *f"{margin}    {value},".split("\n"), f"{margin}),"]
    else:
        lines.insert(at, line)
    return "\n".join(lines)


# -- documentation ---------------------------------------------------------------------------------------------------------

_DOCS = "docs/source/en"
_ENTRY = re.compile(r"( *)- local: (model_doc/\S+)")


def _documented(base: Tree, source: Path, folder: str) -> list[Outcome]:
    """The model's page and its entry in the table of contents, where both trees have documentation."""
    page, contents = f"{_DOCS}/model_doc/{folder}.md", f"{_DOCS}/_toctree.yml"
    text = base.read(contents)
    if text is None or not (source / page).is_file() or not (source / contents).is_file():
        return [Absent(path=page, by=NAME, why="no page of the model to bring along, or no documentation on the base")]
    planned: list[Outcome] = [
        base.plan(page, (source / page).read_text(encoding="utf-8"), by=NAME, why="document the model")
    ]
    theirs = (source / contents).read_text(encoding="utf-8").split("\n")
    ours = text.split("\n")
    known = {m[2]: i for i, line in enumerate(ours) if (m := _ENTRY.match(line))}
    before = ""
    for i, line in enumerate(theirs):
        entry = _ENTRY.match(line)
        if entry is None:
            continue
        if entry[2] == f"model_doc/{folder}" and before:
            at = known[before] + 2
            ours[at:at] = [line, theirs[i + 1]]
            return [*planned, base.plan(contents, "\n".join(ours), by=NAME, why="list the model's page")]
        before = entry[2] if entry[2] in known else before
    return planned
