"""Which names the clone exports, read from its sources without importing them.

Sources: `src/transformers/__init__.py` (both forms), the top level of a modelling file.
"""

from __future__ import annotations

import ast

from scaffold.core.checkout import Located
from scaffold.core.edits import Tree
from scaffold.register.anchors import PythonFile
from scaffold.register.guards import import_structure_key, names_in

MAIN_INIT = "src/transformers/__init__.py"


def main_exports(tree: Tree, folder: str) -> frozenset[str]:
    """All names the main `__init__` exports from `models.<folder>`, whatever backend they need; empty when derived."""
    file = PythonFile.open(tree, MAIN_INIT)
    if file is None:
        return frozenset()
    key = f"models.{folder}"
    found: set[str] = set()
    for statement in file.tree.body:
        inner = statement.orelse if isinstance(statement, ast.Try) else [statement]
        for node in inner:
            if import_structure_key(node) == key:
                found.update(names_in(node))
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_import_structure":
                found.update(_in_dictionary(node.value, key))
    return frozenset(found)


def _in_dictionary(value: ast.expr, key: str) -> set[str]:
    if not isinstance(value, ast.Dict):
        return set()
    lists = [v for k, v in zip(value.keys, value.values, strict=True) if isinstance(k, ast.Constant) and k.value == key]
    return {str(e.value) for v in lists if isinstance(v, ast.List) for e in v.elts if isinstance(e, ast.Constant)}


def public_pytorch(located: Located, tree: Tree) -> tuple[str, ...]:
    """The names of the PyTorch file that the main `__init__` exports, in the file's order."""
    exported = main_exports(tree, located.names.folder)
    return tuple(name for name in defined(tree, located.names.pt_path) if name in exported)


def defined(tree: Tree, path: str) -> tuple[str, ...]:
    """Classes and functions at the top level of a file, in its order."""
    file = PythonFile.open(tree, path)
    if file is None:
        return ()
    return tuple(n.name for n in file.tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef))


def methods(tree: Tree, path: str) -> dict[str, frozenset[str]]:
    """Class → the methods that its own body defines."""
    file = PythonFile.open(tree, path)
    if file is None:
        return {}
    return {
        node.name: frozenset(n.name for n in node.body if isinstance(n, ast.FunctionDef))
        for node in file.tree.body
        if isinstance(node, ast.ClassDef)
    }
