"""Names that functions bind and what loops bind them to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache


@lru_cache(maxsize=512)
def local_names(function: ast.FunctionDef) -> frozenset[str]:
    """Parameters of a function and names it assigns."""
    arguments = function.args
    names = {a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    for extra in (arguments.vararg, arguments.kwarg):
        if extra is not None:
            names.add(extra.arg)
    names |= {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return frozenset(names)


def loop_pairs(loop: ast.For | ast.comprehension) -> Iterator[tuple[ast.expr, ast.expr]]:
    """(target, iterable) pairs of a loop, `enumerate` and `zip` looked through."""
    target, iterable = loop.target, loop.iter
    if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name) and isinstance(target, ast.Tuple):
        if iterable.func.id == "enumerate" and len(target.elts) == 2:
            inner = ast.comprehension(target=target.elts[1], iter=iterable.args[0], ifs=[], is_async=0)
            yield from loop_pairs(inner)
            return
        if iterable.func.id == "zip":
            yield from zip(target.elts, iterable.args, strict=False)
            return
    yield target, iterable


@lru_cache(maxsize=512)
def loops(function: ast.FunctionDef) -> tuple[ast.For | ast.comprehension, ...]:
    """Loops and comprehensions of a function."""
    return tuple(n for n in ast.walk(function) if isinstance(n, (ast.For, ast.comprehension)))
