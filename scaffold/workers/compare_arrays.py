"""How far two arrays are apart when their frameworks may order axes differently and hide masked places with other numbers.

Only numpy is needed here. Judged figure, as in `tf_compare`: max(|tf − pt| / scale), but inside a model the scale of a tensor is
also its root mean square: elements near zero of a tensor of hundreds carry the rounding of the hundreds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

TOLERANCE = 1e-5
#: What both frameworks push below this is hidden by both, whichever constant they use (-10000, the smallest float, …).
HIDDEN = -9000.0
_CHANNELS_LAST = {3: (0, 2, 1), 4: (0, 2, 3, 1), 5: (0, 2, 3, 4, 1)}


@dataclass(frozen=True, slots=True)
class Difference:
    """`error` is the judged figure (infinite where the shapes cannot be brought together), `axes` how PyTorch's array was
    transposed to lie like TensorFlow's (None: not at all), `note` the worst element in words.
    """

    error: float
    absolute: float
    axes: tuple[int, ...] | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        """Within the tolerance."""
        return self.error <= TOLERANCE


EQUAL = Difference(0.0, 0.0)


def orders(pt: tuple[int, ...], tf: tuple[int, ...], *, free: bool = False) -> Iterator[tuple[int, ...] | None]:
    """The orders of axes in which PyTorch's shape may lie in TensorFlow, likeliest first; None is as it is.

    Equal shapes leave the order open only where channels may be last; with `free` any order that fits is one.
    """
    rank = len(pt)
    if pt == tf:
        yield None
    if rank != len(tf) or rank < 2 or rank > 5 or sorted(pt) != sorted(tf):
        return
    last = _CHANNELS_LAST.get(rank)
    if last is not None and tuple(pt[i] for i in last) == tf and (pt != tf or rank > 3 or free):
        yield last
    if pt != tf or free:
        for axes in itertools.permutations(range(rank)):
            if axes not in (tuple(range(rank)), last) and tuple(pt[i] for i in axes) == tf:
                yield axes


def measure(pt: Array, tf: Array) -> tuple[float, float, int]:
    """Scaled and absolute error and the flat position of the worst element of two arrays of one shape."""
    if not pt.size:
        return 0.0, 0.0, 0
    if pt.dtype.kind == "b" and tf.dtype.kind == "b":
        wrong = pt != tf
        return float(wrong.any()), float(wrong.any()), int(np.argmax(wrong))
    a, b = pt.astype(np.float64), tf.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(b - a)
        same = (np.isnan(a) & np.isnan(b)) | (a == b) | ((a <= HIDDEN) & (b <= HIDDEN))
        apart = np.where(same, 0.0, np.where(np.isfinite(apart), apart, np.inf))
        usual = np.where(np.isfinite(a) & (a > HIDDEN), np.abs(a), 0.0)
        root = float(np.sqrt(np.mean(usual**2))) if usual.size else 0.0
        scaled = apart / np.maximum(max(1.0, root), usual)
    worst = int(np.argmax(scaled))
    return float(scaled.flat[worst]), float(apart.max()), worst


def _pad_inside(pt: Array, tf: Array) -> tuple[Array, Array] | None:
    """TensorFlow's array without a border that was put around it, where PyTorch's layer pads by itself."""
    if pt.ndim != tf.ndim or pt.ndim < 3:
        return None
    for axes in (None, _CHANNELS_LAST.get(pt.ndim)):
        turned = pt if axes is None else pt.transpose(axes)
        extra = [t - p for t, p in zip(tf.shape, turned.shape, strict=True)]
        spatial = extra[2:] if axes is None else extra[1:-1]
        if sum(map(abs, extra)) != sum(map(abs, spatial)) or min(spatial) < 0 or not max(spatial):
            continue
        inner = tf[tuple(slice(e // 2, e // 2 + p) for e, p in zip(extra, turned.shape, strict=True))]
        return turned, inner
    return None


def difference(pt: Array, tf: Array, *, free: bool = False, padded: bool = False) -> Difference:
    """Compare two arrays in the order of axes that brings them closest; `padded` allows a border around TensorFlow's."""
    pt, tf = np.asarray(pt), np.asarray(tf)
    best: Difference | None = None
    for axes in orders(pt.shape, tf.shape, free=free):
        turned = pt if axes is None else pt.transpose(axes)
        error, absolute, worst = measure(turned, tf)
        if best is None or error < best.error:
            best = Difference(error, absolute, axes, _worst(turned, tf, worst) if error > TOLERANCE else "")
        if best.error <= TOLERANCE:
            return best
    if best is not None:
        return best
    if pt.size == tf.size and (pt.squeeze().shape == tf.squeeze().shape or pt.ndim != tf.ndim):
        error, absolute, worst = measure(pt.reshape(tf.shape), tf)
        return Difference(error, absolute, None, _worst(pt.reshape(tf.shape), tf, worst) if error > TOLERANCE else "")
    inner = _pad_inside(pt, tf) if padded else None
    if inner is not None:
        error, absolute, worst = measure(*inner)
        return Difference(error, absolute, None, _worst(*inner, worst) if error > TOLERANCE else "")
    return Difference(np.inf, np.inf, None, f"shape {list(tf.shape)}, PyTorch has {list(pt.shape)}")


def _worst(pt: Array, tf: Array, worst: int) -> str:
    if not pt.ndim:
        return f"TensorFlow {float(tf):.8g}, PyTorch {float(pt):.8g}"
    place = ", ".join(str(int(i)) for i in np.unravel_index(worst, pt.shape))
    return f"at [{place}]: TensorFlow {float(tf.flat[worst]):.8g}, PyTorch {float(pt.flat[worst]):.8g}"


def lay(pt: Array, tf: Array) -> Array | None:
    """PyTorch's array in TensorFlow's place: its order of axes, its type, its border. None where it does not fit there."""
    pt, tf = np.asarray(pt), np.asarray(tf)
    kinds = {"f": "f", "i": "iu", "u": "iu", "b": "b"}
    if tf.dtype.kind not in kinds.get(pt.dtype.kind, ""):
        return None
    found = difference(pt, tf)
    if np.isfinite(found.error) or any(True for _ in orders(pt.shape, tf.shape)):
        turned = pt if found.axes is None else pt.transpose(found.axes)
        return turned.reshape(tf.shape).astype(tf.dtype)
    inner = _pad_inside(pt, tf)
    if inner is None:
        return None
    turned, _ = inner
    extra = [t - p for t, p in zip(tf.shape, turned.shape, strict=True)]
    border = [(e // 2, e - e // 2) for e in extra]
    return np.pad(turned, border, constant_values=tf.flat[0]).astype(tf.dtype)
