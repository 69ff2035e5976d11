"""Masks that callers hand over: integers in the library's tests, numbers of any type elsewhere.

What is made of such a mask keeps its dtype, so that a cast to integers is one although the probe saw integers.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.translate.names import bound_before

if TYPE_CHECKING:
    from scaffold.translate.context import Context

#: Functions and methods of tensors whose result has the dtype of their first operand, or of what they select among.
_KEEPING = frozenset(
    "view reshape expand repeat unsqueeze squeeze transpose permute flatten contiguous clone detach flip roll gather"
    " index_select narrow sum cumsum max min amax amin abs masked_fill where cat stack ones_like zeros_like full_like"
    " maximum minimum".split()
)
#: Methods that take the dtype of their argument.
_AS = frozenset({"type_as", "type", "to"})


def has_callers_dtype(context: Context, node: ast.AST | None) -> bool:
    """True for what a mask that the function is given, of a dtype that nobody knows, hands its dtype on to."""
    if isinstance(node, ast.Name):
        return _name(context, node)
    if isinstance(node, ast.BinOp):
        return has_callers_dtype(context, node.left) or has_callers_dtype(context, node.right)
    if isinstance(node, (ast.UnaryOp, ast.Subscript, ast.Attribute)):
        inner = node.operand if isinstance(node, ast.UnaryOp) else node.value
        is_part = not isinstance(node, ast.Attribute) or node.attr in ("values", "T", "mT")
        return is_part and has_callers_dtype(context, inner)
    return isinstance(node, ast.Call) and _call(context, node)


def _name(context: Context, node: ast.Name) -> bool:
    function = context.function_of(node)
    if function is None:
        return False
    value = bound_before(node, context.source.parents)
    if value is not None:
        return has_callers_dtype(context, value)
    given = [*function.args.args, *function.args.kwonlyargs]
    return node.id.endswith("mask") and node.id in {a.arg for a in given}


def _call(context: Context, node: ast.Call) -> bool:
    if any(k.arg == "dtype" for k in node.keywords):
        return False
    if isinstance(node.func, ast.Name):  # a function within this one
        function = context.function_of(node)
        own = {f.name for f in ast.walk(function) if isinstance(f, ast.FunctionDef)} if function is not None else set()
        return node.func.id in own and any(has_callers_dtype(context, a) for a in node.args)
    if not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr in _AS:
        return any(has_callers_dtype(context, _whose_dtype(a)) for a in node.args)
    return node.func.attr in _KEEPING and any(has_callers_dtype(context, o) for o in _operands(node, node.func))


def _operands(node: ast.Call, func: ast.Attribute) -> list[ast.expr]:
    """What a function of `torch` or a method computes its result from."""
    is_method = not (isinstance(func.value, ast.Name) and func.value.id == "torch")
    if func.attr == "where":
        return [func.value] if is_method else node.args[1:]
    first = func.value if is_method else next(iter(node.args), func.value)
    return first.elts if isinstance(first, (ast.List, ast.Tuple)) else [first]


def _whose_dtype(node: ast.expr) -> ast.expr:
    """The tensor in `x.dtype`; a tensor itself."""
    return node.value if isinstance(node, ast.Attribute) and node.attr == "dtype" else node
