"""Read a modelling file's names from the source: class prefix, configuration class, model type, title.

Source of truth: the file's own classes and `models/auto/configuration_auto.py`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.names import ModelNames
from scaffold.locate.reading import parse_source, string_table

MODELS = "src/transformers/models"
AUTO = f"{MODELS}/auto/configuration_auto.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoTables:
    """The tables of the auto configuration: model type → configuration class, → title, → folder where that differs."""

    configs: dict[str, str]
    titles: dict[str, str]
    folders: dict[str, str]


def auto_tables(root: Path) -> AutoTables:
    """Read them; empty tables when the checkout has no such file."""
    if not (root / AUTO).is_file():
        return AutoTables(configs={}, titles={}, folders={})
    tree = parse_source(root, AUTO)
    return AutoTables(
        configs=string_table(tree, "CONFIG_MAPPING_NAMES"),
        titles=string_table(tree, "MODEL_NAMES_MAPPING"),
        folders=string_table(tree, "SPECIAL_MODEL_TYPE_TO_MODULE_NAME"),
    )


def _base_names(node: ast.ClassDef) -> list[str]:
    names = (
        base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""
        for base in node.bases
    )
    return [name for name in names if name]


def _classes(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def has_model(tree: ast.Module) -> bool:
    """True when some class derives from a PyTorch module or a pretrained base."""
    return any(
        base in ("Module", "PreTrainedModel") or base.endswith("PreTrainedModel")
        for node in _classes(tree)
        for base in _base_names(node)
    )


def _assigned(node: ast.ClassDef, attribute: str) -> ast.expr | None:
    for item in node.body:
        targets: list[ast.expr] = []
        value: ast.expr | None = None
        if isinstance(item, ast.Assign):
            targets, value = item.targets, item.value
        elif isinstance(item, ast.AnnAssign):  # 5.x writes `config: XConfig`
            targets, value = [item.target], item.value or item.annotation
        if any(isinstance(target, ast.Name) and target.id == attribute for target in targets):
            return value
    return None


def _pretrained(tree: ast.Module) -> list[ast.ClassDef]:
    """The classes that derive from a pretrained base; those named like a base class first."""
    found = [n for n in _classes(tree) if any(b.endswith("PreTrainedModel") for b in _base_names(n))]
    return sorted(found, key=lambda node: "PreTrainedModel" not in node.name)


def _config_imports(tree: ast.Module) -> dict[str, str]:
    """Configuration class → module name, for what the file imports from `configuration_…` modules."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = node.module.rsplit(".", 1)[-1]
            own = module.startswith("configuration_") and module != "configuration_utils"
            if own or node.module == "transformers":
                names = [alias.name for alias in node.names if alias.name.endswith("Config")]
                found.update({name: module for name in names if name != "PretrainedConfig"})
    return found


def _module_of(root: Path, folder: str, config_class: str, module: str) -> str:
    """The folder's module that defines the class, when the file imported it through the package itself."""
    if module.startswith("configuration_"):
        return module
    for path in sorted((root / MODELS / folder).glob("configuration_*.py")):
        tree = parse_source(root, path.relative_to(root).as_posix())
        if any(node.name == config_class for node in _classes(tree)):
            return path.stem
    return f"configuration_{folder}"


def config_of(tree: ast.Module) -> tuple[str, str] | None:
    """(configuration class, its module) of a modelling file: what its pretrained base class names, else its first import."""
    imported = _config_imports(tree)
    for node in _pretrained(tree):
        for attribute in ("config_class", "config"):
            value = _assigned(node, attribute)
            if isinstance(value, ast.Name) and value.id in imported:
                return value.id, imported[value.id]
    return next(iter(imported.items()), None)


def _camel(tree: ast.Module, config_class: str) -> str:
    """The prefix of the classes: `XPreTrainedModel` gives it where the file defines or uses one."""
    own = config_class.removesuffix("Config")
    defined = [node.name for node in _pretrained(tree)]
    used = [base for node in _pretrained(tree) for base in _base_names(node)]
    prefixes = [name.removesuffix("PreTrainedModel") for name in (*defined, *used) if name.endswith("PreTrainedModel")]
    named = [prefix for prefix in prefixes if prefix]
    # A file may define a second family inside the first (DecisionTransformerGPT2…): the configuration's own name wins.
    return own if own in named or not named else named[0]


def _model_type(root: Path, folder: str, config_module: str, config_class: str, tables: AutoTables) -> str:
    """The configuration class's own `model_type`; else its key in the auto mapping; else the folder's name."""
    path = f"{MODELS}/{folder}/{config_module}.py"
    if (root / path).is_file():
        for node in _classes(parse_source(root, path)):
            value = _assigned(node, "model_type") if node.name == config_class else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                return value.value
    return next((key for key, name in tables.configs.items() if name == config_class), folder)


def read_names(root: Path, folder: str, stem: str, tables: AutoTables) -> tuple[ModelNames, str, str]:
    """(names, configuration class, configuration module) of `modeling_<stem>.py` in the folder."""
    path = f"{MODELS}/{folder}/modeling_{stem}.py"
    tree = parse_source(root, path)
    config = config_of(tree)
    if config is None:
        raise ScaffoldError(
            "LOC108",
            f"{path} imports no configuration class",
            "choose a model whose modelling file has a configuration of its own",
            exit_code=ExitCode.UNSUPPORTED_SOURCE,
        )
    config_class = config[0]
    config_module = _module_of(root, folder, *config)
    camel = _camel(tree, config_class)
    model_type = _model_type(root, folder, config_module, config_class, tables)
    title = tables.titles.get(model_type, camel)
    names = ModelNames(folder=folder, stem=stem, model_type=model_type, camel=camel, title=title)
    return names, config_class, config_module
