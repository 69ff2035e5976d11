"""Arguments unpacked from a local tuple: `args = (x, w, b)` or `args = cast_if_needed(x, w, b)`, then `f(*args)`."""

from __future__ import annotations

import ast

from scaffold.translate.context import Context
from scaffold.translate.truth import truth


def spread(context: Context, arguments: list[ast.expr]) -> list[ast.expr]:
    """Positional arguments with `*args` written out where the local's items are known."""
    written: list[ast.expr] = []
    for argument in arguments:
        items = _items(context, argument.value) if isinstance(argument, ast.Starred) else None
        written += [argument] if items is None else items
    return written


def _items(context: Context, node: ast.expr) -> list[ast.expr] | None:
    """Items of the tuple a local is bound to, if it is bound once."""
    function = context.function_of(node)
    if not isinstance(node, ast.Name) or function is None:
        return None
    bound = [
        part for part in ast.walk(function) if isinstance(part, ast.Assign) and ast.unparse(part.targets[0]) == node.id
    ]
    parameters = {a.arg for a in [*function.args.args, *function.args.kwonlyargs]}
    if len(bound) != 1 or node.id in parameters or bound[0].lineno > node.lineno:
        return None
    value = bound[0].value
    if isinstance(value, ast.Tuple):
        return None if any(isinstance(item, ast.Starred) for item in value.elts) else list(value.elts)
    is_plain = isinstance(value, ast.Call) and not value.keywords and isinstance(value.func, ast.Name)
    if not is_plain or not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return None
    return list(value.args) if hands_back(context.functions.get(value.func.id)) else None


def hands_back(function: ast.FunctionDef | None) -> bool:
    """True for a function that returns its `*args` as they are, once its settled conditions are taken."""
    if function is None or function.args.vararg is None or function.args.args or function.args.kwonlyargs:
        return False
    statements = list(function.body)
    while statements:
        first = statements.pop(0)
        if isinstance(first, ast.If) and truth(first.test) is not None:
            statements = [*(first.body if truth(first.test) else first.orelse), *statements]
        elif isinstance(first, ast.Return):
            return isinstance(first.value, ast.Name) and first.value.id == function.args.vararg.arg
        elif not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
            return False
    return False
