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
    """The names that the main `__init__` exports out of the PyTorch file, in the file's order.

    The model's own `__init__` tells them from namesakes in other modules (a feature extractor named like a layer).
    """
    exported = main_exports(tree, located.names.folder)
    registered = _registered(tree, f"{located.names.package_path}/__init__.py", located.names.module)
    names = exported & registered if registered else exported
    return tuple(name for name in defined(tree, located.names.pt_path) if name in names)


def _registered(tree: Tree, path: str, module: str) -> frozenset[str]:
    """What a model's `__init__` registers for a module; empty for the star form."""
    file = PythonFile.open(tree, path)
    statements = file.tree.body if file else []
    guarded = [node for s in statements if isinstance(s, ast.Try) for node in s.orelse]
    guarded += [node for s in statements if isinstance(s, ast.If) for node in s.body]
    return frozenset(
        name for node in (*statements, *guarded) if import_structure_key(node) == module for name in names_in(node)
    )


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
