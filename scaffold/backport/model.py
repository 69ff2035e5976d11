"""The files of a model in a 5.x tree, as the base wants them: its configurations and its PyTorch models."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from scaffold.backport import configuration, lacking, rewrites, rotary, ties
from scaffold.backport.refusal import damaged, parsed, refused
from scaffold.core import longhand
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.formatting import Unformattable, formatted, laid_out
from scaffold.core.longhand.splice import Source, method

MODELS = f"{lacking.LIBRARY}/models"
_BY_HAND = "write it out in the 5.x file as older models do, then run the command again"
_CONFIGURATION = f"{lacking.LIBRARY}/configuration_utils.py"


def adapt(base: Path, tree: Path, folder: str) -> dict[str, str]:
    """Path → text of the model's configuration and modelling files; BKP101 or BKP102 when that cannot be done."""
    place = tree / MODELS / folder
    modelling = sorted(p for p in place.glob("modeling_*.py"))
    sources = {path: _read(tree, path) for path in modelling}
    configurations = {path: _read(tree, path) for path in sorted(place.glob("configuration_*.py"))}
    tied = any(ties.has_ties(source) for source in sources.values())
    own = base_arguments(base)
    types = _types(configurations.values())
    layers = _read(tree, tree / longhand.LAYERS) if (tree / longhand.LAYERS).is_file() else None
    found = {}
    for path, source in configurations.items():
        source = rewrites.renamed_base(source)
        lacking.check_types(source, base, types)
        lacking.check_activations(source, base)
        source = configuration.adapted(source, {"PretrainedConfig": own, **_parents(source, base, own)}, ties=tied)
        found[_relative(tree, path)] = _finished(source, base, tree, folder)
    for path, source in sources.items():
        try:
            found[_relative(tree, path)] = _finished(_rewritten(source, layers), base, tree, folder)
        except (SyntaxError, RecursionError, Unformattable) as error:
            what = f"{source.path} does not parse after its adaptation"
            raise damaged(what, error, "report this, with the file") from error
    return found


def _rewritten(source: Source, layers: Source | None) -> Source:
    """A modelling file with every rule applied. `layers`: the tree's file of generic heads."""
    try:
        for rule in longhand.rules(layers):
            source = rule(source)
    except longhand.Unclear as error:
        raise refused(error.path, error.line, error.name, error.why, _BY_HAND) from error
    source = rotary.adapted(source)
    for rule in rewrites.RULES:
        source = rule(source)
    return source


def _types(configurations: Iterable[Source]) -> frozenset[str]:
    """The model types that the folder's configurations are of."""
    found = set()
    for source in configurations:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "model_type":
                found.add(str(getattr(node.value, "value", "")))
    return frozenset(found)


def _relative(tree: Path, path: Path) -> str:
    return path.relative_to(tree).as_posix()


def _read(tree: Path, path: Path) -> Source:
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise damaged(f"{path} cannot be read", error) from error
    return parsed(_relative(tree, path), text)


def base_arguments(base: Path) -> frozenset[str]:
    """The arguments that the base's `PretrainedConfig.__init__` takes, by its signature or out of its `kwargs`."""
    source = parsed(_CONFIGURATION, (base / _CONFIGURATION).read_bytes().decode("utf-8"))
    node = source.classes.get("PretrainedConfig")
    init = method(node, "__init__") if node is not None else None
    if init is None:
        raise ScaffoldError(
            "BKP101",
            f"{_CONFIGURATION} of the base has no PretrainedConfig.__init__",
            "base the port on a 4.x release",
            exit_code=ExitCode.UNSUPPORTED_SOURCE,
        )
    popped = {
        n.args[0].value
        for n in ast.walk(init)
        if isinstance(n, ast.Call) and ast.unparse(n.func) == "kwargs.pop" and isinstance(n.args[0], ast.Constant)
    }
    return frozenset({a.arg for a in (*init.args.args[1:], *init.args.kwonlyargs)} | {str(name) for name in popped})


def _parents(source: Source, base: Path, own: frozenset[str]) -> dict[str, frozenset[str]]:
    """The arguments of the base's configurations of other models that a module imports, with their base class's `own`."""
    found = {}
    for statement, alias in source.imports():
        module = lacking.absolute(("models", ""), statement)
        if module[:1] != ("models",) or not alias.name.endswith("Config"):
            continue
        for path in sorted((base / MODELS / module[1]).glob("configuration_*.py")):
            node = parsed(path.name, path.read_text(encoding="utf-8")).classes.get(alias.name)
            init = method(node, "__init__") if node is not None else None
            if init is not None:
                found[alias.name] = frozenset(a.arg for a in (*init.args.args[1:], *init.args.kwonlyargs))
    return {name: arguments | own for name, arguments in found.items()}


def _finished(source: Source, base: Path, tree: Path, folder: str) -> str:
    """Unused imports gone, what the base lacks settled, laid out."""
    tidy = parsed(source.path, formatted(_with_imports(source.text)))
    done = lacking.settled(tidy, base, tree, folder)
    return formatted(done.text) if done is not tidy else laid_out(done.text)


def _with_imports(text: str) -> str:
    """The names that the rules write; the formatter takes those away that are not used."""
    lines = []
    if "can_return_tuple" in text and "import can_return_tuple" not in text:
        lines.append("from ...utils.generic import can_return_tuple")
    if "nn.init." in text and "from torch import nn" not in text:
        lines.append("from torch import nn")
    if "get_aligned_output_features_output_indices(" in text:
        lines.append("from ...utils.backbone_utils import get_aligned_output_features_output_indices")
    for name in ("Optional", "Union"):
        if f"{name}[" in text:
            lines.append(f"from typing import {name}")
    if not lines:
        return text
    tree = ast.parse(text)
    first = next(n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom))
    split = text.split("\n")
    return "\n".join([*split[: first.lineno - 1], *lines, *split[first.lineno - 1 :]])
