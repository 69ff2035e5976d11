"""Whether two arrays are one array interpolated in two ways. Source: translator.md §3, which resizing equals which."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from compare_finding import Array, Context, Finding

_CLOSE = 2e-3  # kernels are compared, not rounding, and a given scale factor is not quite the ratio of the sizes
_TORCH: tuple[tuple[str, dict[str, Any]], ...] = (
    ("bicubic", {"mode": "bicubic", "align_corners": False}),
    ("bicubic with aligned corners", {"mode": "bicubic", "align_corners": True}),
    ("bilinear", {"mode": "bilinear", "align_corners": False}),
    ("bilinear with aligned corners", {"mode": "bilinear", "align_corners": True}),
    ("nearest", {"mode": "nearest"}),
)
_TENSORFLOW = ("bicubic", "bilinear", "nearest")


def resize(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """Both recognised as interpolations of one array, but not the same one."""
    if pt.ndim != 4 or tf.ndim != 4 or sorted(pt.shape) != sorted(tf.shape):
        return
    for name, source in context.values:
        if source.ndim != 4 or source.dtype.kind != "f" or source.size == pt.size:
            continue
        for channels, other in itertools.product((1, 3), (1, 3)):
            image = np.moveaxis(source, channels, 3)
            theirs, ours = np.moveaxis(pt, other, 3), np.moveaxis(tf, other, 3) if tf.shape == pt.shape else tf
            if image.shape[3] != theirs.shape[3] or theirs.shape != ours.shape or image.shape[0] != theirs.shape[0]:
                continue
            yield from _recognised(name, image, theirs, ours)


def _recognised(name: str, image: Array, theirs: Array, ours: Array) -> Iterator[Finding]:
    import tensorflow
    import torch

    size = theirs.shape[1:3]
    first = torch.tensor(np.ascontiguousarray(np.moveaxis(image, 3, 1)))
    made = {
        text: np.moveaxis(torch.nn.functional.interpolate(first, size=size, **options).numpy(), 1, 3)
        for text, options in _TORCH
    }
    kernel = min(made, key=lambda text: float(np.max(np.abs(made[text] - theirs))))
    for method in _TENSORFLOW:
        guess = tensorflow.image.resize(image, size, method=method).numpy()
        left, total = float(np.max(np.abs(guess - ours))), float(np.max(np.abs(theirs - ours)))
        if left < _CLOSE < total:
            detail = f"TensorFlow resizes {name} with its {method}; PyTorch's is nearest to its own {kernel}"
            yield Finding("resize", 1.0 - left / total, detail)
