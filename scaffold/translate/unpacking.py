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


def keywords(context: Context, call: ast.Call) -> dict[str, tuple[ast.expr, ast.expr | None, ast.expr | None]]:
    """What `**options` of a call stands for, if a local that is bound once: keyword → (condition, value, other value).

    The local holds a dictionary that is written out, or one of two; an absent value is None. Empty for any other call.
    """
    found: dict[str, tuple[ast.expr, ast.expr | None, ast.expr | None]] = {}
    for unpacked in (k.value for k in call.keywords if k.arg is None):
        value = _bound_once(context, unpacked)
        choice = value if isinstance(value, ast.IfExp) else None
        first, second = (
            (_entries(choice.body), _entries(choice.orelse)) if choice is not None else (_entries(value), {})
        )
        if first is None or second is None:
            return {}
        for key in [*first, *(k for k in second if k not in first)]:
            condition = choice.test if choice is not None else ast.Constant(True)
            found[key] = (condition, first.get(key), second.get(key))
    return found


def _entries(node: ast.expr | None) -> dict[str, ast.expr] | None:
    """Key → value of a dictionary whose keys are written out."""
    if not isinstance(node, ast.Dict) or not all(isinstance(k, ast.Constant) for k in node.keys):
        return None
    return {str(k.value): v for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)}


def _bound_once(context: Context, node: ast.expr) -> ast.expr | None:
    function = context.function_of(node)
    if not isinstance(node, ast.Name) or function is None:
        return None
    bound = [n for n in ast.walk(function) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == node.id]
    parameters = {a.arg for a in [*function.args.args, *function.args.kwonlyargs]}
    return bound[0].value if len(bound) == 1 and node.id not in parameters else None


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
