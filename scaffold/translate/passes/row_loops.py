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
    """`for i, row in enumerate(x): …; y[i][mask] = v` becomes `y = tf.map_fn(…)`, if the loop does nothing else.

    Also with `enumerate(zip(x, z))`, and with `y[i, : n] = v`.
    """
    engine = writer.engine
    last = statement.body[-1] if isinstance(statement, ast.For) and not statement.orelse else None
    if (
        not isinstance(statement, ast.For)
        or not isinstance(last, ast.Assign)
        or not isinstance(statement.target, ast.Tuple)
    ):
        return None
    over, place = _numbered(statement.iter), last.targets[0]
    row = _row(place) if isinstance(place, ast.Subscript) else None
    if row is None or not over or any(engine.type_of(tensor).kind != "tensor" for tensor in over):
        return None
    assert isinstance(place, ast.Subscript)
    whole, number = row.value, ast.unparse(statement.target.elts[0])
    if not isinstance(whole, ast.Name) or ast.unparse(row.slice) != number or engine.type_of(whole).kind != "tensor":
        return None
    before = statement.body[:-1]
    if not all(_binds_a_local(s, whole.id) for s in before):
        return None
    line = _row_written(writer, last, row)
    if line is None:
        return None
    names = [number, *_names(statement.target.elts[1])]
    lines = [f"{', '.join(names)} = inputs", *writer.block(before, statement.lineno), *line]
    engine.uses.add("shape_list")
    rows = [engine.expression(tensor) for tensor in over]
    elements = f"(tf.range(shape_list({rows[0]})[0]), {', '.join(rows)})"
    return [
        f"def {whole.id}_row(inputs):",
        *indented(lines),
        "",
        f"{whole.id} = tf.map_fn({whole.id}_row, {elements}, fn_output_signature={whole.id}.dtype)",
    ]


def _numbered(iterated: ast.expr) -> list[ast.expr]:
    """What a loop counts through: x of `enumerate(x)`, x and y of `enumerate(zip(x, y))`."""
    if not isinstance(iterated, ast.Call) or ast.unparse(iterated.func) != "enumerate" or len(iterated.args) != 1:
        return []
    (inner,) = iterated.args
    zipped = isinstance(inner, ast.Call) and ast.unparse(inner.func) == "zip" and not inner.keywords
    return inner.args if zipped and isinstance(inner, ast.Call) else [inner]


def _names(target: ast.expr) -> list[str]:
    return [ast.unparse(t) for t in target.elts] if isinstance(target, ast.Tuple) else [ast.unparse(target)]


def _row(place: ast.Subscript) -> ast.Subscript | None:
    """The row that a place lies in: `y[i]` of `y[i][mask]` and of `y[i, :n]`."""
    if isinstance(place.value, ast.Subscript):
        return place.value
    if not isinstance(place.slice, ast.Tuple):
        return None
    return ast.copy_location(ast.Subscript(place.value, place.slice.elts[0], ast.Load()), place)


def _within(place: ast.Subscript) -> ast.expr:
    """The index inside the row."""
    if not isinstance(place.slice, ast.Tuple) or isinstance(place.value, ast.Subscript):
        return place.slice
    rest = place.slice.elts[1:]
    return rest[0] if len(rest) == 1 else ast.copy_location(ast.Tuple(rest, ast.Load()), place)


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
    target = ast.copy_location(ast.Subscript(name, _within(place), place.ctx), place)
    engine.source.parents[name], engine.source.parents[target], engine.source.parents[row] = target, last, last
    engine.given["row"] = TypeInfo(
        (Observation("tensor", info.dtype, info.rank - 1 if info.rank else None),), static=True
    )
    text = parts.assigned(engine, target, last.value)
    del engine.given["row"]
    if text is None:
        return None
    return [f"row = {engine.expression(row.value)}[{engine.expression(row.slice)}]", f"return {text}"]


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
