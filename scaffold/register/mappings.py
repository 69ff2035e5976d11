"""Reading `*_MAPPING_NAMES = OrderedDict([...])` statements of the auto modules without importing them.

Source: `src/transformers/models/auto/*.py` of Transformers 4.19 to 4.57.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from scaffold.core.edits import Tree
from scaffold.register.anchors import PythonFile

AUTO = "src/transformers/models/auto"
CONFIGURATION = f"{AUTO}/configuration_auto.py"
MODELS = f"{AUTO}/modeling_auto.py"
TF_MODELS = f"{AUTO}/modeling_tf_auto.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One `(key, value)` of a mapping; `classes` holds the value's strings, one unless it is a tuple."""

    key: str
    classes: tuple[str, ...]
    node: ast.Tuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One assignment; `items` is its list literal."""

    name: str
    node: ast.Assign
    items: ast.List
    rows: tuple[Row, ...]


def mappings(file: PythonFile) -> list[Mapping]:
    """Every `NAME = OrderedDict([…])` at the top of the file, in order; duplicates included."""
    found = []
    for node in file.tree.body:
        items = _items(node)
        if items is not None and isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            rows = tuple(row for element in items.elts if (row := _row(element)) is not None)
            found.append(Mapping(name=node.targets[0].id, node=node, items=items, rows=rows))
    return found


def _items(node: ast.stmt) -> ast.List | None:
    if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
        return None
    call = node.value
    if ast.unparse(call.func) != "OrderedDict" or len(call.args) != 1 or not isinstance(call.args[0], ast.List):
        return None
    return call.args[0]


def _row(element: ast.expr) -> Row | None:
    if not (isinstance(element, ast.Tuple) and len(element.elts) == 2):
        return None
    key, value = element.elts
    values = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
    classes = tuple(str(v.value) for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str))
    if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
        return None
    return Row(key=key.value, classes=classes, node=element)


def names_by_key(tree: Tree, path: str, mapping: str) -> dict[str, str]:
    """A mapping with one string a key (`CONFIG_MAPPING_NAMES`, `MODEL_NAMES_MAPPING`); empty when it is not there."""
    file = PythonFile.open(tree, path)
    if file is None:
        return {}
    return {row.key: row.classes[0] for m in mappings(file) if m.name == mapping for row in m.rows if row.classes}
