"""Rows of a batch that go through the sub-module whose number they carry (adapters by language, experts).

PyTorch groups equal neighbours, `torch.unique_consecutive`, and calls one module a group. How many groups there are is not known
while a graph is traced, but the modules are: each gets its rows, perhaps none, and writes their results.

Where rows are sorted by expert, PyTorch splits them into parts of sizes that are data, which XLA cannot.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from scaffold.translate.engine import Engine
from scaffold.translate.writer import BlockWriter


@dataclass(frozen=True)
class _Grouping:
    """The statements of one such computation; texts are PyTorch's."""

    dropped: tuple[ast.stmt, ...]
    joined: ast.Assign  # `y = torch.cat(results, 0)`
    modules: ast.expr
    call: ast.Call
    key: str
    part: str
    rows: ast.expr
    numbers: ast.expr


def _find(engine: Engine, loop: ast.For) -> _Grouping | None:
    """The computation around a loop `for i, (number, part) in enumerate(zip(numbers, parts))`."""
    pair = re.fullmatch(r"(?:\w+, )?\(?(\w+), (\w+)\)?", ast.unparse(loop.target).strip("()"))
    zipped = re.fullmatch(r"(?:enumerate\()?zip\((\w+), (\w+)\)\)?", ast.unparse(loop.iter))
    if pair is None or zipped is None or len(loop.body) != 2:
        return None
    chosen = re.fullmatch(rf"(\w+) = list\((.+)\.keys\(\)\)\[int\({pair[1]}\.item\(\)\)\]", ast.unparse(loop.body[0]))
    last = loop.body[1]
    if chosen is None or not isinstance(last, ast.Expr) or not isinstance(last.value, ast.Call) or not last.value.args:
        return None
    call, results = last.value.args[0], ast.unparse(last.value.func).removesuffix(".append")
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != f"{chosen[2]}[{chosen[1]}]":
        return None
    block = getattr(engine.parent(loop), "body", [])
    made = {ast.unparse(s.targets[0]): s for s in block if isinstance(s, ast.Assign) and s.lineno < loop.lineno}
    counted = next((s for t, s in made.items() if re.fullmatch(rf"\(?{zipped[1]}, \w+\)?", t)), None)
    split, empty = made.get(zipped[2]), made.get(results)
    after = [s for s in block if isinstance(s, ast.Assign) and ast.unparse(s.value) == f"torch.cat({results}, 0)"]
    if counted is None or split is None or empty is None or len(after) != 1:
        return None
    lengths = ast.unparse(counted.targets[0]).strip("()").split(", ")[1]
    unique = re.fullmatch(r"torch\.unique_consecutive\((\w+), return_counts=True\)", ast.unparse(counted.value))
    parts = re.fullmatch(rf"torch\.split\((\w+), {lengths}\.tolist\(\), 0\)", ast.unparse(split.value))
    if unique is None or parts is None or ast.unparse(empty.value) != "[]":
        return None
    assert isinstance(counted.value, ast.Call) and isinstance(split.value, ast.Call)
    modules = call.func.value  # type: ignore[attr-defined]
    numbers, rows = counted.value.args[0], split.value.args[0]
    return _Grouping((counted, split, empty, loop), after[0], modules, call, chosen[1], pair[2], rows, numbers)


def by_module(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """Each module its rows, in the place where PyTorch puts the groups together again."""
    engine = writer.engine
    function = engine.function_of(statement)
    if not isinstance(statement, (ast.Assign, ast.For)) or function is None:
        return None
    if "unique_consecutive" not in ast.unparse(function):
        return None
    for loop in (n for n in ast.walk(function) if isinstance(n, ast.For)):
        found = _find(engine, loop)
        if found is not None and statement in found.dropped:
            return []
        if found is not None and statement is found.joined:
            return _written(engine, found)
    return None


def _written(engine: Engine, found: _Grouping) -> list[str]:
    target, rows, modules = (
        ast.unparse(found.joined.targets[0]),
        engine.expression(found.rows),
        engine.expression(found.modules),
    )
    result = target if target != rows else "results"
    call = engine.expression(found.call).replace(f"{modules}[{found.key}]", "layer", 1)
    call = re.sub(rf"(?<![\w.]){found.part}(?![\w=])", f"tf.gather({rows}, places[:, 0])", call)
    lines = [
        f"{result} = tf.zeros_like({rows})",
        f"for number, layer in enumerate({modules}.values()):",
        f"    places = tf.cast(tf.where(tf.cast({engine.expression(found.numbers)}, tf.int32) == number), tf.int32)",
        f"    {result} = tf.tensor_scatter_nd_update({result}, places, {call})",
    ]
    return lines if result == target else [*lines, f"{target} = {result}"]


def by_size(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`parts = x.split(sizes, dim=0)` for a loop over `n` parts whose results are joined again, by `tf.dynamic_partition`.

    What is joined has as many rows as there were, which XLA does not know of it.
    """
    engine = writer.engine
    function = engine.function_of(statement)
    split = _SPLIT.fullmatch(ast.unparse(statement))
    if split is None or function is None or split["sizes"] not in {a.arg for a in function.args.args}:
        return None
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
        return None
    if engine.type_of(statement.value.args[0]).kind != "list":  # a number is the size of each
        return None
    used = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == split["parts"]]
    loops = [n for n in ast.walk(function) if isinstance(n, ast.For) and _COUNTED.fullmatch(ast.unparse(n.iter))]
    joined = [
        n for n in ast.walk(function) if isinstance(n, ast.Call) and re.fullmatch(_JOINED, ast.unparse(n)) is not None
    ]
    stored = [n for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    if (
        split["rows"] in {n.id for n in stored}
        or len(used) != 2
        or len(loops) != 1
        or len(joined) != 1
        or not _collects(loops[0], split["parts"], joined[0])
    ):
        return None
    engine.uses.add("shape_list")
    rows, sizes, count = split["rows"], split["sizes"], engine.expression(loops[0].iter.args[0])  # type: ignore[attr-defined]
    engine.remember(joined[0], f"{engine.expression(joined[0])}[: shape_list({rows})[0]]")
    return [
        "# which part a row belongs to: XLA knows no split into sizes that are data",
        f'part = tf.searchsorted(tf.cumsum({sizes}), tf.range(shape_list({rows})[0]), side="right")',
        f"{split['parts']} = tf.dynamic_partition({rows}, part, {count})",
    ]


_SPLIT = re.compile(r"(?P<parts>\w+) = (?P<rows>\w+)\.split\((?P<sizes>\w+), (dim=)?0\)")
_COUNTED = re.compile(r"range\([\w.]+\)")
_JOINED = r"torch\.cat\(\w+, (dim=)?0\)"


def _collects(loop: ast.For, parts: str, joined: ast.Call) -> bool:
    """True when the loop's body is `results.append(… parts[i] …)`, once, of the results that are joined."""
    body, results = ast.unparse(loop.body[0]), ast.unparse(joined.args[0])
    return (
        len(loop.body) == 1 and body.startswith(f"{results}.append(") and f"{parts}[{ast.unparse(loop.target)}]" in body
    )
