"""Attention weights on their way from the module that has them to the loop that collects them."""

from __future__ import annotations

import ast
from collections.abc import Collection

from scaffold.core.longhand.modules import is_model, loops, members
from scaffold.core.longhand.splice import Edit, Source, Unclear, first_statement, forward_of, method

_WEIGHTS = "attn_weights"


def yielding(source: Source, weights: Collection[str], stop: Collection[str]) -> set[str]:
    """The classes that return attention weights beside their result: the recorded ones, and all between them and the loop.

    `stop`: the models that record.
    """
    found = set(weights)
    todo = True
    while todo:
        new = {
            name
            for name, node in source.classes.items()
            if name not in found
            and name not in stop
            and not is_model(source, node)
            and members(node, found)
            and not loops(source, node, found)
        }
        todo = bool(new)
        found |= new
    return found


def threaded(source: Source, node: ast.ClassDef, yielding: set[str]) -> list[Edit]:
    """A module between the loop and the recorded one: it takes the weights from its member and returns them."""
    forward = forward_of(source, node)
    inner = members(node, yielding)
    parents = {child: parent for parent in ast.walk(forward) for child in ast.iter_child_nodes(parent)}
    edits: list[Edit] = []
    conditional = False
    calls = [n for n in ast.walk(forward) if isinstance(n, ast.Call) and ast.unparse(n.func) in inner]
    for call in calls:
        statement = parents[call]
        if isinstance(statement, ast.Subscript):  # x = self.attention(…)[0]
            edits.append(source.replaced(statement, source.segment(call)))
            statement = parents[statement]
        if not isinstance(statement, ast.Assign):
            raise _unclear(source, call, node)
        conditional = conditional or parents[statement] is not forward
        edits += _taken(source, node, statement)
    if not calls:
        raise _unclear(source, forward, node)
    if conditional:
        edits.append(source.before(first_statement(forward), [f"{_WEIGHTS} = None"]))
    return [*edits, *_returned(source, node, forward)]


def _taken(source: Source, node: ast.ClassDef, statement: ast.Assign) -> list[Edit]:
    """The weights as the second target of an assignment that called a member."""
    target = statement.targets[0]
    if isinstance(target, ast.Name):
        return [source.replaced(target, f"{target.id}, {_WEIGHTS}")]
    rest = target.elts[1:] if isinstance(target, ast.Tuple) else []
    if len(rest) != 1 or not isinstance(rest[0], ast.Name):
        raise _unclear(source, statement, node)
    if rest[0].id in ("_", _WEIGHTS):
        return [source.replaced(rest[0], _WEIGHTS)]
    return [source.after(statement, [f"{_WEIGHTS} = {rest[0].id}"])]


def _returned(source: Source, node: ast.ClassDef, forward: ast.FunctionDef) -> list[Edit]:
    """The weights beside the result."""
    edits: list[Edit] = []
    for item in ast.walk(forward):
        if isinstance(item, ast.Return) and item.value is not None:
            if isinstance(item.value, ast.Tuple):
                raise _unclear(source, item, node)
            edits.append(source.replaced(item.value, f"{source.segment(item.value)}, {_WEIGHTS}"))
    if forward.returns is not None:
        hint = source.optional("torch.Tensor")
        edits.append(source.replaced(forward.returns, f"tuple[{source.segment(forward.returns)}, {hint}]"))
    return edits


def _unclear(source: Source, node: ast.stmt | ast.expr, owner: ast.ClassDef) -> Exception:
    return Unclear(source.path, node.lineno, owner.name, "how its attention weights reach the model is not clear")


def result_alone(source: Source, node: ast.ClassDef, changed: Collection[str]) -> list[Edit]:
    """`x = self.layer(…)[0]` where a module that collects nothing calls one that returns the weights as well now."""
    forward = method(node, "forward")
    if forward is None:
        return []
    names = members(node, changed)
    names |= {n.id for loop in loops(source, node, changed) for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
    calls = [n for n in ast.walk(forward) if isinstance(n, ast.Call) and ast.unparse(n.func) in names]
    return [(end, end, "[0]") for end in (source.span(call)[1] for call in calls)]
