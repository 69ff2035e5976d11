"""Tables of classes: of attention implementations a port has the eager one, of other layers all that may be asked for."""

from __future__ import annotations

import ast
from collections.abc import Container


def attention_variants(tree: ast.Module) -> dict[str, dict[str, str]]:
    """`X_ATTENTION_CLASSES = {"eager": A, "sdpa": B}` → {name: {"eager": "A", …}}."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            entries = {
                key.value: value.id
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and isinstance(value, ast.Name)
            }
            if "eager" in entries:
                found[node.targets[0].id] = entries
    return found


def class_tables(tree: ast.Module, classes: Container[str]) -> dict[str, str]:
    """`PROMPTERS = {"pad": A, "downpad": B}`, all of them classes of the file → the first, for what all are alike in.

    Of attention implementations it is the eager one.
    """
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            names = [value.id if isinstance(value, ast.Name) else "" for value in node.value.values]
            if names and all(name in classes for name in names):
                found[node.targets[0].id] = names[0]
    return found | {name: entries["eager"] for name, entries in attention_variants(tree).items()}


def alternatives(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """`BLOCK_CLASSES = {"attention": A, "recurrent": B}` → its classes, of tables of this file's classes that are no variants."""
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            names = [value.id for value in node.value.values if isinstance(value, ast.Name)]
            if names and len(names) == len(node.value.values) and set(names) <= classes:
                found[node.targets[0].id] = tuple(names)
    return {name: names for name, names in found.items() if name not in attention_variants(tree)}
