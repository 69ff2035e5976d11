"""Causes that put right numbers in wrong places: another position, axis, order or variable."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from compare_finding import Array, Context, Finding, explained, floats

_ENOUGH = 0.98


def shift(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """Integers that are off by a constant, or elements that stand one place further on."""
    if pt.shape != tf.shape:
        return
    a, b = floats(pt, tf)
    if pt.dtype.kind in "iu":
        off = np.unique(b - a)
        if len(off) == 1:
            yield Finding("off_by_one", 1.0, f"every position is {off[0]:+g}")
        shifted = np.unique((b - a)[a != b])
        if len(off) == 2 and len(shifted) == 1:
            yield Finding("off_by_one", 0.99, f"{int((a != b).sum())} positions are {shifted[0]:+g}, the others agree")
        return
    for axis, step in itertools.product(range(pt.ndim), (1, -1, 2, -2)):
        n = pt.shape[axis]
        if n <= abs(step) + 1:
            continue
        keep = slice(max(step, 0), n + min(step, 0))
        was = slice(max(-step, 0), n - max(step, 0))
        new, old = (np.take(x, range(*s.indices(n)), axis) for x, s in ((b, keep), (a, was)))
        same = np.take(a, range(*keep.indices(n)), axis)
        yield Finding("off_by_one", explained(same, new, old), f"moved by {step:+d} along axis {axis}")


def selection(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """Another element or slice of the same array was taken."""
    for name, u in context.values:
        for axis in range(u.ndim):
            whole = tuple(n for i, n in enumerate(u.shape) if i != axis)
            if whole == tf.shape and u.shape[axis] <= 4096:
                every = np.moveaxis(u, axis, 0).astype(np.float64)
                yield from _one_of(pt, tf, every, f"{name} along axis {axis}")
            rest = whole == tuple(n for i, n in enumerate(tf.shape) if i != axis) and tf.ndim == u.ndim
            if rest and tf.ndim and tf.shape[axis] < u.shape[axis] <= 4096:
                size = tf.shape[axis]
                every = np.stack([np.take(u, range(i, i + size), axis) for i in range(u.shape[axis] - size + 1)])
                yield from _one_of(pt, tf, every.astype(np.float64), f"the slice of {name} along axis {axis}")


def _one_of(pt: Array, tf: Array, every: Array, what: str) -> Iterator[Finding]:
    apart = np.abs(every - tf).reshape(len(every), -1).max(-1)
    mine = int(np.argmin(apart))
    if pt.shape == tf.shape:
        theirs = int(np.argmin(np.abs(every - pt).reshape(len(every), -1).max(-1)))
        if mine != theirs:
            detail = f"TensorFlow takes {what} at {mine}, PyTorch at {theirs}"
            yield Finding("off_by_one", explained(pt.astype(float), tf.astype(float), every[mine]), detail)


def order(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """The same numbers in another order of axes, alone or before a reshape; of another array, it is that array."""
    a, b = floats(pt, tf)
    for name, u in [("PyTorch's", a), *context.values]:
        if u.size != b.size or u.ndim > 5 or u.ndim < 2:
            continue
        guesses = [
            u.transpose(axes).reshape(b.shape).astype(np.float64) for axes in itertools.permutations(range(u.ndim))
        ]
        mine = _first_equal(guesses, b)
        theirs = _first_equal(guesses, a) if a.shape == b.shape else 0
        axes = list(itertools.permutations(range(u.ndim)))
        if mine is None or mine == theirs or (mine == 0 and u.shape == b.shape):
            continue
        if theirs is None:
            yield Finding("other_value", 0.99, f"TensorFlow's is {name} with axes {list(axes[mine])}, then reshaped")
        else:
            yield Finding("axes", 1.0, f"TensorFlow's is {name} with axes {list(axes[mine])}, then reshaped")


def _first_equal(guesses: list[Array], value: Array) -> int | None:
    scale = max(1.0, float(np.max(np.abs(value), initial=0.0)))
    return next((n for n, guess in enumerate(guesses) if np.allclose(guess, value, atol=1e-5 * scale)), None)


def placement(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """PyTorch's array inside a larger one, but not in its middle: padded on other sides, or by another amount."""
    if pt.ndim != tf.ndim or pt.ndim < 3 or pt.shape == tf.shape:
        return
    for axes in (tuple(range(pt.ndim)), (0, *range(2, pt.ndim), 1)):
        turned = pt.transpose(axes)
        extra = [t - p for t, p in zip(tf.shape, turned.shape, strict=True)]
        if min(extra) < 0 or int(np.prod([e + 1 for e in extra])) > 4096:
            continue
        for offset in itertools.product(*(range(e + 1) for e in extra)):
            inner = tf[tuple(slice(o, o + p) for o, p in zip(offset, turned.shape, strict=True))]
            if np.allclose(inner, turned, atol=1e-5):
                around = [(o, e - o) for o, e in zip(offset, extra, strict=True)]
                yield Finding("padding", 1.0, f"TensorFlow pads by {around}")
                return


def softmax_axis(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """A softmax over another axis."""
    if pt.shape != tf.shape or pt.ndim < 2 or pt.dtype.kind != "f":
        return
    a, b = floats(pt, tf)
    for name, u in context.like(pt.shape):
        every = [np.exp(u - u.max(axis, keepdims=True)) for axis in range(pt.ndim)]
        every = [e / e.sum(axis, keepdims=True) for axis, e in enumerate(every)]
        theirs = next((axis for axis, e in enumerate(every) if np.allclose(e, a, atol=1e-5)), None)
        for axis, e in enumerate(every) if theirs is not None else ():
            if axis != theirs:
                text = f"softmax of {name} over axis {axis}; PyTorch's is over {theirs}"
                yield Finding("axis", explained(a, b, e), text)


def other_value(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """TensorFlow goes on with something else that PyTorch has at hand."""
    if pt.shape != tf.shape:
        return
    a, b = floats(pt, tf)
    for name, u in context.like(pt.shape):
        if not np.allclose(u, a, atol=1e-6):
            yield Finding("other_value", explained(a, b, u.astype(np.float64)), f"TensorFlow's is {name}")


def halves(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """The parts of a concatenation in another order, or with the sign on the wrong one."""
    if pt.shape != tf.shape or pt.dtype.kind != "f":
        return
    a, b = floats(pt, tf)
    for axis in range(pt.ndim):
        n = pt.shape[axis]
        for cut in {n // 2, *(u.shape[axis] for _, u in context.values if u.ndim == pt.ndim)}:
            if not 0 < cut < n:
                continue
            first, second = np.split(a, [cut], axis)
            for left, right in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
                guess = np.concatenate([left * second, right * first], axis)
                yield Finding(
                    "concatenation", explained(a, b, guess), f"the parts along axis {axis} are exchanged at {cut}"
                )
            for left, right in ((-1, 1), (1, -1), (-1, -1)):
                guess = np.concatenate([left * first, right * second], axis)
                yield Finding("sign", explained(a, b, guess), f"the sign of a part along axis {axis} (cut at {cut})")


def reduction(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """A mean, sum or maximum over other axes, or another of the three."""
    kinds: tuple[tuple[str, Callable[..., Any]], ...] = (("mean", np.mean), ("sum", np.sum), ("max", np.max))
    a, b = floats(pt, tf)
    for name, u in context.values:
        if u.ndim < 2 or u.dtype.kind != "f":
            continue
        for (kind, function), keep in itertools.product(kinds, (False, True)):
            for count in (1, 2):
                for axes in itertools.combinations(range(u.ndim), count):
                    guess = function(u.astype(np.float64), axis=axes, keepdims=keep)
                    if guess.shape == b.shape and a.shape == b.shape:
                        yield Finding("axis", explained(a, b, guess), f"{kind} of {name} over axes {list(axes)}")
