"""Loops that reduce the first entries of each row, whose number a tensor tells: one reduction that leaves out the others.

A graph does not know how many rows there are, and XLA gives a wrong gradient for a slice whose end it does not know.
"""

from __future__ import annotations

import ast

from scaffold.translate.engine import Engine
from scaffold.translate.names import blocks
from scaffold.translate.passes import collected, parts
from scaffold.translate.writer import BlockWriter

#: What a row is reduced by, and the emitted function that does it for all rows.
_REDUCTIONS = {"mean": "mean_of_first", "std": "std_of_first"}


def reduced_rows(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`for i, n in enumerate(counts): xs.append(x[i, :n].mean(dim=0))`, where `torch.stack(xs)` follows; also of more lists."""
    engine = writer.engine
    block = next((b for b in blocks(engine.parent(statement)) if statement in b), [])
    for loop in block:
        counts = _counts(engine, loop)
        lists = _lists(engine, block, loop) if isinstance(loop, ast.For) and counts is not None else []
        if any(found.empty is statement for found, _, _ in lists):
            return []
        if not lists or counts is None or statement is not loop:
            continue
        for found, tensor, reduction in lists:
            arguments = f"{engine.expression(tensor)}, {engine.expression(counts)}"
            engine.remember(found.stack, f"_{parts.emitted(engine, reduction)}({arguments})")
        return []
    return None


def _counts(engine: Engine, loop: ast.stmt) -> ast.expr | None:
    """The tensor in `for i, n in enumerate(counts)`."""
    over = loop.iter if isinstance(loop, ast.For) and not loop.orelse else None
    if not isinstance(over, ast.Call) or ast.unparse(over.func) != "enumerate" or len(over.args) != 1 or over.keywords:
        return None
    return over.args[0] if engine.type_of(over.args[0]).kind == "tensor" else None


def _lists(engine: Engine, block: list[ast.stmt], loop: ast.For) -> list[tuple[collected.Collected, ast.expr, str]]:
    """The lists that a loop fills, each with tensor and reduction; none if it does anything else or they are not stacked next."""
    place = block.index(loop) + 1
    behind = [node for statement in block[place : place + len(loop.body)] for node in ast.walk(statement)]
    lists = []
    for step in loop.body:
        found = collected.of_a_step(engine, block, loop, step)
        if found is None or found.stack not in behind or collected.stacked_axis(engine, found.stack) != 0:
            return []
        reduced = _reduced(engine, loop, found.item)
        if reduced is None:
            return []
        lists.append((found, *reduced))
    return lists


def _reduced(engine: Engine, loop: ast.For, item: ast.expr) -> tuple[ast.expr, str] | None:
    """Tensor and emitted function of `x[i, :n].mean(dim=0)`, for the number and the length that the loop counts."""
    if not isinstance(item, ast.Call) or not isinstance(item.func, ast.Attribute) or item.func.attr not in _REDUCTIONS:
        return None
    row, options = item.func.value, [ast.unparse(option) for option in (*item.args, *item.keywords)]
    if not isinstance(row, ast.Subscript) or options not in (["dim=0"], ["0"]) or engine.type_of(row.value).rank != 3:
        return None
    wanted = ast.unparse(loop.target).strip("()").replace(", ", ", :")
    return (row.value, _REDUCTIONS[item.func.attr]) if ast.unparse(row.slice).strip("()") == wanted else None
