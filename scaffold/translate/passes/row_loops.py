"""Loops over the rows of a tensor that write one row of another each, and masks that are left out where they hide nothing.

How many rows there are, and whether a mask is full, a graph knows only when it runs.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from scaffold.core.typedb import Observation, TypeInfo
from scaffold.translate.passes import parts
from scaffold.translate.writer import BlockWriter, indented


def written_row_by_row(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`for i, row in enumerate(x): …; y[i][mask] = v` becomes `y = tf.map_fn(…)`, if the loop does nothing else.

    Also with `enumerate(zip(x, z))`, with `y[i, : n] = v` and `y[i] = v`, where each branch of a condition writes the row, and
    where a row is left as it is (`continue`) or written to several times.
    """
    engine = writer.engine
    if not isinstance(statement, ast.For) or statement.orelse or not isinstance(statement.target, ast.Tuple):
        return None
    number = ast.unparse(statement.target.elts[0])
    wholes = [p.whole for node in ast.walk(statement) if (p := _place(node, number)) is not None]
    if len({whole.id for whole in wholes}) != 1:
        return None
    over, name = _numbered(statement.iter), wholes[0].id
    if not over or any(engine.type_of(tensor).kind != "tensor" for tensor in (*over, wholes[0])):
        return None
    lines = _body(writer, statement.body, name, number, statement.lineno)
    if lines is None:
        steps = _steps(writer, statement.body, name, number, statement.lineno)
        if steps is None:
            return None
        lines = [f"row = {engine.expression(wholes[0])}[{number}]", *steps, "return row"]
    names = [number, *_names(statement.target.elts[1])]
    engine.uses.add("shape_list")
    rows = [engine.expression(tensor) for tensor in over]
    elements = f"(tf.range(shape_list({rows[0]})[0]), {', '.join(rows)})"
    return [
        f"def {name}_row(inputs):",
        *indented([f"{', '.join(names)} = inputs", *lines]),
        "",
        f"{name} = tf.map_fn({name}_row, {elements}, fn_output_signature={name}.dtype)",
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


@dataclass(frozen=True)
class _Place:
    """The tensor that an assignment writes a row of, and the index inside the row; None for all of it."""

    whole: ast.Name
    within: ast.expr | None


def _place(last: ast.AST, number: str) -> _Place | None:
    """Of `y[i][mask] = v`, `y[i, :n] = v` and `y[i] = v`."""
    target = last.targets[0] if isinstance(last, ast.Assign) else None
    if not isinstance(target, ast.Subscript):
        return None
    whole, row = target.value, target.slice
    within: ast.expr | None = None
    if isinstance(whole, ast.Subscript):
        row, whole, within = whole.slice, whole.value, target.slice
    elif isinstance(row, ast.Tuple):
        row, *rest = row.elts
        within = rest[0] if len(rest) == 1 else ast.copy_location(ast.Tuple(rest, ast.Load()), target)
    return _Place(whole, within) if isinstance(whole, ast.Name) and ast.unparse(row) == number else None


def _body(writer: BlockWriter, body: list[ast.stmt], whole: str, number: str, line: int) -> list[str] | None:
    """Statements that bind locals, then `return …`, in each branch of a condition at the end; `line` is that above them."""
    *before, last = body
    if not all(_binds_a_local(s, whole) for s in before):
        return None
    lines = writer.block(before, line)
    lines += writer.gap(before[-1].end_lineno or line if before else line, last.lineno)
    if isinstance(last, ast.If):
        ends = last.test.end_lineno or line, last.body[-1].end_lineno or line
        yes, no = (_body(writer, b, whole, number, end) for b, end in zip((last.body, last.orelse), ends, strict=True))
        if yes is None or no is None:
            return None
        return [*lines, f"if {writer.condition(last.test)}:", *indented(yes), "else:", *indented(no)]
    place = _place(last, number)
    text = _row_with(writer, last, place) if place is not None and isinstance(last, ast.Assign) else None
    if place is None or text is None:
        return None
    row = f"row = {writer.engine.expression(place.whole)}[{number}]"
    return [*lines, *([row] if place.within is not None else []), f"return {text}"]


def _steps(writer: BlockWriter, body: list[ast.stmt], whole: str, number: str, line: int) -> list[str] | None:
    """Statements that bind locals or write to the row, under conditions or not; `continue` leaves it as it is."""
    lines: list[str] = []
    for statement in body:
        lines += writer.gap(line, statement.lineno)
        place = _place(statement, number)
        if _binds_a_local(statement, whole):
            lines += writer.statement(statement)
        elif isinstance(statement, ast.Assign) and place is not None:
            text = _row_with(writer, statement, place)
            if text is None:
                return None
            lines.append(f"row = {text}")
        elif isinstance(statement, ast.If) and not statement.orelse:
            goes_on = [isinstance(s, ast.Continue) for s in statement.body] == [True]
            end = statement.test.end_lineno or line
            inner = ["return row"] if goes_on else _steps(writer, statement.body, whole, number, end)
            if inner is None:
                return None
            lines += [f"if {writer.condition(statement.test)}:", *indented(inner)]
        else:
            return None
        line = statement.end_lineno or line
    return lines


def _binds_a_local(statement: ast.stmt, whole: str) -> bool:
    """True for `name = value` of something else than the tensor that is written."""
    names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
    return isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name) and whole not in names


def _row_with(writer: BlockWriter, statement: ast.Assign, place: _Place) -> str | None:
    """The row, named `row`, with what the statement assigns into it."""
    engine = writer.engine
    if place.within is None:
        return engine.expression(statement.value)
    info = engine.type_of(place.whole)
    rank = info.rank or _rank_elsewhere(writer, place.whole)
    name = ast.copy_location(ast.Name("row", ast.Load()), statement)
    target = ast.copy_location(ast.Subscript(name, place.within, ast.Store()), statement)
    engine.source.parents[name], engine.source.parents[target] = target, statement
    engine.given["row"] = TypeInfo((Observation("tensor", info.dtype, rank - 1 if rank else None),), static=True)
    text = parts.assigned(engine, target, statement.value)
    del engine.given["row"]
    return text


def _rank_elsewhere(writer: BlockWriter, whole: ast.Name) -> int | None:
    """What the function says of the tensor at other places: rows are of one rank wherever they are written."""
    function = writer.engine.function_of(whole)
    named = (n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == whole.id) if function else ()
    return next((rank for node in named if (rank := writer.engine.type_of(node).rank)), None)


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
