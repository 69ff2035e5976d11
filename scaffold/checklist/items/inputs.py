"""G33 (3) and (4): the main layer and the models unpack their inputs, and the main layer can be serialised."""

from __future__ import annotations

import ast

from scaffold.checklist.classes import Child, ClassInfo, Function, decorators, parameters
from scaffold.checklist.item import Item, Verdict, passed, skipped, verdict
from scaffold.checklist.subject import Subject


def main_layers(subject: Subject) -> tuple[ClassInfo, ...]:
    """The file's main layers: Keras layers named so."""
    table = subject.port.classes
    return tuple(table[name] for name in table if name.endswith("MainLayer") and table.is_layer(name))


def _unpack_inputs(subject: Subject) -> Verdict:
    port = subject.port
    names = [*(layer.name for layer in main_layers(subject)), *subject.models]
    calls = {name: port.classes.method(name, "call") for name in names}
    own = {name: call for name, call in calls.items() if call is not None}
    if not own:
        return skipped("the file defines no main layer or model with a `call` of its own")
    problems = [
        port.at(call.lineno, f"{name}.call is not decorated with @unpack_inputs")
        for name, call in own.items()
        if "unpack_inputs" not in decorators(call) and not _is_part(subject, name, call)
    ]
    return verdict(
        problems,
        "Decorate the `call` methods named with `@unpack_inputs` (from ...modeling_tf_utils).",
        f"{port.path}: {len(own)} `call` methods unpack their inputs",
    )


def _is_part(subject: Subject, name: str, call: Function) -> bool:
    """A pretrained class that is only a layer of another one: no flags to fill in from the configuration."""
    flags = {"return_dict", "output_attentions", "output_hidden_states", "use_cache"}
    table = subject.port.classes
    used = any(child.layer == name for other in table for child in table.children(other))
    return used and not name.endswith("MainLayer") and not flags & set(parameters(call))


def _serializable(subject: Subject) -> Verdict:
    port, layers = subject.port, main_layers(subject)
    if not layers:
        return skipped("the file has no main layer")
    problems = []
    for layer in layers:
        if "keras_serializable" not in decorators(layer.node):
            problems.append(port.at(layer.node.lineno, f"{layer.name} is not decorated with @keras_serializable"))
        if not _has_config_class(layer):
            problems.append(port.at(layer.node.lineno, f"{layer.name} sets no `config_class`"))
    return verdict(
        problems,
        "Decorate the main layer with `@keras_serializable` and set `config_class` in its body.",
        *(port.at(layer.node.lineno) for layer in layers),
    )


def _has_config_class(layer: ClassInfo) -> bool:
    assigned = (target for node in layer.node.body if isinstance(node, ast.Assign) for target in node.targets)
    return any(isinstance(target, ast.Name) and target.id == "config_class" for target in assigned)


def _main_layer(subject: Subject) -> Verdict:
    port, layers = subject.port, main_layers(subject)
    if layers:
        return passed(*(port.at(layer.node.lineno) for layer in layers))
    excuse = _no_main_layer_because(subject)
    if excuse:
        return skipped(excuse)
    cores = [core for name in subject.models for core in [_core(subject, name)] if core]
    if len(cores) == len(subject.models):
        return passed(*(port.at(core.line, f"{core.layer} holds the logic") for core in cores))
    return verdict(
        [f"{port.path}: no class named TF…MainLayer"],
        f"Move the base model's logic into a Keras layer TF{subject.names.camel}MainLayer that the models wrap.",
    )


def _core(subject: Subject, name: str) -> Child | None:
    """The one layer a model wraps: a layer of this file, or a main layer of another."""
    table = subject.port.classes
    wrapped = [c for c in table.children(name) if table.weighted(c.layer)]
    layer = wrapped[0].layer if len({c.layer for c in wrapped}) == 1 else ""
    own = table.is_layer(layer) if layer in table else layer.endswith("MainLayer")
    return wrapped[0] if own else None


def _no_main_layer_because(subject: Subject) -> str:
    port = subject.port
    if len(subject.models) < 2:
        return "the file has no second model that would share a main layer"
    if subject.composite:
        return f"{subject.composite} is composed of whole models and has no layers of its own"
    siblings = [f for f in subject.tf_files if f.startswith(f"{subject.names.package_path}/") and f != port.path]
    users = [f for f in siblings if f"from .{subject.names.tf_module} import" in (subject.read(f) or "")]
    return f"the file's classes are parts of {users[0]}" if users else ""


ITEMS = (
    Item(
        code="CHK103",
        title="main layer and models unpack their inputs",
        requirements=("G33",),
        judge=_unpack_inputs,
    ),
    Item(
        code="CHK104",
        title="main layer is serialisable",
        requirements=("G33",),
        judge=_serializable,
    ),
    Item(
        code="CHK117",
        title="base model's logic lives in a main layer",
        requirements=("G23",),
        judge=_main_layer,
    ),
)
