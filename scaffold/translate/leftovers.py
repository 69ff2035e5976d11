"""What the rules leave that does nothing: conditions without a body, values that nobody takes, casts and orders undone.

Each rule is right by itself; `x.dtype != y.dtype or x.device != y.device` is `x.dtype != y.dtype or None != None` after two.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from scaffold.translate import markers
from scaffold.translate.names import blocks
from scaffold.translate.sources import Source

#: (start, end, text instead), in bytes.
_Edit = tuple[int, int, str]

#: Functions without an effect besides their result, and those of TensorFlow that have one.
_PURE = frozenset({"isinstance", "hasattr", "getattr", "len", "shape_list", "bool", "int"})
_EFFECT = re.compile(
    r"tf\.(debugging|print|summary|config|random|Variable|function|\w+_function|Assert|io|keras|compat)\b"
)


_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Gt: operator.gt, ast.Lt: operator.lt,
}  # fmt: skip


def removed(text: str) -> str:
    """The module's text without them. ScaffoldError TFP002 when it does not parse."""
    for _ in range(8):  # what is removed may leave its block empty, and that block a condition without a body
        source = Source(text)
        edits = sorted(edit for node in ast.walk(source.tree) for edit in _edits(source, node))
        if not edits:
            break
        pieces, last = [], 0
        for start, end, new in edits:
            if start >= last:  # what stands in a replaced part comes in the next round
                pieces += [source.slice(last, start), new]
                last = end
        text = "".join([*pieces, source.slice(last, len(text.encode()))])
    return text


def _edits(source: Source, node: ast.AST) -> Iterator[_Edit]:
    if isinstance(node, ast.stmt):
        yield from _statement(source, node)
    elif isinstance(node, ast.BoolOp):
        yield from _settled(source, node)
    elif isinstance(node, ast.Call):
        yield from _undone(source, node)


def _statement(source: Source, node: ast.stmt) -> Iterator[_Edit]:
    if _does_nothing(node):
        yield from _without(source, node)
    elif isinstance(node, ast.If) and _is_empty(node.body) and _is_pure(node.test) and not _is_elif(node.orelse):
        yield from _only_otherwise(source, node)


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.If):
        return _is_pure(node.test) and _is_empty(node.orelse) and (_is_empty(node.body) or _outcome(node.test) is False)
    if isinstance(node, ast.Assign):
        return [ast.unparse(target) for target in node.targets] == [ast.unparse(node.value)]
    return isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant) and _is_pure(node.value)


def _is_elif(block: list[ast.stmt]) -> bool:
    """True for what may be an `elif`."""
    return isinstance(block[0], ast.If)


def _is_empty(block: list[ast.stmt]) -> bool:
    return all(isinstance(statement, ast.Pass) for statement in block)


def _is_pure(node: ast.expr) -> bool:
    """True for an expression that does nothing but have a value."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            name = ast.unparse(part.func)
            if name not in _PURE and (not name.startswith("tf.") or _EFFECT.match(name)):
                return False
        elif isinstance(part, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)):
            return False
    return True


def _outcome(test: ast.expr) -> bool | None:
    """Of a comparison of two constants, and of conditions that such a one decides; None of others."""
    if isinstance(test, ast.BoolOp):
        decides = isinstance(test.op, ast.Or)
        return decides if decides in map(_outcome, test.values) else None
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or type(test.ops[0]) not in _COMPARED:
        return None
    sides = (test.left, test.comparators[0])
    values = [side.value for side in sides if isinstance(side, ast.Constant)]
    comparable = len(values) == 2 and (None not in values or isinstance(test.ops[0], (ast.Eq, ast.NotEq)))
    return bool(_COMPARED[type(test.ops[0])](*values)) if comparable else None


def _without(source: Source, node: ast.stmt) -> Iterator[_Edit]:
    """The statement's lines, and the comment above a paragraph that it alone makes; nothing where it carries a marker."""
    above, first, last = source.parents[node], node.lineno, node.end_lineno or node.lineno
    start = first
    while start > 1 and source.lines[start - 2].lstrip().startswith("#"):
        start -= 1
    inside = "\n".join(source.lines[start - 1 : last])
    block = next((b for b in blocks(above) if node in b), [])
    if markers.MARKER.search(inside) or not block or _shares_a_line(source, node):
        return
    following = source.lines[last] if last < len(source.lines) else ""
    ends = not following.strip() or len(following) - len(following.lstrip()) < node.col_offset
    begin = source.offset(start if ends else first, 0)
    needed = len(block) == 1 and not source.segment(node).startswith("elif")
    new = " " * node.col_offset + "pass\n" if needed else ""
    yield begin, source.offset(last + 1, 0), new


def _shares_a_line(source: Source, node: ast.stmt) -> bool:
    """True behind a semicolon or a colon."""
    line = source.lines[node.lineno - 1]
    return bool(line[: node.col_offset].strip()) or ";" in line or node.lineno == len(source.lines)


def _only_otherwise(source: Source, node: ast.If) -> Iterator[_Edit]:
    """`if c: pass; else: x` is `if not c: x`; an `elif` remains one."""
    inside = "\n".join(source.lines[node.lineno - 1 : node.end_lineno])
    if markers.MARKER.search(inside) or _shares_a_line(source, node) or _shares_a_line(source, node.orelse[0]):
        return
    first = node.orelse[0].lineno - 1
    while not source.lines[first - 1].lstrip().startswith("else:"):
        first -= 1  # a comment
    body = source.lines[first : node.end_lineno]
    keyword = "elif" if source.segment(node).startswith("elif") else "if"
    head = f"{keyword} {ast.unparse(_negated(node.test))}:"
    yield source.start(node), source.end(node), "\n".join([head, *body]).rstrip()


_NEGATIONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
}


def _negated(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _NEGATIONS:
        return ast.Compare(test.left, [_NEGATIONS[type(test.ops[0])]], test.comparators)
    return ast.UnaryOp(ast.Not(), test)


def _settled(source: Source, node: ast.BoolOp) -> Iterator[_Edit]:
    """`a or None != None` is `a`, and `a and None == None` too."""
    neutral = isinstance(node.op, ast.And)
    kept = [value for value in node.values if _outcome(value) is not neutral]
    if kept and len(kept) < len(node.values):
        joint = " and " if neutral else " or "
        yield source.start(node), source.end(node), joint.join(source.segment(value) for value in kept)


def _undone(source: Source, node: ast.Call) -> Iterator[_Edit]:
    """A cast to the dtype that the value was cast to, and a transposition of a transposed tensor."""
    inner, name = node.args[0] if node.args else None, ast.unparse(node.func)
    if not isinstance(inner, ast.Call) or ast.unparse(inner.func) != name or not inner.args:
        return
    if name == "tf.cast" and len(node.args) == len(inner.args) == 2:
        if ast.unparse(node.args[1]) == ast.unparse(inner.args[1]):
            yield source.start(node), source.end(node), source.segment(inner)
    elif name == "tf.transpose":
        outer_order, inner_order = _order(node), _order(inner)
        if outer_order and inner_order and len(outer_order) == len(inner_order):
            order, tensor = tuple(inner_order[axis] for axis in outer_order), source.segment(inner.args[0])
            alone = (
                tensor
                if isinstance(inner.args[0], (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
                else f"({tensor})"
            )
            same = order == tuple(range(len(order)))
            yield source.start(node), source.end(node), alone if same else f"tf.transpose({tensor}, perm={order})"


def _order(node: ast.Call) -> tuple[int, ...]:
    """`perm` where it is literal."""
    given = [k.value for k in node.keywords if k.arg == "perm"] if len(node.args) == 1 else []
    literal = given and isinstance(given[0], ast.Tuple) and all(isinstance(e, ast.Constant) for e in given[0].elts)
    return tuple(e.value for e in given[0].elts) if literal else ()  # type: ignore[attr-defined]
