"""Tables of attention implementations: a port has the eager one, a class or a function."""

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
