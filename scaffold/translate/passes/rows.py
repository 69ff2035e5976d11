"""Loops that change the rows of a tensor in place.

`for row in x: row[…] = v` changes `x` in torch; here the rows are stacked to a new tensor of that name.
"""

from __future__ import annotations

import ast

from scaffold.translate.names import loop_pairs
from scaffold.translate.writer import BlockWriter, indented


def changed_rows(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """The loop with its rows collected, and the tensors bound anew behind it."""
    if not isinstance(statement, ast.For):
        return None
    engine, changed = writer.engine, _changed(statement)
    rows = [
        (target.id, iterable)
        for target, iterable in loop_pairs(statement)
        if isinstance(target, ast.Name) and target.id in changed and engine.type_of(iterable).kind == "tensor"
    ]
    if not rows:
        return None
    leaves = any(isinstance(n, (ast.Break, ast.Continue, ast.Return)) for n in ast.walk(statement))
    if leaves or not all(isinstance(iterable, ast.Name) for _, iterable in rows):
        engine.diagnose(
            "TFP120", "assignment", "a loop changes rows of a tensor and may leave some out", statement.iter
        )
        return None
    before = [f"{name}_rows = []" for name, _ in rows]
    collected = [f"{name}_rows.append({name})" for name, _ in rows]
    after = [f"{ast.unparse(iterable)} = tf.stack({name}_rows)" for name, iterable in rows]
    return [*before, *writer.plain(statement), *indented(collected), *after]


def _changed(loop: ast.For) -> set[str]:
    """Names of which the loop's body changes a part in place."""
    found = set()
    for node in ast.walk(loop):
        places: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            places = [target for target in node.targets if isinstance(target, ast.Subscript)]
        elif isinstance(node, ast.AugAssign):
            places = [node.target]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            func = node.value.func
            places = [func.value] if isinstance(func, ast.Attribute) and func.attr.endswith("_") else []
        for place in places:
            root = place.value if isinstance(place, ast.Subscript) else place
            found |= {root.id} if isinstance(root, ast.Name) else set()
    return found
