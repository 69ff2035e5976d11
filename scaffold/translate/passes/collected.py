"""Lists of what the steps of a loop over a length make, stacked behind it: a `tf.TensorArray`, and a loop that a graph runs.

A graph may not know the length, and a list cannot grow in a loop that it runs; where it knows the length it need not write
thousands of steps one after the other (`autograph/g3doc/reference/limitations.md` in TensorFlow's repository).
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from scaffold.translate.callsite import NOT_CONSTANT
from scaffold.translate.engine import Engine
from scaffold.translate.names import blocks, depends_on_length, reads_shape
from scaffold.translate.writer import BlockWriter, indented

_EMPTY = " = []"


@dataclass(frozen=True)
class Collected:
    """One list: `name = []`, a loop that appends to it once a step, and `torch.stack(name, dim)` behind the loop."""

    name: str
    empty: ast.stmt
    loop: ast.For
    item: ast.expr
    append: ast.Expr
    stack: ast.Call


def stacked_steps(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`xs = []; for i in range(n): …; xs.append(x)`, where `torch.stack(xs, dim)` is all that follows with the list."""
    if not isinstance(statement, ast.For) and not ast.unparse(statement).endswith(_EMPTY):
        return None
    engine, lists = writer.engine, list(_of_block(writer.engine, statement))
    for found in lists:
        if found.empty is statement:
            length = engine.expression(found.loop.iter.args[0])  # type: ignore[attr-defined]
            return writer.with_comment(
                statement, f"{found.name} = tf.TensorArray({_dtype(engine, found)}, size={length})"
            )
    steps = [found for found in lists if found.loop is statement]
    if not isinstance(statement, ast.For) or not steps:
        return None
    counter = engine.expression(statement.target)
    for found in steps:
        written = f"{found.name} = {found.name}.write({counter}, {engine.expression(found.item)})"
        engine.remember(found.append.value, written)
        engine.remember(found.stack, _joined(engine, found))
    header = f"for {counter} in tf.range({engine.expression(statement.iter.args[0])}):"  # type: ignore[attr-defined]
    return [header, *indented(writer.body(statement.body, statement.iter.end_lineno or statement.lineno))]


def _of_block(engine: Engine, statement: ast.stmt) -> Iterator[Collected]:
    """The lists of the loops in a statement's block."""
    block = next((b for b in blocks(engine.parent(statement)) if statement in b), [])
    for loop in block:
        if isinstance(loop, ast.For) and _counts_a_length(engine, loop) and _only_tensors(engine, loop):
            for step in loop.body:
                found = of_a_step(engine, block, loop, step)
                if found is not None:
                    yield found


def _counts_a_length(engine: Engine, loop: ast.For) -> bool:
    """True for `for i in range(n)` where a graph may not know `n`."""
    counter, function = loop.iter, engine.function_of(loop)
    if (
        not isinstance(counter, ast.Call)
        or ast.unparse(counter.func) != "range"
        or len(counter.args) != 1
        or loop.orelse
    ):
        return False
    length = counter.args[0]
    return isinstance(loop.target, ast.Name) and (reads_shape(length, function) or depends_on_length(length, function))


def _only_tensors(engine: Engine, loop: ast.For) -> bool:
    """True when each step binds tensors to names, of one rank and dtype at each step, and appends to lists."""
    targets = {}
    for step in loop.body:
        if isinstance(step, ast.Assign) and len(step.targets) == 1 and isinstance(step.targets[0], ast.Name):
            kind = engine.type_of(step.value)
            targets[step.targets[0].id] = (kind.rank, kind.dtype)
            if kind.kind != "tensor" or kind.rank is None:
                return False
        elif _appended(step) is None:
            return False
    read = [n for step in loop.body for n in ast.walk(step) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    kinds = ((n, engine.type_of(n)) for n in read if n.id in targets)
    return all((kind.rank, kind.dtype) == targets[n.id] for n, kind in kinds)


def _appended(step: ast.stmt) -> tuple[str, ast.expr] | None:
    """List and item of `xs.append(x)`."""
    call = step.value if isinstance(step, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or len(call.args) != 1:
        return None
    of_a_name = call.func.attr == "append" and isinstance(call.func.value, ast.Name)
    return (ast.unparse(call.func.value), call.args[0]) if of_a_name else None


def of_a_step(engine: Engine, block: list[ast.stmt], loop: ast.For, step: ast.stmt) -> Collected | None:
    """The list that a step appends to, if it is only made, appended to once and stacked."""
    function, appended = engine.function_of(loop), _appended(step)
    if appended is None or function is None or not isinstance(step, ast.Expr):
        return None
    name, item = appended
    before = list(itertools.takewhile(lambda s: ast.unparse(s).endswith(_EMPTY), reversed(block[: block.index(loop)])))
    empty = [s for s in before if ast.unparse(s) == f"{name}{_EMPTY}"]
    uses = _uses(function, block, empty, name)
    stack = next((engine.parent(n) for n in uses if _is_stack(engine, n)), None)
    kind = engine.type_of(item)
    if (
        len(empty) != 1
        or len(uses) != 2
        or not isinstance(stack, ast.Call)
        or kind.kind != "tensor"
        or kind.rank is None
    ):
        return None
    return Collected(name, empty[0], loop, item, step, stack) if stacked_axis(engine, stack) is not None else None


def _uses(function: ast.FunctionDef, block: list[ast.stmt], empty: list[ast.stmt], name: str) -> list[ast.Name]:
    """Where the list is read: in the block until `xs = torch.stack(xs)` has made a tensor of it, else in the whole function."""
    within: list[ast.stmt] = [function]
    ends = [s for s in block if isinstance(s, ast.Assign) and ast.unparse(s).startswith(f"{name} = torch.stack({name}")]
    if len(empty) == len(ends) == 1:
        within = block[block.index(empty[0]) : block.index(ends[0]) + 1]
    nodes = (n for statement in within for n in ast.walk(statement))
    return [n for n in nodes if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]


def _is_stack(engine: Engine, name: ast.Name) -> bool:
    call = engine.parent(name)
    return isinstance(call, ast.Call) and call.args[:1] == [name] and engine.qualname_of(call) == "torch.stack"


def stacked_axis(engine: Engine, stack: ast.Call) -> int | None:
    """The axis that `torch.stack` makes, None where it is no literal."""
    given = [*stack.args[1:], *(k.value for k in stack.keywords if k.arg == "dim")]
    axis = engine.constant(given[0]) if given else 0
    return axis if axis is not NOT_CONSTANT and isinstance(axis, int) else None


def _joined(engine: Engine, found: Collected) -> str:
    """`torch.stack(xs, dim)` of a TensorArray, which has its steps first."""
    axis, rank, text = stacked_axis(engine, found.stack), engine.type_of(found.item).rank, f"{found.name}.stack()"
    assert axis is not None and rank is not None
    if axis % (rank + 1) == 0:
        return text
    order = list(range(1, rank + 1))
    order.insert(axis % (rank + 1), 0)
    return f"tf.transpose({text}, perm=({', '.join(map(str, order))}))"


def _dtype(engine: Engine, found: Collected) -> str:
    """The items' dtype: that of a tensor from outside the loop which they are made of."""
    made = {
        s.targets[0].id: s.value
        for s in found.loop.body
        if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)
    }
    kind, wanted, seen = engine.type_of(found.item), [found.item], set()
    for node in wanted:
        for name in (n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id not in seen):
            seen.add(name.id)
            if name.id in made:
                wanted.append(made[name.id])
            elif engine.type_of(name).kind == "tensor" and engine.type_of(name).dtype == kind.dtype:
                return f"{engine.expression(name)}.dtype"
    return f"tf.{kind.dtype}"
