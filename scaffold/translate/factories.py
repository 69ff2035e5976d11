"""Functions that make a sub-module and return it: they are told the name of its place, which its weights are named after."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.translate.classes import ClassInfo
    from scaffold.translate.engine import Engine

Names = Callable[[ast.Call], "str | None"]


def find(functions: Mapping[str, ast.FunctionDef], constructor_name: Names) -> dict[str, str]:
    """Function → the class whose instance it returns (the first, where it chooses between several)."""
    found = {}
    for name, function in functions.items():
        made = [constructor_name(call) for call in constructors(function, constructor_name)]
        if made and made[0] is not None and made[0] != name:
            found[name] = made[0]
    return found


def methods(classes: Iterable[ClassInfo], constructor_name: Names) -> dict[str, str]:
    """The same of methods of plain classes, by their names: `output.get_projection(width)`."""
    found: dict[str, str] = {}
    for info in classes:
        if info.is_plain:
            found |= find({n: f for n, f in info.methods.items() if n != "__init__"}, constructor_name)
    return found


def constructors(function: ast.FunctionDef, constructor_name: Names) -> list[ast.Call]:
    """The constructor calls whose value a function returns, directly or through a local; none when it returns anything else."""
    returned = [n.value for n in ast.walk(function) if isinstance(n, ast.Return)]
    found: list[ast.Call] = []
    for value in returned:
        values: list[ast.expr | None] = [value]
        if isinstance(value, ast.Name):
            assignments = (n for n in ast.walk(function) if isinstance(n, ast.Assign))
            values = [n.value for n in assignments if ast.unparse(n.targets[0]) == value.id]
        calls = [v for v in values if isinstance(v, ast.Call) and constructor_name(v) is not None]
        if not calls or len(calls) < len(values):
            return []
        found += calls
    return found


def made_by_method(engine: Engine, node: ast.Call) -> str | None:
    """`output.get_projection(width)`, which makes a sub-module."""
    func = node.func
    if not isinstance(func, ast.Attribute) or func.attr not in engine.making_methods or engine.layer_name is None:
        return None
    from scaffold.translate.operators import write_call

    return write_call(engine, node, engine.expression(func), (f"name={engine.layer_name}",))
