"""Layers that one loop of a constructor makes and another takes in turn: they are made where they are taken.

`blocks = iter(blocks)` with `next(blocks)` in the loop that puts each into its place, which is what it is named after.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable


def rewrite(tree: ast.Module) -> None:
    """Edit the constructors of a parsed file."""
    for node in tree.body:
        for function in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(function, ast.FunctionDef) and function.name == "__init__":
                _rewrite(function)


def _rewrite(function: ast.FunctionDef) -> None:
    names = [name for statement in function.body if (name := _iterator(statement))]
    plans = {name: plan for name in names if (plan := _plan(function, name)) is not None}
    loops = {id(loop): loop for loop, *_ in plans.values()}
    if not plans or any(not _only_appends(loop.body, set(plans)) for loop in loops.values()):
        return
    for name, (loop, taker, made, place) in plans.items():
        counter = ast.unparse(loop.target)
        for node in ast.walk(taker):
            taken = _taken(taker, name)
            for number in [k for k, a in enumerate(getattr(node, "args", ())) if a in taken]:
                node.args[number] = _renamed(made, counter, place or counter)  # type: ignore[attr-defined]
    gone = {f"{name} = {made}" for name in plans for made in ("[]", f"iter({name})")}
    function.body = [s for s in function.body if id(s) not in loops and ast.unparse(s) not in gone]


def _only_appends(body: list[ast.stmt], names: set[str]) -> bool:
    """True for a loop that does nothing else than fill these lists."""
    for statement in body:
        if isinstance(statement, ast.If):
            if not _only_appends([*statement.body, *statement.orelse], names):
                return False
        elif not any(_appended(statement, name) for name in names) or not isinstance(statement, ast.Expr):
            return False
    return True


def _iterator(statement: ast.stmt) -> str:
    """`x` of `x = iter(x)`."""
    name = ast.unparse(statement.targets[0]) if isinstance(statement, ast.Assign) else ""
    return name if name and ast.unparse(statement) == f"{name} = iter({name})" else ""


def _plan(function: ast.FunctionDef, name: str) -> tuple[ast.For, ast.For, ast.Call, str | None] | None:
    """The loop that makes the layers, the one that takes them, how one is made, and the counter of the second loop."""
    iterator = next(s for s in function.body if _iterator(s) == name)
    at = function.body.index(iterator)
    loops = [s for s in function.body[:at] if isinstance(s, ast.For) and _appended(s, name)]
    takers = [s for s in function.body[at:] if isinstance(s, ast.For) and _taken(s, name)]
    if len(loops) != 1 or len(takers) != 1 or not isinstance(loops[0].target, ast.Name):
        return None
    made = [call.args[0] for call in _appended(loops[0], name)]
    counter, place = loops[0].target.id, _counter(takers[0])
    if len({ast.dump(value) for value in made}) != 1 or not isinstance(made[0], ast.Call):
        return None
    counts = any(isinstance(n, ast.Name) and n.id == counter for n in ast.walk(made[0]))
    every = _each_round(loops[0].body, name, _appended) and _each_round(takers[0].body, name, _taken)
    if counts and (place is None or not every):
        return None  # the round does not tell which one is taken
    return loops[0], takers[0], made[0], place


def _appended(node: ast.AST, name: str) -> list[ast.Call]:
    return [n for n in ast.walk(node) if isinstance(n, ast.Call) and ast.unparse(n.func) == f"{name}.append" and n.args]


def _taken(node: ast.AST, name: str) -> list[ast.Call]:
    return [n for n in ast.walk(node) if isinstance(n, ast.Call) and ast.unparse(n) == f"next({name})"]


def _counter(loop: ast.For) -> str | None:
    """`k` of `for k, kind in enumerate(kinds)` and of `for k in range(n)`."""
    function = ast.unparse(loop.iter.func) if isinstance(loop.iter, ast.Call) else ""
    target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) and function == "enumerate" else loop.target
    return target.id if isinstance(target, ast.Name) and function in ("enumerate", "range") else None


def _each_round(body: list[ast.stmt], name: str, found: Callable[[ast.AST, str], list[ast.Call]]) -> bool:
    """True when every branch of a loop's body has exactly one of the calls."""
    direct = [s for s in body if not isinstance(s, ast.If) and found(s, name)]
    choices = [s for s in body if isinstance(s, ast.If) and found(s, name)]
    if len(direct) + len(choices) != 1:
        return False
    if direct:
        return len(found(direct[0], name)) == 1
    # a last `elif` names the only other kind there is
    branches = [b for b in (choices[0].body, choices[0].orelse) if b]
    return all(_each_round(branch, name, found) for branch in branches)


def _renamed(call: ast.Call, before: str, after: str) -> ast.Call:
    made = copy.deepcopy(call)
    for node in ast.walk(made):
        if isinstance(node, ast.Name) and node.id == before:
            node.id = after
    return made
