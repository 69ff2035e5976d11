"""Weight normalisation: which convolutions of a constructor have it, along which axis, under which condition.

Source: torch's documentation, `torch.nn.utils.parametrizations.weight_norm`: the kernel is `g * v / |v|`, the length taken
over every axis but one. Checkpoints hold `g` and `v`; the emitted layers compute the kernel from them.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.translate import reach
from scaffold.translate.truth import truth

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine
    from scaffold.translate.writer import BlockWriter

_NAMES = ("torch.nn.utils.weight_norm", "torch.nn.utils.parametrizations.weight_norm")


def is_alias(engine: Engine, value: ast.AST) -> bool:
    """True for the function itself: `weight_norm = nn.utils.weight_norm`."""
    return engine.source.qualname(value) in _NAMES


def normalised(engine: Engine, node: ast.AST | None) -> ast.expr | None:
    """The layer that `weight_norm(layer, …)` gets; None for anything else."""
    if not isinstance(node, ast.Call) or not node.args:
        return None
    if is_alias(engine, node.func):
        return node.args[0]
    function = engine.function_of(node)
    if not isinstance(node.func, ast.Name) or function is None:
        return None
    bound = [n.value for n in ast.walk(function) if isinstance(n, ast.Assign) and _target(n) == node.func.id]
    return node.args[0] if bound and all(is_alias(engine, value) for value in bound) else None


def left_out(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """The first pass in a constructor: `self.conv = weight_norm(self.conv)`, since the emitted layer normalises its weight.

    With it goes what else is said to PyTorch's parameters alone: `self.A_log._no_weight_decay = True`.
    """
    engine = writer.engine
    if isinstance(statement, ast.Expr):
        return [] if normalised(engine, statement.value) is not None else None
    if not isinstance(statement, ast.Assign):
        return None
    layer = normalised(engine, statement.value)
    if is_alias(engine, statement.value) or (layer is not None and ast.unparse(layer) == _target(statement)):
        return []
    target, owner = statement.targets[0], engine.class_of(statement)
    is_note = (
        isinstance(target, ast.Attribute) and target.attr.startswith("_") and isinstance(target.value, ast.Attribute)
    )
    return [] if is_note and owner is not None and target.value.attr in owner.parameters else None  # type: ignore[attr-defined]


def _target(node: ast.AST) -> str:
    return ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ""


def axis_of(engine: Engine, constructor: ast.Call) -> str | None:
    """Text of the axis along which a convolution made here is normalised; None where it is not.

    What is normalised under a condition gets the axis under the same condition, else None.
    """
    place = _target(engine.parent(constructor) or constructor)
    function = engine.function_of(constructor)
    if not place or function is None:
        return None
    for node in ast.walk(function):
        layer = normalised(engine, node)
        if (
            layer is not None
            and ast.unparse(layer) == place
            and reach.may_run(node, engine.source.parents, engine.settled)
        ):
            assert isinstance(node, ast.Call)
            given = [*node.args[2:3], *(k.value for k in node.keywords if k.arg == "dim")]
            axis = engine.expression(given[0]) if given else "0"
            tests = " and ".join(_conditions(engine, node, constructor))
            return f"{axis} if {tests} else None" if tests else axis
    return None


def _conditions(engine: Engine, node: ast.AST, beside: ast.AST) -> list[str]:
    """Conditions around a node that are open and do not stand around the other one."""
    parents = engine.source.parents
    shared = [branch for branch, _ in reach.branches(beside, parents)]
    found = []
    for branch, body in reach.branches(node, parents):
        if branch not in shared and truth(branch.test, engine.settled) is None:
            text = engine.expression(branch.test)
            found.append(text if body else f"not ({text})")
    return found
