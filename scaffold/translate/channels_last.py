"""Stretches of a method that stay channels-last: between a convolution and what must see channels first, nothing is transposed.

PyTorch's convolutions keep the channels in front, TensorFlow's behind, so each one is written between two transpositions. The
second moves down past batch normalisations and activations, which then normalise the last axis (for which TensorFlow has a fused
kernel), and is left out together with the first one of the next convolution. Where it comes to the end of a method it meets the
next layer's, and Grappler removes the pair when the graph is optimised.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scaffold.translate.names import blocks
from scaffold.translate.sources import Source

_BACK, _FORTH = "perm=(0, 3, 1, 2)", "perm=(0, 2, 3, 1)"
_ELEMENTWISE_LAYERS = ("get_tf_activation", "keras.layers.Activation", "keras.layers.ReLU", "keras.layers.Dropout")
_ELEMENTWISE_FUNCTIONS = ("tf.nn.relu", "tf.nn.relu6", "tf.nn.silu", "tf.nn.sigmoid", "tf.nn.gelu", "tf.nn.leaky_relu")


@dataclass
class _Stretch:
    """From the statement that ends in a transposition back to the last one that does not care where the channels are."""

    start: ast.Assign
    middle: list[ast.stmt] = field(default_factory=list)
    after: ast.stmt | None = None
    norms: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The tensor's."""
        return ast.unparse(self.start.targets[0])


class _Class:
    """The parts of one class that matter here."""

    def __init__(self, node: ast.ClassDef) -> None:
        self.methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
        made: dict[str, list[ast.expr]] = {}
        for statement in (s for m in self.methods if m.name == "__init__" for s in ast.walk(m)):
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]).startswith("self."):
                made.setdefault(ast.unparse(statement.targets[0]).removeprefix("self."), []).append(statement.value)
        self.elementwise = {name for name, values in made.items() if all(map(_is_elementwise, values))}
        self.norms = {
            name: found
            for name, values in made.items()
            if len(found := [v for v in values if not _is_none(v)]) == 1 and _first_axis(found[0]) is not None
        }
        self.builds = {
            ast.unparse(n.func): n.args[0]
            for m in self.methods
            if m.name == "build"
            for n in ast.walk(m)
            if isinstance(n, ast.Call) and n.args and isinstance(n.args[0], ast.List) and len(n.args[0].elts) == 4
        }

    def calls(self, name: str) -> int:
        """How often a layer is called."""
        nodes = (n for m in self.methods for n in ast.walk(m))
        return sum(isinstance(n, ast.Call) and ast.unparse(n.func) == f"self.{name}" for n in nodes)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_elementwise(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _is_elementwise(node.body) and _is_elementwise(node.orelse)
    return _is_none(node) or (isinstance(node, ast.Call) and ast.unparse(node.func) in _ELEMENTWISE_LAYERS)


def _first_axis(node: ast.expr) -> ast.keyword | None:
    """`axis=1` of a batch normalisation."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func) != "keras.layers.BatchNormalization":
        return None
    return next((k for k in node.keywords if k.arg == "axis" and ast.unparse(k.value) == "1"), None)


def _transposed(node: ast.expr, order: str) -> ast.expr | None:
    """`x` of `tf.transpose(x, perm=…)`."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "tf.transpose" and len(node.args) == 1:
        return node.args[0] if [ast.unparse(k) for k in node.keywords] == [order] else None
    return None


def _blocks(function: ast.FunctionDef) -> Iterator[Sequence[ast.stmt]]:
    return (block for node in ast.walk(function) for block in blocks(node))


def _stretches(info: _Class) -> Iterator[_Stretch]:
    for method in info.methods:
        for block in _blocks(method) if method.name not in ("__init__", "build") else ():
            for number, statement in enumerate(block):
                if not isinstance(statement, ast.Assign) or _transposed(statement.value, _BACK) is None:
                    continue
                if isinstance(statement.targets[0], ast.Name) and len(statement.targets) == 1:
                    yield _followed(info, statement, block[number + 1 :])


def _followed(info: _Class, start: ast.Assign, rest: Sequence[ast.stmt]) -> _Stretch:
    stretch = _Stretch(start)
    for statement in rest:
        used = _indifferent(info, statement, stretch.name)
        if used is None:
            stretch.after = statement
            break
        stretch.middle.append(statement)
        stretch.norms |= used
    return stretch


def _indifferent(info: _Class, statement: ast.stmt, name: str) -> set[str] | None:
    """The normalisations in a statement that only normalises or activates the tensor; None for any other."""
    if isinstance(statement, ast.If) and not statement.orelse:
        if any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(statement.test)):
            return None
        inside = [_indifferent(info, s, name) for s in statement.body]
        return None if None in inside else {norm for found in inside for norm in found or ()}
    if not isinstance(statement, ast.Assign) or ast.unparse(statement.targets[0]) != name:
        return None
    call = statement.value
    if not isinstance(call, ast.Call) or [ast.unparse(a) for a in call.args] != [name]:
        return None
    if any(k.arg != "training" for k in call.keywords):
        return None
    function = ast.unparse(call.func)
    layer = function.removeprefix("self.")
    if function.startswith("self.") and layer in info.norms:
        return {layer}
    known = function in _ELEMENTWISE_FUNCTIONS or (function.startswith("self.") and layer in info.elementwise)
    return set() if known else None


def _goes_on(stretch: _Stretch) -> ast.Call | None:
    """The transposition to channels-last with which the next statement begins, when that is the tensor's only use."""
    after, name = stretch.after, stretch.name
    if not isinstance(after, ast.Assign) or ast.unparse(after.targets[0]) != name:
        return None
    uses = [n for n in ast.walk(after.value) if isinstance(n, ast.Name) and n.id == name]
    found = [n for n in ast.walk(after.value) if isinstance(n, ast.Call) and _transposed(n, _FORTH) is not None]
    found = [n for n in found if ast.unparse(n.args[0]) == name]
    return found[0] if len(uses) == len(found) == 1 else None


def _applicable(info: _Class, foreign: set[str]) -> list[_Stretch]:
    """The stretches whose normalisations are called in stretches alone, and that save something."""
    found = list(_stretches(info))
    while True:
        nodes = (n for stretch in found for statement in stretch.middle for n in ast.walk(statement))
        covered = Counter(ast.unparse(n.func) for n in nodes if isinstance(n, ast.Call))
        movable = {
            name
            for name in info.norms.keys() - foreign
            if covered[f"self.{name}"] == info.calls(name) and f"self.{name}.build" in info.builds
        }
        kept = [s for s in found if s.norms <= movable and (s.norms or _goes_on(s) is not None)]
        if len(kept) == len(found):
            return kept
        found = kept


def fused(text: str) -> str:
    """The module's text with such stretches; as it is where it has none."""
    if "BatchNormalization(" not in text and _FORTH not in text:
        return text
    source = Source(text)
    data = text.encode("utf-8")
    edits: list[tuple[int, int, str]] = []
    classes = [n for n in source.tree.body if isinstance(n, ast.ClassDef)]
    foreign = {n.attr for n in ast.walk(source.tree) if isinstance(n, ast.Attribute) and ast.unparse(n.value) != "self"}
    bases = {ast.unparse(base) for node in classes for base in node.bases}
    for node in (n for n in classes if n.name not in bases):
        info = _Class(node)
        found = _applicable(info, foreign)
        for stretch in found:
            edits += _moved(source, stretch)
        for name in {norm for stretch in found for norm in stretch.norms}:
            edits += _last_axis(source, info, name)
    for start, end, new in sorted(edits, reverse=True):
        data = data[:start] + new.encode("utf-8") + data[end:]
    return data.decode("utf-8")


def _span(source: Source, node: ast.AST) -> tuple[int, int]:
    return source.start(node), source.end(node)


def _moved(source: Source, stretch: _Stretch) -> Iterator[tuple[int, int, str]]:
    """Leave out the transposition at the start, and write it at the end unless the next statement undoes it."""
    yield from _unwrapped(source, stretch.start.value)
    forth = _goes_on(stretch)
    if forth is not None:
        yield from _unwrapped(source, forth)
        return
    name, after = stretch.name, stretch.after
    back = f"tf.transpose({name}, {_BACK})"
    if isinstance(after, ast.Return) and after.value is not None and ast.unparse(after.value) == name:
        start, end = _span(source, after.value)
        yield start, end, back
        return
    last = stretch.middle[-1] if stretch.middle else stretch.start
    _, end = _span(source, last)
    yield end, end, f"\n{' ' * stretch.start.col_offset}{name} = {back}"


def _unwrapped(source: Source, call: ast.expr) -> Iterator[tuple[int, int, str]]:
    """`x` in place of `tf.transpose(x, perm=…)`; what stands in `x` keeps its own edits."""
    assert isinstance(call, ast.Call)
    statement = source.parents[call]
    if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == ast.unparse(call.args[0]):
        yield source.offset(statement.lineno, 0), source.offset((statement.end_lineno or 0) + 1, 0), ""  # `x = x`
        return
    (start, end), (inner, last) = _span(source, call), _span(source, call.args[0])
    yield start, inner, ""
    yield last, end, ""


def _last_axis(source: Source, info: _Class, name: str) -> Iterator[tuple[int, int, str]]:
    (made,) = info.norms[name]
    assert isinstance(made, ast.Call)
    axis = _first_axis(made)
    assert axis is not None
    start, _ = _span(source, axis)
    following = made.keywords[made.keywords.index(axis) + 1 :]
    end = _span(source, following[0])[0] if following else _span(source, axis)[1]
    yield start, end, ""
    shape = info.builds[f"self.{name}.build"]
    assert isinstance(shape, ast.List)
    channels = source.segment(shape.elts[1])
    yield (*_span(source, shape), f"[None, None, None, {channels}]")
