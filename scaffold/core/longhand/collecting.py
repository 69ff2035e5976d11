"""Modules that collect hidden states and attention weights in their loop, and those that hand on what is collected."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass

from scaffold.core.longhand.modules import loops
from scaffold.core.longhand.splice import (
    Edit,
    Source,
    Unclear,
    called,
    first_statement,
    forward_of,
    keyword,
    with_keywords,
)

FLAGS = ("output_attentions", "output_hidden_states")


@dataclass(slots=True)
class Recorded:
    """What a model's class records: names of the classes; `weights` at index 1 of what theirs returns."""

    states: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    router: str | None = None

    @property
    def flags(self) -> tuple[str, ...]:
        """The arguments that ask for what is recorded."""
        return tuple(f for f, names in zip(FLAGS, (self.weights, self.states), strict=True) if names)


def collected(
    source: Source, node: ast.ClassDef, recorded: Recorded, yielding: Collection[str], *, tied: bool
) -> list[Edit]:
    """The module with the loop: flags, the loop, the output."""
    forward = forward_of(source, node)
    found = loops(source, node, {*recorded.states, *yielding})
    if len(found) != 1:
        raise Unclear(
            source.path, forward.lineno, f"{node.name}.forward", "one loop over the recorded layers was expected"
        )
    lines = ["all_hidden_states = () if output_hidden_states else None"] if recorded.states else []
    lines += ["all_self_attentions = () if output_attentions else None"] if recorded.weights else []
    edits = [source.before(first_statement(forward), lines)]
    edits += _loop(source, node, found[0], recorded, tied=tied)
    edits += _output(source, node, forward, recorded, tied=tied)
    return [*parameters(source, forward, recorded.flags), *edits]


def handed_on(
    source: Source, node: ast.ClassDef, recorded: Recorded, inner: Collection[str], *, tied: bool
) -> list[Edit]:
    """A module around the one with the loop: it hands the flags down and what is collected up."""
    forward = forward_of(source, node)
    calls = [n for n in ast.walk(forward) if isinstance(n, ast.Call) and ast.unparse(n.func) in inner]
    parents = {child: parent for parent in ast.walk(forward) for child in ast.iter_child_nodes(parent)}
    statement = parents[calls[0]] if len(calls) == 1 else None
    name = ""
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        name = target.id if isinstance(target, ast.Name) else ""
    if not name and not isinstance(statement, ast.Return):
        raise _unclear(source, forward, node)
    edits = [
        *parameters(source, forward, recorded.flags),
        *with_keywords(source, calls[0], {flag: flag for flag in recorded.flags}),
    ]
    for item in [n for n in ast.walk(forward) if isinstance(n, ast.Return) and n is not statement]:
        if isinstance(item.value, ast.Name) and item.value.id == name:
            continue
        if not isinstance(item.value, ast.Call) or not item.value.keywords or not name:
            raise _unclear(source, item, node)
        edits += _from(source, item, item.value, name, recorded, tied=tied)
    return edits


def _unclear(source: Source, node: ast.stmt, owner: ast.ClassDef) -> Exception:
    return Unclear(source.path, node.lineno, f"{owner.name}.forward", "how its outputs reach the model is not clear")


def _from(
    source: Source, item: ast.Return, value: ast.Call, name: str, recorded: Recorded, *, tied: bool
) -> list[Edit]:
    """The keywords of a returned output that is made of an inner module's."""
    final = keyword(value, "last_hidden_state")
    own = final is not None and source.segment(final) not in (f"{name}.last_hidden_state", f"{name}[0]")
    edits, states = [], f"{name}.hidden_states"
    if recorded.states and tied and own:
        assert final is not None
        states = "all_hidden_states"
        lines = [f"{states} = {name}.hidden_states", "if output_hidden_states:"]
        lines.append(f"    {states} = {states}[:-1] + ({source.segment(final)},)")
        edits.append(source.before(item, lines))
    texts = {"hidden_states": states} if recorded.states else {}
    texts |= {"attentions": f"{name}.attentions"} if recorded.weights else {}
    return [*edits, *with_keywords(source, value, texts)]


def parameters(source: Source, forward: ast.FunctionDef, flags: Collection[str]) -> list[Edit]:
    """The flags as parameters in front of `**kwargs`."""
    present = {a.arg for a in (*forward.args.args, *forward.args.kwonlyargs)}
    missing = [flag for flag in flags if flag not in present]
    if not missing:
        return []
    text = ", ".join(f"{flag}: {source.optional('bool')} = None" for flag in missing)
    if forward.args.kwarg is not None:
        start, _ = source.span(forward.args.kwarg)
        return [(start - 2, start - 2, f"{text}, ")]
    ends = [source.span(a)[1] for a in forward.args.args] + [source.span(d)[1] for d in forward.args.defaults]
    return [(max(ends), max(ends), f", {text}")]


def _loop(source: Source, node: ast.ClassDef, loop: ast.For, recorded: Recorded, *, tied: bool) -> list[Edit]:
    names = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
    calls = [
        s
        for s in ast.walk(loop)
        if isinstance(s, ast.Assign) and isinstance(s.value, ast.Call) and called(s.value) in names
    ]
    if len(calls) != 1 or not isinstance(calls[0].targets[0], ast.Name) or not _goes_on(calls[0]):
        raise Unclear(
            source.path, loop.lineno, f"{node.name}.forward", "one call of the layer was expected in the loop"
        )
    statement = calls[0]
    state = statement.targets[0].id  # type: ignore[attr-defined]
    edits: list[Edit] = []
    kept = ["if output_hidden_states:", f"    all_hidden_states += ({state},)"]
    if recorded.weights:
        edits.append(source.replaced(statement.targets[0], "layer_outputs"))
        more = [
            f"{state} = layer_outputs[0]",
            "if output_attentions:",
            "    all_self_attentions += (layer_outputs[1],)",
        ]
        edits.append(source.after(statement, more))
    if recorded.states:  # after the above: both may end at the same line
        edits.append(source.before(statement, kept))
        edits += [source.after(loop, kept)] if not tied else []
    return edits


def _goes_on(statement: ast.Assign) -> bool:
    """`x = layer(x, …)`: what a layer gives is what the next one gets."""
    call, target = statement.value, ast.unparse(statement.targets[0])
    assert isinstance(call, ast.Call)
    first = call.args[0] if call.args else keyword(call, "hidden_states")
    return first is not None and ast.unparse(first) == target


def _output(
    source: Source, node: ast.ClassDef, forward: ast.FunctionDef, recorded: Recorded, *, tied: bool
) -> list[Edit]:
    """The keywords of the output that a collecting module returns."""
    edits: list[Edit] = []
    for item in [n for n in ast.walk(forward) if isinstance(n, ast.Return)]:
        if not isinstance(item.value, ast.Call) or not item.value.keywords:
            raise Unclear(source.path, item.lineno, f"{node.name}.forward", "returns no output object")
        texts = {"hidden_states": "all_hidden_states"} if recorded.states else {}
        texts |= {"attentions": "all_self_attentions"} if recorded.weights else {}
        edits += with_keywords(source, item.value, texts)
        final = keyword(item.value, "last_hidden_state")
        if recorded.states and tied:
            if final is None:
                raise Unclear(source.path, item.lineno, f"{node.name}.forward", "returns no last hidden state by name")
            lines = ["if output_hidden_states:", f"    all_hidden_states += ({source.segment(final)},)"]
            edits.append(source.before(item, lines))
    return edits
