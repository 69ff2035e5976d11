"""Methods that nothing can call: of a base that is never constructed, where all classes derived from it have their own."""

from __future__ import annotations

import ast

from scaffold.translate.classes import ClassInfo


def drop(classes: dict[str, ClassInfo], tree: ast.Module, parts: frozenset[str]) -> None:
    """Take such methods out of classes that were joined to the file; what the file itself defines stays as it is."""
    for name in parts & set(classes):
        derived = [info for info in classes.values() if name in info.bases]
        if not derived or _is_constructed(tree, name):
            continue
        info = classes[name]
        for method in list(info.methods):
            calls = any(f"super().{method}(" in ast.unparse(other.node) for other in derived)
            if method != "__init__" and all(method in other.methods for other in derived) and not calls:
                del info.methods[method]


def _is_constructed(tree: ast.Module, name: str) -> bool:
    bases = {base for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases}
    return any(isinstance(n, ast.Name) and n.id == name and n not in bases for n in ast.walk(tree))
