"""What a modelling file's modules are made of: members, loops over them, models among them."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from scaffold.core.longhand.splice import Source, bases, called, method


def members_of(node: ast.ClassDef) -> dict[str, set[str]]:
    """Attribute → classes that `__init__` makes it of, members of lists included."""
    found: dict[str, set[str]] = {}
    init = method(node, "__init__")
    local: dict[str, set[str]] = {}
    for item in ast.walk(init) if init is not None else ():
        if isinstance(item, ast.Assign):
            made = _made(item.value)
            if isinstance(item.targets[0], ast.Attribute):
                found.setdefault(item.targets[0].attr, set()).update(made)
            elif isinstance(item.targets[0], ast.Name):
                local.setdefault(item.targets[0].id, set()).update(made)
    for item in ast.walk(init) if init is not None else ():
        if isinstance(item, ast.Call) and ast.unparse(item.func).endswith(".append") and len(item.args) == 1:
            made = local.get(item.args[0].id, set()) if isinstance(item.args[0], ast.Name) else _made(item.args[0])
            found.setdefault(ast.unparse(item.func).split(".")[-2], set()).update(made)
    return found


def _made(value: ast.expr) -> set[str]:
    return {called(n) for n in ast.walk(value) if isinstance(n, ast.Call)}


def is_model(source: Source, node: ast.ClassDef) -> bool:
    """True for a class that derives from a pretrained base."""
    return any(
        base.endswith("PreTrainedModel") or (base in source.classes and is_model(source, source.classes[base]))
        for base in bases(node)
    )


def members(node: ast.ClassDef, classes: Collection[str]) -> set[str]:
    """`self.x` of the members that are made of one of the classes."""
    return {f"self.{name}" for name, made in members_of(node).items() if made & set(classes)}


def loops(source: Source, node: ast.ClassDef, classes: Collection[str]) -> list[ast.For]:
    """The loops of a module's `forward` over members of one of the classes."""
    forward, over = method(node, "forward"), members(node, classes)
    found = [n for n in ast.walk(forward) if isinstance(n, ast.For)] if forward is not None and over else []
    return [n for n in found if any(re.search(rf"{re.escape(m)}\b", source.segment(n.iter)) for m in over)]
