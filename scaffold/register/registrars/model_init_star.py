"""Register the TensorFlow module in `models/<model>/__init__.py` of the form with star imports.

Source: Transformers f24f084329 (4.45, three models) and 8e806a336f (4.48, nearly all): the lazy structure is derived from
each module's `__all__`; the star import serves type checkers.
"""

from __future__ import annotations

from scaffold.core.checkout import Located
from scaffold.core.edits import Absent, Outcome, Tree
from scaffold.core.port import Port
from scaffold.register.anchors import WIDTH, PythonFile, exactly_one
from scaffold.register.guards import add_sorted, import_module_of, type_checking
from scaffold.register.ordering import list_order
from scaffold.register.registrar import Registrar

NAME = "model-init-star"


def plan(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """One star import, and the `__all__` of the TensorFlow file that it needs."""
    path = f"{located.names.package_path}/__init__.py"
    file = PythonFile.open(tree, path)
    if file is None:
        return (Absent(path=path, by=NAME, why="the model's folder has no __init__"),)
    if "define_import_structure" not in file.text:
        return ()
    module = located.names.tf_module
    body = type_checking(file).body
    if not any(import_module_of(node) == module for node in body):
        exactly_one(
            [node for node in body if import_module_of(node) == located.names.module],
            path=path,
            sought=f"star import of the PyTorch module `{located.names.module}`",
        )
        add_sorted(file, body, module, import_module_of, [f"    from .{module} import *"])
    star = tree.plan(path, file.edited(), by=NAME, why="let the lazy module find the TensorFlow file")
    return star, *_exported(located, port, tree)


def _exported(located: Located, port: Port, tree: Tree) -> tuple[Outcome, ...]:
    """`__all__` at the end of the TensorFlow file: the lazy module reads it as text, from column 0."""
    path = located.names.tf_path
    text = tree.read(path)
    if text is None:
        return (Absent(path=path, by=NAME, why="the TensorFlow file is not planned yet"),)
    if any(line.startswith("__all__") for line in text.splitlines()):
        return (tree.plan(path, text, by=NAME, why="already has __all__"),)
    ordered = sorted(port.exported, key=list_order)
    quoted = [f'"{name}"' for name in ordered]
    one_line = f"__all__ = [{', '.join(quoted)}]"
    exploded = "\n".join(["__all__ = [", *(f"    {name}," for name in quoted), "]"])
    after = f"{text.rstrip()}\n\n\n{one_line if len(one_line) <= WIDTH else exploded}\n"
    return (tree.plan(path, after, by=NAME, why="name the public classes for the lazy module"),)


REGISTRAR = Registrar(
    name=NAME,
    place="model-init",
    title="Model `__init__` with star imports",
    doc="Adds `from .modeling_tf_… import *` in the sorted order and, where the TensorFlow file lacks it, its `__all__`.",
    plan=plan,
    where={"model_init": "star"},
)
