"""The values that local variables take while one layer runs, in both frameworks, and the first that differs.

Ports keep the names of the original's variables, so the k-th value of `attention_scores` in `call` belongs beside the k-th in
`forward`. Where the counts differ, a value agrees if any later one of PyTorch's is equal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from compare_arrays import TOLERANCE, Array, Difference, difference, orders
from compare_record import leaves, portable

_SAME = {"call": "forward"}
_MAX_VALUES = 4000
_ALIKE = 0.9
_SMALLEST, _LARGEST = 16, 500_000


@dataclass(eq=False)
class Value:
    """What a variable was set to at `line`; `named` is off where PyTorch's is another variable that is nearly equal."""

    function: str
    name: str
    line: int
    file: str
    array: Array
    twin: Value | None = None
    found: Difference | None = None
    named: bool = True


@dataclass
class Trace:
    """The values of one run in their order."""

    values: list[Value] = field(default_factory=list)


def _is_model(name: str) -> bool:
    return Path(name).name.startswith("modeling_") and "/models/" in name.replace("\\", "/")


def _stamp(value: Any) -> tuple[int, Any]:
    return id(value), getattr(value, "_version", None) if hasattr(value, "detach") else None


@contextmanager
def tracing(active: Callable[[], bool]) -> Iterator[Trace]:
    """Record assignments in modelling files while the block runs, in frames that begin while `active()`."""
    trace = Trace()

    def local(frame: Any, known: dict[str, Any]) -> Any:
        last = [frame.f_lineno]

        def on_event(frame: Any, event: str, argument: Any) -> Any:
            if event in ("line", "return"):
                for name, value in list(frame.f_locals.items()):
                    if name in known and _stamp(value) == known[name][0]:
                        continue
                    known[name] = (_stamp(value), value)  # kept alive, or its identity could be given away
                    _keep(trace, frame, name, last[0], value)
                if event == "return" and argument is not None:
                    _keep(trace, frame, "return", last[0], argument)
                last[0] = frame.f_lineno
            return on_event

        return on_event

    def on_call(frame: Any, event: str, argument: Any) -> Any:
        if event != "call" or not _is_model(frame.f_code.co_filename) or not active():
            return None
        known = {name: (_stamp(value), value) for name, value in frame.f_locals.items()}
        return local(frame, known)

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        yield trace
    finally:
        sys.settrace(before)


def _keep(trace: Trace, frame: Any, name: str, line: int, value: Any) -> None:
    if len(trace.values) >= _MAX_VALUES or name.startswith("__") or name == "self":
        return
    if isinstance(value, float):  # whole numbers count things, and ports count differently
        value = np.asarray(value, dtype=np.float64)
    try:
        arrays = leaves(portable(value))
    except Exception:  # a value that is no tensor and not what it looks like
        return
    code = frame.f_code
    function = _SAME.get(code.co_name, code.co_name)
    for leaf, array in arrays.items():
        if array.dtype.kind in "fiub" and array.size:
            text = f"{name}[{leaf.replace('/', '][')}]" if leaf else name
            trace.values.append(Value(function, text, line, code.co_filename, array))


def align(pt: Trace, tf: Trace, *, free: bool = True) -> None:
    """Give each of TensorFlow's values its twin and how far they are apart."""
    theirs: dict[tuple[str, str], list[Value]] = {}
    ours: dict[tuple[str, str], list[Value]] = {}
    for table, trace in ((theirs, pt), (ours, tf)):
        for value in trace.values:
            values = table.setdefault((value.function, value.name), [])
            if not values or not np.array_equal(values[-1].array, value.array):  # dropout that does nothing is no step
                values.append(value)
    for key, values in ours.items():
        if key in theirs:
            _judge_named(values, theirs[key], free)
        else:
            _judge_unnamed(values, pt.values, free)


def _judge_named(values: list[Value], known: list[Value], free: bool) -> None:
    """Values of a variable that both have, in their order; where the counts differ, beside the next equal one."""
    position = 0
    for number, value in enumerate(values):
        if len(known) == len(values):
            _judge(value, known[number], free)
            continue
        for at in range(position, len(known)):
            if _comparable(known[at], value) and difference(known[at].array, value.array, free=free).ok:
                _judge(value, known[at], free)
                position = at
                break
        else:
            at = len(known) - (len(values) - number)  # counted from the end: a step is missing or added before
            _judge(value, known[min(max(at, 0), len(known) - 1)], free)


def _judge_unnamed(values: list[Value], others: list[Value], free: bool) -> None:
    """Values of a variable that PyTorch has not: beside PyTorch's value that is equal, or nearly so."""
    for value in values:
        close = [(likeness(other.array, value.array), other) for other in others if _comparable(other, value)]
        best = max(close, key=lambda pair: pair[0], default=(0.0, None))
        if best[1] is not None and best[0] > _ALIKE:
            value.named = False
            _judge(value, best[1], free)


def likeness(pt: Array, tf: Array) -> float:
    """Correlation of two arrays of floats in the order of axes that brings it highest; 0 where the shapes do not fit."""
    if pt.dtype.kind != "f" or tf.dtype.kind != "f" or not _SMALLEST <= pt.size <= _LARGEST:
        return 0.0
    best = 0.0
    for axes in orders(pt.shape, tf.shape, free=True):
        a, b = (pt if axes is None else pt.transpose(axes)).ravel(), tf.ravel()
        spread = float(np.std(a) * np.std(b))
        if spread > 0 and np.isfinite(spread):
            best = max(best, float(np.mean((a - a.mean()) * (b - b.mean()))) / spread)
    return best


def _comparable(pt: Value, tf: Value) -> bool:
    kinds = ("f", "iu", "b")
    return any(pt.array.dtype.kind in kind and tf.array.dtype.kind in kind for kind in kinds)


def _judge(value: Value, twin: Value, free: bool) -> None:
    if _comparable(twin, value):
        value.twin = twin
        value.found = difference(twin.array, value.array, free=free)


def first_difference(tf: Trace, tolerance: float = TOLERANCE, *, named: bool = True) -> Value | None:
    """TensorFlow's first value that differs from its twin, of those whose twin has (or has not) the same name."""
    found = (v for v in tf.values if v.found is not None and v.found.error > tolerance)
    return next((v for v in found if v.named is named), None)
