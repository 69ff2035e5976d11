"""Export the port's classes from `src/transformers/__init__.py`, in the lazy import structure and for type checkers.

Source: Transformers to 4.51, its guards `if is_tf_available():` before 4.19 (df735d1317) and `try:` since; from 4.52 (54a123f068)
the file is derived from `__all__`.
"""

from __future__ import annotations

import ast

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.port import Port
from scaffold.register.anchors import PythonFile, exactly_one
from scaffold.register.guards import (
    Guard,
    add_names,
    add_sorted,
    extend_lines,
    import_lines,
    import_structure_key,
    tf_guards,
    type_checking,
)
from scaffold.register.registrar import Registrar

NAME = "main-init"
PATH = "src/transformers/__init__.py"


def plan(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """Both halves; nothing for the derived style of 4.52."""
    file = PythonFile.open(tree, PATH)
    if file is None:
        return (Absent(path=PATH, by=NAME, why="the checkout has no main __init__"),)
    if "define_import_structure(" in file.text:
        return ()
    if port.exported:
        key = f"models.{located.names.folder}"
        export(file, key, port.exported, collapsed=located.layout.value("init_imports") == "collapsed")
    return (tree.plan(PATH, file.edited(), by=NAME, why="export the TensorFlow classes"),)


def export(file: PythonFile, key: str, names: tuple[str, ...], *, collapsed: bool) -> None:
    """Put names of the module `key` into the TensorFlow blocks of both halves."""
    _structure(file, key, names)
    _typed(file, key, names, collapsed)


def _guard(file: PythonFile, body: list[ast.stmt], half: str) -> Guard:
    return exactly_one(
        tf_guards(body),
        path=file.path,
        sought=f"block guarded by `is_tf_available()` in {half}",
    )


def _structure(file: PythonFile, key: str, names: tuple[str, ...]) -> None:
    _demand_base_key(file, key)
    guard = _guard(file, file.tree.body, "the import structure")
    present = [node for node in guard.body if import_structure_key(node) == key]
    indent = file.indent_of(guard.body[0])
    if present:
        node = exactly_one(present, path=file.path, sought=f'TensorFlow entry `_import_structure["{key}"]`')
        add_names(file, node, names, lambda all_names: extend_lines(key, all_names, indent))
    else:
        add_sorted(file, guard.body, key, _models_key, extend_lines(key, names, indent))


def _demand_base_key(file: PythonFile, key: str) -> None:
    """`.extend` works on the list that the framework-independent part made for the model."""
    keys = [
        node
        for statement in file.tree.body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "_import_structure"
        for node in getattr(statement.value, "keys", [])
        if isinstance(node, ast.Constant) and node.value == key
    ]
    exactly_one(keys, path=file.path, sought=f'key "{key}" in `_import_structure`')


def _models_key(node: ast.stmt) -> str | None:
    key = import_structure_key(node)
    return key if key is not None and key.startswith("models.") else None


def _typed(file: PythonFile, key: str, names: tuple[str, ...], collapsed: bool) -> None:
    guard = _guard(file, type_checking(file).body, "the TYPE_CHECKING half")
    present = [node for node in guard.body if _import_key(node) == key]
    indent = file.indent_of(guard.body[0])
    if present:
        node = exactly_one(present, path=file.path, sought=f"TensorFlow import from `.{key}`")
        add_names(file, node, names, lambda all_names: import_lines(f".{key}", all_names, indent, collapsed=collapsed))
    else:
        add_sorted(file, guard.body, key, _import_key, import_lines(f".{key}", names, indent, collapsed=collapsed))


def _import_key(node: ast.stmt) -> str | None:
    """`models.bert` of `from .models.bert import …`."""
    if isinstance(node, ast.ImportFrom) and node.level == 1 and (node.module or "").startswith("models."):
        return node.module
    return None


REGISTRAR = Registrar(
    name=NAME,
    place="main-init",
    title="Main `__init__`",
    doc="Adds the classes to the TensorFlow block of `_import_structure` and to the one below `if TYPE_CHECKING:`, at the "
    "model's place in the sorted order, names sorted as `custom_init_isort` does.",
    plan=plan,
    where={"top_init": "lists"},
)
