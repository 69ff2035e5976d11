"""Sub-modules made by a caller and handed to a constructor: `Residual(Attention(config), rate)` with `self.module = module`.

Their weights are named after the attribute that keeps them, so that is the name they are made with (translator.md §1.2).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.translate import binding
from scaffold.translate.rule import Unmapped

if TYPE_CHECKING:
    from scaffold.translate.classes import Analyser, ClassInfo


def find(analyser: Analyser) -> dict[ast.expr, str]:
    """Argument → the attribute under which the class that is constructed keeps it; the classes get it as a sub-module."""
    found: dict[ast.expr, str] = {}
    keeping = {name: kept for name, info in analyser.classes.items() if (kept := _kept(info))}
    for call in ast.walk(analyser.source.tree):
        name = analyser.constructor_name(call) if isinstance(call, ast.Call) else None
        if name not in keeping or not isinstance(call, ast.Call):
            continue
        info = analyser.classes[name]
        bound = binding.bind(_parameters(info), list(call.args), [k for k in call.keywords if k.arg])
        for parameter, value in () if isinstance(bound, Unmapped) else bound[0].items():
            attr = keeping[name].get(parameter)
            if attr is not None and _hand_over(analyser, info, attr, value):
                found[value] = attr
    return found


def _parameters(info: ClassInfo) -> tuple[str, ...]:
    assert info.init is not None
    return tuple(a.arg for a in info.init.args.args[1:])


def _kept(info: ClassInfo) -> dict[str, str]:
    """Parameter → attribute, of the statements `self.module = module` of a constructor."""
    names = _parameters(info) if info.init is not None else ()
    found = {}
    for node in ast.walk(info.init) if info.init is not None else ():
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Name) or node.value.id not in names:
            continue
        target = node.targets[0]
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
            found[node.value.id] = target.attr
    return found


def _hand_over(analyser: Analyser, info: ClassInfo, attr: str, value: ast.expr) -> bool:
    """Give the class the sub-module; False when the argument is none."""
    made = _made(analyser, value)
    name = analyser.constructor_name(made) if made is not None else None
    if made is None or name is None:
        return False
    from scaffold.translate.classes import Child

    known = info.children.get(attr)
    calls = (*(known.calls if known is not None else ()), made)
    info.children[attr] = Child(attr, known.qualname if known is not None else name, False, calls)
    return True


def _made(analyser: Analyser, value: ast.expr) -> ast.Call | None:
    """The constructor call that an argument is, or that the local it names was bound to."""
    if isinstance(value, ast.Call):
        return value
    function = analyser.source.parents.get(value)
    while function is not None and not isinstance(function, ast.FunctionDef):
        function = analyser.source.parents.get(function)
    if not isinstance(value, ast.Name) or function is None:
        return None
    bound = [n.value for n in ast.walk(function) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == value.id]
    return bound[0] if len(bound) == 1 and isinstance(bound[0], ast.Call) else None
