"""Pair the calls of both frameworks, feed PyTorch's inputs to one layer at a time, and find where a difference starts.

A layer is *off alone* when it answers PyTorch's own inputs with something else than PyTorch did; one that only passes on, or
amplifies, what came in is not. Source of truth: guide.md G42 (inner variables, top-down, until the first difference).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from compare_arrays import EQUAL, TOLERANCE, Array, Difference, difference, lay, orders
from compare_record import Call, Recording, bound_arguments, leaves, portable, record_keras
from compare_tree import ALONE, Tree

#: A layer whose inputs agree but whose output is this many times the tolerance apart cannot be excused as rounding.
_AMPLIFIED = 10.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arrays that should be equal, under the name PyTorch has for them."""

    name: str
    pt: Array
    tf: Array
    found: Difference


@dataclass(eq=False)
class Origin:
    """A place where a difference starts. `kind`: `layer` (a layer with no paired layer inside it), `code` (the layer's own
    statements, between `after` and `before`, paths of layers it calls), `error` (it raises). `pair` is what differs first.
    """

    path: str
    kind: str
    pt: Call
    tf: Call
    run: Call
    pair: Pair | None
    error: float
    before: Call | None = None
    after: Call | None = None
    twin_before: Call | None = None
    twin_after: Call | None = None
    message: str = ""
    causes: list[dict[str, Any]] = field(default_factory=list)
    variable: dict[str, Any] | None = None


def worst(pairs: list[Pair]) -> Difference:
    """The largest difference of several."""
    return max((p.found for p in pairs), key=lambda d: d.error, default=EQUAL)


def first_bad(pairs: list[Pair], tolerance: float) -> Pair | None:
    """The first pair that is too far apart."""
    return next((p for p in pairs if p.found.error > tolerance), None)


def _fits(pt: Array, tf: Array) -> bool:
    kinds = {"f": "f", "b": "b", "i": "iu", "u": "iu"}
    if tf.dtype.kind not in kinds.get(pt.dtype.kind, ""):
        return False
    return any(True for _ in orders(pt.shape, tf.shape)) or pt.ndim == tf.ndim


def _matched(pt: dict[str, Array], tf: dict[str, Array]) -> Iterator[tuple[str, Array, str, Array]]:
    """Arrays of one path first, then what is left in order, as far as the shapes fit."""
    left = dict(tf)
    rest = []
    for name, array in pt.items():
        if name in left and _fits(array, left[name]):
            yield name, array, name, left.pop(name)
        elif name not in left:
            rest.append((name, array))
    for name, array in rest:
        other = next((key for key, value in left.items() if key not in pt and _fits(array, value)), None)
        if other is not None:
            yield name, array, other, left.pop(other)


def input_pairs(pt: Call, tf: Call) -> list[Pair]:
    """The tensors that both calls were given."""
    ours = leaves(portable(tf.arguments))
    found = [Pair(name, a, b, difference(a, b, padded=True)) for name, a, _, b in _matched(leaves(pt.arguments), ours)]
    return [pair for pair in found if np.isfinite(pair.found.error) or pair.pt.ndim == pair.tf.ndim]


def output_pairs(pt: Call, tf: Call) -> list[Pair]:
    """The tensors that both calls returned. The first must be there; of the others, those that fit are compared."""
    theirs, ours = _activated(leaves(pt.output), pt, tf), leaves(tf.output)
    found = [Pair(name, a, b, difference(a, b)) for name, a, _, b in _matched(theirs, ours)]
    named = isinstance(pt.output, dict) and isinstance(tf.output, dict)
    main = [p for p in found if np.isfinite(p.found.error)]
    if theirs and ours and not named:
        (name, a), b = next(iter(theirs.items())), next(iter(ours.values()))
        if not any(p.name == name for p in found):
            return [Pair(name, a, b, difference(a, b)), *main]
        return [p for p in found if p.name == name or np.isfinite(p.found.error)]
    return found


def _activated(outputs: dict[str, Array], pt: Call, tf: Call) -> dict[str, Array]:
    """PyTorch's outputs after the activation that TensorFlow's layer has built in and PyTorch applies next."""
    function: Any = getattr(tf.owner, "activation", None)
    plain = function is None or getattr(function, "__name__", "") == "linear" or hasattr(pt.owner, "activation")
    if plain or not hasattr(tf.owner, "kernel") or not hasattr(pt.owner, "weight"):
        return outputs
    return {name: portable(function(array)) for name, array in outputs.items()}


def _replace(value: Any, path: str, new: dict[str, Any]) -> Any:
    """The value with the leaves at these paths replaced."""
    if path in new:
        return new[path]
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return type(value)(_replace(item, f"{path}/{i}", new) for i, item in enumerate(value))
    if type(value) is dict:
        return {key: _replace(item, f"{path}/{key}", new) for key, item in value.items()}
    return value


class Session:
    """Both models, their recordings of one case, and TensorFlow's layers run one at a time."""

    def __init__(self, tree: Tree, layer_class: Any, pt_root: Call, tf_root: Call) -> None:
        self.tree = tree
        self.layer_class = layer_class
        self.pt_root, self.tf_root = pt_root, tf_root
        self._runs: dict[int, Call] = {}

    def twins(self, pt: Call, tf: Call) -> Iterator[tuple[Call, Call | None]]:
        """TensorFlow's paired calls right below `tf` in their order, each with PyTorch's call of that path and turn."""
        table: dict[str, list[Call]] = {}
        for call in pt.walk():
            if call is not pt:
                table.setdefault(call.path, []).append(call)
        turns: dict[str, int] = {}

        def below(call: Call) -> Iterator[tuple[Call, Call | None]]:
            for child in call.children:
                if ALONE in child.path or child.path == tf.path or child.path not in table:
                    yield from below(child)
                    continue
                turn = turns.get(child.path, 0)
                turns[child.path] = turn + 1
                known = table[child.path]
                yield child, known[turn] if turn < len(known) else None

        yield from below(tf)

    def pairs(self) -> Iterator[tuple[Call, Call]]:
        """All paired calls (PyTorch's, TensorFlow's), each before those inside it."""

        def inside(pt: Call, tf: Call) -> Iterator[tuple[Call, Call]]:
            yield pt, tf
            for child, twin in self.twins(pt, tf):
                if twin is not None:
                    yield from inside(twin, child)

        yield from inside(self.pt_root, self.tf_root)

    def alone(self, pt: Call, tf: Call, watch: Callable[[Recording], Any] | None = None) -> Call:
        """Run the layer of `tf` on the inputs of `pt`; arguments that cannot be translated stay TensorFlow's own."""
        if tf is self.tf_root and watch is None:
            return tf
        if watch is None and id(tf) in self._runs:
            return self._runs[id(tf)]
        best = self._run(pt, tf, watch, filled=False)
        if watch is None:
            if best.error or worst(output_pairs(pt, best)).error > TOLERANCE:
                other = self._run(pt, tf, None, filled=True)
                better = worst(output_pairs(pt, other)).error < worst(output_pairs(pt, best)).error
                best = other if other.error is None and (better or best.error) else best
            self._runs[id(tf)] = best
        return best

    def again(self, pt: Call, tf: Call) -> float:
        """How far the layer is off on PyTorch's inputs now: for trying whether a change mends it."""
        run = self._run(pt, tf, None, filled=False)
        pairs = output_pairs(pt, run)
        return float("inf") if run.error or not pairs else worst(pairs).error

    def _run(self, pt: Call, tf: Call, watch: Any, *, filled: bool) -> Call:
        args, kwargs = self._arguments(pt, tf, filled)
        return self.call(tf, *args, watch=watch, **kwargs)

    def call(self, tf: Call, *args: Any, watch: Any = None, **kwargs: Any) -> Call:
        """One recorded call of a layer; what it raises is in the record."""
        with record_keras(self.layer_class, self.tree.paths) as recording:
            if watch is not None:
                watch(recording)
            try:
                tf.owner(*args, **kwargs)
            except Exception as error:  # kept in the call's record
                if not recording.roots:
                    return Call(tf.owner, tf.path, tf.arguments, tf.site, error=f"{type(error).__name__}: {error}")
        return recording.roots[0] if recording.roots else Call(tf.owner, tf.path, tf.arguments, tf.site)

    def _arguments(self, pt: Call, tf: Call, filled: bool) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """TensorFlow's recorded arguments with PyTorch's values in them."""
        import tensorflow

        if tf is self.tf_root:
            return tf.args, tf.kwargs
        ours, theirs = leaves(portable(tf.arguments)), leaves(pt.arguments)
        new: dict[str, Any] = {}
        for _, array, path, own in _matched(theirs, ours):
            value = lay(array, own)
            if value is not None:
                new[path] = tensorflow.constant(value)
        try:
            bound = bound_arguments(tf.owner.call, tf.args, tf.kwargs)
        except (TypeError, ValueError):
            return tf.args, tf.kwargs
        for name, value in bound.arguments.items():
            bound.arguments[name] = _replace(value, name, new)
        if filled:
            for name, array in theirs.items():
                if name in bound.signature.parameters and bound.arguments.get(name) is None:
                    bound.arguments[name] = tensorflow.constant(array)
        return bound.args, bound.kwargs

    def search(self, pt: Call, tf: Call, tolerance: float = TOLERANCE) -> Origin | None:
        """Where the difference starts inside this call, None when the layer is not off alone."""
        run = self.alone(pt, tf)
        last: tuple[Call, Call] | None = None
        paired = False
        for child, twin in self.twins(pt, run):
            if twin is None:
                continue
            paired = True
            bad = first_bad(input_pairs(twin, child), tolerance)
            if bad is not None:
                return self._origin(pt, tf, run, bad, last, (child, twin))
            outputs = output_pairs(twin, child)
            if child.error or worst(outputs).error > tolerance:
                inner = self.search(twin, child, tolerance)
                if inner is not None:
                    return inner
                if child.error or worst(outputs).error > _AMPLIFIED * tolerance:
                    return self._origin(pt, tf, run, first_bad(outputs, tolerance), last, (child, twin))
            last = (child, twin)
        bad = first_bad(output_pairs(pt, run), tolerance)
        if bad is None and run.error is None:
            return None
        origin = self._origin(pt, tf, run, bad, last, None)
        origin.kind = "error" if run.error else origin.kind if paired else "layer"
        return origin

    def _origin(
        self,
        pt: Call,
        tf: Call,
        run: Call,
        pair: Pair | None,
        after: tuple[Call, Call] | None,
        before: tuple[Call, Call] | None,
    ) -> Origin:
        return Origin(
            path=pt.path,
            kind="error" if run.error and before is None else "code",
            pt=pt,
            tf=tf,
            run=run,
            pair=pair,
            error=pair.found.error if pair else float("inf"),
            after=after[0] if after else None,
            twin_after=after[1] if after else None,
            before=before[0] if before else None,
            twin_before=before[1] if before else None,
            message=run.error or "",
        )
