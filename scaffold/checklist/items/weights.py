"""G19, G20, G22: how layers get their names, weights and defaults, which is what PyTorch weights are matched by."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scaffold.checklist.classes import Child, ClassInfo, Function, has_star, keyword, leaf, self_attribute
from scaffold.checklist.item import Item, Verdict, skipped, verdict
from scaffold.checklist.subject import SourceFile, Subject

MODELING_UTILS = "src/transformers/modeling_tf_utils.py"
_NORMALISATION = re.compile(r"(LayerNormalization|(Sync)?BatchNormalization|GroupNormalization)")


def _names(subject: Subject) -> Verdict:
    port, table = subject.port, subject.port.classes
    created = [
        (name, child)
        for name in table
        if table.is_layer(name) or table.is_model(name)
        for child in table[name].children
        if table.weighted(child.layer)
    ]
    problems = [
        port.at(child.line, f"{name}: self.{child.attribute} ({child.layer}) has no `name`")
        for name, child in created
        if not _named(subject, child)
    ]
    return verdict(
        problems,
        "Give each layer named a `name=`, the PyTorch attribute's name: weights are matched by it.",
        f"{port.path}: {len(created)} layers with weights have a name",
    )


def _named(subject: Subject, child: Child) -> bool:
    """`name=` given, or one that the layer's own class sets."""
    if keyword(child.call, "name") is not None or has_star(child.call):
        return True
    if isinstance(child.call.func, ast.Attribute) and leaf(child.call.func.value).startswith("TF"):
        return True  # TFAutoModel.from_config(…) and the like name themselves after their base model
    table = subject.port.classes
    if child.layer not in table:
        return False
    init = table.method(child.layer, "__init__")
    return init is not None and _names_itself(init, child)


def _names_itself(init: Function, child: Child) -> bool:
    """The constructor's `name` parameter is given by position, has a default, or is passed to super as a constant."""
    names = [a.arg for a in init.args.args][1:]
    if "name" in names:
        index = names.index("name")
        has_default = index >= len(names) - len(init.args.defaults)
        default = init.args.defaults[index - len(names)] if has_default else None
        if len(child.call.args) > index or (isinstance(default, ast.Constant) and default.value is not None):
            return True
    for node in ast.walk(init):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__":
            value = keyword(node, "name")
            if value is not None and not (isinstance(value, ast.Name) and value.id == "name"):
                return True
    return False


def _weights_in_build(subject: Subject) -> Verdict:
    port = subject.port
    calls = list(_weight_calls(port))
    if not calls:
        return skipped("the file creates no weight of its own")
    problems = [
        port.at(call.lineno, f"{name}.{method} creates a weight") for name, method, call in calls if method == "call"
    ]
    problems += [
        port.at(call.lineno, f"{name}: add_weight without `name`")
        for name, _, call in calls
        if leaf(call.func) == "add_weight" and keyword(call, "name") is None and not call.args and not has_star(call)
    ]
    return verdict(
        problems,
        "Create weights by `self.add_weight(name=…)` in the layer's `build`.",
        *(port.at(call.lineno, f"{name}.{method} creates a weight") for name, method, call in calls),
    )


def _weight_calls(port: SourceFile) -> Iterator[tuple[str, str, ast.Call]]:
    for name, info in port.classes.items():
        if not (port.classes.is_layer(name) or port.classes.is_model(name)):
            continue
        for method in info.methods.values():
            for node in ast.walk(method):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("self.add_weight", "tf.Variable"):
                    yield name, method.name, node


def _explicit_build(subject: Subject) -> Verdict:
    base = subject.read(MODELING_UTILS) or ""
    if "def build_in_name_scope" not in base:
        return skipped(f"layers build themselves in this checkout ({MODELING_UTILS} has no build_in_name_scope)")
    port, table = subject.port, subject.port.classes
    problems = [
        problem for name in table if table.is_layer(name) or table.is_model(name) for problem in _unbuilt(port, name)
    ]
    return verdict(
        problems,
        "Build every layer with weights in `build(self, input_shape=None)`, inside `tf.name_scope(layer.name)`.",
        f"{port.path}: every layer with weights is built explicitly",
    )


def _unbuilt(port: SourceFile, name: str) -> Iterator[str]:
    table = port.classes
    children = {c.attribute: c for c in table.children(name) if table.weighted(c.layer)}
    if not children:
        return
    build = table.method(name, "build")
    if build is None:
        yield port.at(table[name].node.lineno, f"{name} has layers with weights and no `build`")
        return
    reached = set().union(*(_mentioned(m) for a in table.ancestors(name) if a in table for m in _builders(table[a])))
    for attribute, child in children.items():
        if attribute not in reached:
            yield port.at(child.line, f"{name}.build does not build self.{attribute} ({child.layer})")


def _builders(info: ClassInfo) -> list[Function]:
    return [m for name, m in info.methods.items() if name.startswith(("build", "_build"))]


def _mentioned(method: Function) -> set[str]:
    """Attributes of self that a method names, by attribute access or as the string in `getattr(self, "x")`."""
    found = set()
    for node in ast.walk(method):
        attribute = self_attribute(node)
        if attribute:
            found.add(attribute)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "super().build":
            continue
    return found


def _defaults(subject: Subject) -> Verdict:
    port, table = subject.port, subject.port.classes
    layers = [(n, c) for n in table for c in table[n].children if _NORMALISATION.fullmatch(c.layer)]
    if not layers:
        return skipped("the file uses no normalisation layer of Keras")
    problems = [
        port.at(child.line, f"{name}: {child.layer} leaves `epsilon` to Keras (1e-3, PyTorch has 1e-5)")
        for name, child in layers
        if keyword(child.call, "epsilon") is None and not has_star(child.call) and len(child.call.args) < 2
    ]
    problems += [
        port.at(child.line, f"{name}: momentum {ast.unparse(value)} is PyTorch's convention, Keras needs 1 − it")
        for name, child in layers
        for value in [keyword(child.call, "momentum")]
        if isinstance(value, ast.Constant) and isinstance(value.value, float) and value.value < 0.5
    ]
    return verdict(
        problems,
        "Give `epsilon` (and BatchNormalization's `momentum`, one minus PyTorch's) explicitly.",
        f"{port.path}: {len(layers)} normalisation layers set their epsilon",
    )


ITEMS = (
    Item(
        code="CHK114",
        title="layers with weights have a name",
        requirements=("G22", "G18"),
        judge=_names,
    ),
    Item(
        code="CHK115",
        title="weights are created in `build`",
        requirements=("G20",),
        judge=_weights_in_build,
    ),
    Item(
        code="CHK116",
        title="layers are built explicitly",
        requirements=("G24",),
        judge=_explicit_build,
    ),
    Item(
        code="CHK120",
        title="normalisation layers don't rely on Keras's defaults",
        requirements=("G19",),
        judge=_defaults,
    ),
)
