"""Arguments unpacked from a local tuple: `args = (x, w, b)` or `args = cast_if_needed(x, w, b)`, then `f(*args)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.core.typedb import UNKNOWN
from scaffold.translate.callsite import Arg
from scaffold.translate.context import Context
from scaffold.translate.truth import truth

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine


def spread(context: Context, arguments: list[ast.expr]) -> list[ast.expr]:
    """Positional arguments with `*args` written out where the local's items are known."""
    written: list[ast.expr] = []
    for argument in arguments:
        items = _items(context, argument.value) if isinstance(argument, ast.Starred) else None
        written += [argument] if items is None else items
    return written


def keyword_arguments(engine: Engine, call: ast.Call) -> dict[str, Arg]:
    """What `**options` of a call stands for, if a local that is bound once: keyword → argument.

    The local holds a dictionary that is written out, or one of two; what only one of them has is None in the other.
    """
    found: dict[str, Arg] = {}
    for unpacked in (k.value for k in call.keywords if k.arg is None):
        value = _bound_once(engine, unpacked)
        settled = truth(value.test) if isinstance(value, ast.IfExp) else None
        if isinstance(value, ast.IfExp) and settled is not None:
            value = value.body if settled else value.orelse
        if not isinstance(value, ast.IfExp):
            found |= {key: engine.arg(item) for key, item in (_entries(value) or {}).items()}
            continue
        first, second = _entries(value.body), _entries(value.orelse)
        if first is None or second is None:
            return {}
        for key in [*first, *(k for k in second if k not in first)]:
            texts = [engine.expression(c[key]) if key in c else "None" for c in (first, second)]
            found[key] = Arg(None, f"{texts[0]} if {engine.expression(value.test)} else {texts[1]}", UNKNOWN)
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
