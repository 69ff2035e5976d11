"""G33 (1): layers that behave differently in training get `training`, handed down from the top-level classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scaffold.checklist.classes import (
    TRAINING,
    Child,
    ClassInfo,
    ClassTable,
    Function,
    has_star,
    parameters,
    self_attribute,
)
from scaffold.checklist.item import Item, Verdict, skipped, verdict
from scaffold.checklist.subject import SourceFile, Subject


def _judge(subject: Subject) -> Verdict:
    port = subject.port
    judged = [name for name in port.classes if _sensitive(port.classes, name)]
    if not judged:
        return skipped("no class of the file creates a layer that behaves differently in training")
    problems = [problem for name in judged for problem in _problems(port, name)]
    return verdict(
        problems,
        "Give `call` a `training=False` parameter and pass `training=training` to the layers named.",
        f"{port.path}: {len(judged)} classes hold layers that differ in training",
        *(note for name in judged for note in _inherited(port, name)),
    )


def _sensitive(table: ClassTable, name: str) -> dict[str, Child]:
    """The children, by attribute, whose output depends on `training`."""
    if not (table.is_layer(name) or table.is_model(name)):
        return {}
    return {c.attribute: c for c in table.children(name) if table.training_sensitive(c.layer)}


def _problems(port: SourceFile, name: str) -> Iterator[str]:
    """A class that owns such a layer, or is a top-level one, must take `training` and give it to the layers it owns.

    Classes in between may leave it to Keras 2, whose call context hands the mode on to nested layers.
    """
    table, info = port.classes, port.classes[name]
    children = _sensitive(table, name)
    call = info.methods.get("call")
    used = [(node, children[a]) for node, a in _child_calls(info) if a in children]
    owned = [(node, child) for node, child in used if TRAINING.fullmatch(child.layer)]
    top = table.is_model(name) or name.endswith("MainLayer")
    if call is None or not (owned or (top and used)):
        return
    if "training" not in parameters(call) and call.args.kwarg is None:
        yield port.at(call.lineno, f"{name}.call has no `training` for {_listed(used)}")
        return
    for node, child in owned:
        if not _passes_training(node):
            yield port.at(node.lineno, f"{name} calls self.{child.attribute} ({child.layer}) without `training`")


def _inherited(port: SourceFile, name: str) -> Iterator[str]:
    """Calls of layers that accept `training` and are not given it: Keras's call context fills it in."""
    children = _sensitive(port.classes, name)
    for node, attribute in _child_calls(port.classes[name]):
        child = children.get(attribute)
        if child is not None and not TRAINING.fullmatch(child.layer) and not _passes_training(node):
            yield port.at(node.lineno, f"{name} leaves `training` of self.{attribute} to Keras's call context")


def _listed(used: list[tuple[ast.Call, Child]]) -> str:
    return ", ".join(sorted({f"self.{child.attribute}" for _, child in used}))


def _passes_training(call: ast.Call) -> bool:
    named = any(k.arg == "training" for k in call.keywords)
    positional = any("training" in ast.unparse(a) for a in call.args if not isinstance(a, ast.Call))
    return named or positional or has_star(call)


def _child_calls(info: ClassInfo) -> Iterator[tuple[ast.Call, str]]:
    """Every call of a child layer with the attribute that holds it: directly, indexed, or through a loop variable."""
    for method in info.methods.values():
        if method.name not in ("__init__", "build"):
            aliases = _aliases(method)
            for node in ast.walk(method):
                if isinstance(node, ast.Call):
                    attribute = _held_by(node.func, aliases)
                    if attribute:
                        yield node, attribute


def _held_by(function: ast.expr, aliases: dict[str, str]) -> str | None:
    if isinstance(function, ast.Subscript):
        function = function.value
    if isinstance(function, ast.Name):
        return aliases.get(function.id)
    return self_attribute(function)


def _aliases(method: Function) -> dict[str, str]:
    """Loop variables that run over `self.<attribute>`, through `enumerate`, `zip` and unpacking."""
    found: dict[str, str] = {}
    for node in ast.walk(method):
        if isinstance(node, ast.For | ast.comprehension):
            found.update(_paired(node.target, node.iter))
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.Subscript):
            found.update(_paired(node.targets[0], node.value.value))
    return found


def _paired(target: ast.expr, source: ast.expr) -> dict[str, str]:
    if isinstance(source, ast.Call) and isinstance(source.func, ast.Name):
        sources = source.args if source.func.id == "zip" else source.args[:1]
        targets = target.elts if isinstance(target, ast.Tuple) else [target]
        if source.func.id == "enumerate":
            targets = targets[1:]
        return {k: v for t, s in zip(targets, sources, strict=False) for k, v in _paired(t, s).items()}
    attribute = self_attribute(source)
    return {target.id: attribute} if attribute and isinstance(target, ast.Name) else {}


ITEMS = (
    Item(
        code="CHK101",
        title="layers that differ in training get `training`",
        requirements=("G33",),
        judge=_judge,
    ),
)
