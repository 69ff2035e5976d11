"""What a tested cause is, and how much of a difference it explains. The ids are those of scaffold/compare/causes.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from compare_arrays import HIDDEN
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause that was tried: its id, the share of the difference it explains, what was found in words."""

    cause: str
    explained: float
    detail: str


@dataclass
class Context:
    """Arrays that PyTorch had at hand where the difference starts, by name."""

    values: list[tuple[str, Array]] = field(default_factory=list)

    def like(self, shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
        """Those of one shape."""
        return ((name, array) for name, array in self.values if array.shape == shape)


def explained(pt: Array, tf: Array, guess: Array) -> float:
    """How much of the difference between `pt` and `tf` goes away when TensorFlow is assumed to compute `guess`."""
    if guess.shape != tf.shape:
        return 0.0
    with np.errstate(all="ignore"):
        hidden = (pt <= HIDDEN) & (tf <= HIDDEN)
        left = np.abs(np.where(hidden, 0.0, tf - guess))
        total = np.abs(np.where(hidden, 0.0, tf - pt))
        noise = 1e-6 * max(1.0, float(np.max(np.abs(np.where(pt <= HIDDEN, 0.0, pt)), initial=0.0)))
        value = 1.0 - max(0.0, float(np.max(left, initial=0.0)) - noise) / max(float(np.max(total, initial=0.0)), 1e-30)
    return value if np.isfinite(value) else 0.0


def floats(pt: Array, tf: Array) -> tuple[Array, Array]:
    return pt.astype(np.float64), tf.astype(np.float64)


def shown_at(array: Array) -> Array:
    shown: Array = (array > HIDDEN) & np.isfinite(array)
    return shown
