"""Float32 beside what layers compute, which Keras halves under a policy of mixed precision; TensorFlow promotes nothing.

Where a model asks for float32 by its name, the other operand is cast to it, as torch promotes (torch's documentation, "Tensor
Attributes: torch.dtype"). A tensor made of Python's numbers alone, such as a mask, is cast to the other's dtype instead.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.translate.names import bound_before
from scaffold.translate.promotion import named
from scaffold.translate.rule import Rule

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine

_SINGLE = frozenset({"torch.float32", "torch.float"})


def casts(engine: Engine, left: ast.expr, right: ast.expr) -> dict[ast.expr, str]:
    """The operand that must be cast where one is what a layer computed and the other is not; nothing for any others."""
    found = {_origin(engine, side, 0): side for side in (left, right)}
    computed = found.get("computed")
    if computed is None:
        return {}
    if "single" in found:
        return {computed: f"tf.cast({engine.expression(computed)}, tf.float32)"}
    if isinstance(found.get("either"), ast.Name) and not isinstance(computed, ast.Attribute):
        return {computed: f"tf.cast({engine.expression(computed)}, {engine.expression(found['either'])}.dtype)"}
    constant, dtype = found.get("constant"), named(engine.expression(computed))
    return {constant: f"tf.cast({engine.expression(constant)}, {dtype})"} if constant is not None and dtype else {}


def _origin(engine: Engine, node: ast.AST, depth: int) -> str | None:
    """`single` for float32 by name, `computed` for what a layer was given or computes, `constant` for Python's numbers.

    `either` for a name that is float32 if the configuration wants it: `if self.residual_in_fp32: residual = residual.float()`.
    """
    info = engine.type_of(node)
    unseen = depth > 0 and info.kind in ("tensor", None) and info.dtype is None
    if not unseen and (info.kind != "tensor" or info.dtype != "float32") or depth > _DEPTH:
        return None
    if isinstance(node, ast.Name):
        return _of_name(engine, node, depth + 1)
    if isinstance(node, ast.Call):
        return _of_call(engine, node, depth + 1)
    if isinstance(node, ast.BinOp):
        return _joint([_origin(engine, side, depth + 1) for side in (node.left, node.right)])
    if isinstance(node, (ast.UnaryOp, ast.Subscript)):
        return _origin(engine, node.operand if isinstance(node, ast.UnaryOp) else node.value, depth + 1)
    owner = engine.owner_of(node.value) if isinstance(node, ast.Attribute) else None
    return "computed" if owner is not None and node.attr in owner.parameters else None  # type: ignore[attr-defined]


_DEPTH = 12


def _joint(origins: list[str | None]) -> str | None:
    return next((kind for kind in ("single", "computed", None, "constant") if kind in origins), None)


def _of_name(engine: Engine, node: ast.Name, depth: int) -> str | None:
    """Of the value bound last; of all bound before, where they agree."""
    function = engine.function_of(node)
    if function is None:
        return None
    before = bound_before(node, engine.source.parents)
    if before is not None:
        return _origin(engine, before, depth)
    values = [
        n.value
        for n in ast.walk(function)
        if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == node.id and (n.end_lineno or 0) < node.lineno
    ]
    origins = {_origin(engine, value, depth) for value in values}
    if node.id in {a.arg for a in function.args.args}:
        origins.add("computed")
    if "single" not in origins:
        origins.discard(None)  # a cache's, perhaps
    if origins == {"single", "computed"}:
        return "either"
    return origins.pop() if len(origins) == 1 else None


def _of_call(engine: Engine, node: ast.Call, depth: int) -> str | None:
    if engine.child_of(node.func) is not None:
        return "computed"
    method = isinstance(node.func, ast.Attribute) and engine.type_of(node.func.value).kind == "tensor"
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    dtypes = [k.value for k in node.keywords if k.arg == "dtype"] or (node.args[:1] if name in ("to", "type") else [])
    if method and name == "float":
        return "single"
    if dtypes and (method or engine.type_of(dtypes[0]).kind == "dtype"):
        return "single" if engine.source.qualname(dtypes[0]) in _SINGLE else "computed"
    if _of_numbers(engine, node):
        return "constant"
    rule = engine.rule_for(node)
    subject = node.func.value if method and isinstance(node.func, ast.Attribute) else next(iter(node.args), None)
    keeps = isinstance(rule, Rule) and rule.dtype == "same" and subject is not None
    return _origin(engine, subject, depth) if keeps and subject is not None else None


def _of_numbers(engine: Engine, node: ast.Call) -> bool:
    """`torch.where(mask > 0, 0.0, -1e10)`, `torch.zeros(n, n)`, `torch.tensor(0.5)`: of torch's default dtype."""
    qualname = engine.source.qualname(node.func)
    if qualname == "torch.where":
        return all(engine.type_of(value).kind in ("float", "int") for value in node.args[1:])
    return qualname in ("torch.zeros", "torch.ones", "torch.full", "torch.tensor") and not any(
        engine.type_of(n).kind == "tensor" for n in node.args
    )
