"""Loops over the rows of a tensor that write one row of another each, and masks that are left out where they hide nothing.

How many rows there are, and whether a mask is full, a graph knows only when it runs.
"""

from __future__ import annotations

import ast
import re

from scaffold.core.typedb import Observation, TypeInfo
from scaffold.translate.passes import parts
from scaffold.translate.writer import BlockWriter, indented


def written_row_by_row(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`for i, row in enumerate(x): …; y[i][mask] = v` becomes `y = tf.map_fn(…)`, if the loop does nothing else."""
    engine = writer.engine
    last = statement.body[-1] if isinstance(statement, ast.For) and not statement.orelse else None
    if (
        not isinstance(statement, ast.For)
        or not isinstance(last, ast.Assign)
        or not isinstance(statement.target, ast.Tuple)
    ):
        return None
    call, place, names = statement.iter, last.targets[0], [ast.unparse(t) for t in statement.target.elts]
    if (
        not isinstance(call, ast.Call)
        or ast.unparse(call.func) != "enumerate"
        or engine.type_of(call.args[0]).kind != "tensor"
    ):
        return None
    row = place.value if isinstance(place, ast.Subscript) else None
    if not isinstance(row, ast.Subscript) or ast.unparse(row.slice) != names[0] or not isinstance(row.value, ast.Name):
        return None
    whole, *before = row.value.id, *statement.body[:-1]
    if engine.type_of(row.value).kind != "tensor" or not all(_binds_a_local(s, whole) for s in before):
        return None
    line = _row_written(writer, last, row)
    if line is None:
        return None
    lines = [f"{', '.join(names)} = inputs", *writer.block(before, statement.lineno), *line]
    engine.uses.add("shape_list")
    rows = engine.expression(call.args[0])
    return [
        f"def {whole}_row(inputs):",
        *indented(lines),
        "",
        f"{whole} = tf.map_fn({whole}_row, (tf.range(shape_list({rows})[0]), {rows}), fn_output_signature={whole}.dtype)",
    ]


def _binds_a_local(statement: ast.stmt, whole: str) -> bool:
    """True for `name = value` of something else than the tensor that is written."""
    names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
    return isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name) and whole not in names


def _row_written(writer: BlockWriter, last: ast.Assign, row: ast.Subscript) -> list[str] | None:
    """`return …`: the row with what the loop's last statement assigns into it."""
    engine, place = writer.engine, last.targets[0]
    assert isinstance(place, ast.Subscript)
    info = engine.type_of(row.value)
    name = ast.copy_location(ast.Name("row", ast.Load()), row)
    target = ast.copy_location(ast.Subscript(name, place.slice, place.ctx), place)
    engine.source.parents[name], engine.source.parents[target] = target, last
    engine.given["row"] = TypeInfo(
        (Observation("tensor", info.dtype, info.rank - 1 if info.rank else None),), static=True
    )
    text = parts.assigned(engine, target, last.value)
    del engine.given["row"]
    return None if text is None else [f"row = {engine.expression(row)}", f"return {text}"]


def full_mask(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`if not torch.any(~mask): mask = None` and otherwise the additive mask: a full one adds nothing, so it is always made."""
    if not isinstance(statement, ast.If) or len(statement.body) != 1 or not statement.orelse:
        return None
    match = re.fullmatch(r"not torch\.any\(~(\w+)\)", ast.unparse(statement.test))
    if match is None or ast.unparse(statement.body[0]) != f"{match[1]} = None":
        return None
    first = statement.orelse[0]
    if isinstance(first, ast.If) and len(statement.orelse) == 1:
        return writer.statement(first)
    return writer.block(statement.orelse, first.lineno - 1)
