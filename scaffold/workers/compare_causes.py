"""Try what is known to make two frameworks differ on a pair of arrays that should be equal, and measure what it explains.

`explained` is 1 − (what is left of the difference when the cause is assumed) / (the difference), so a test cannot succeed by its
looks. PyTorch's values around the place (`Context`) are what a statement could have used by mistake. The ids are those of the
library's table, scaffold/compare/causes.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from compare_arrays import HIDDEN
from compare_finding import Array, Context, Finding, explained, floats, shown_at
from compare_places import halves, order, other_value, placement, reduction, selection, shift, softmax_axis
from compare_resize import resize

_ENOUGH = 0.98
_MAX_SIZE = 2_000_000
_MAX_VALUES = 60
_LARGE = 4096

Test = Callable[[Array, Array, Context], "Iterator[Finding]"]


def try_all(pt: Array, tf: Array, context: Context) -> list[Finding]:
    """The findings of all tests that explain nearly everything, best first; one a cause."""
    if pt.size > _MAX_SIZE or not pt.size:
        return []
    context = Context([(n, a) for n, a in context.values if 0 < a.size <= _MAX_SIZE][-_MAX_VALUES:])
    pt, tf, context = _first_example(pt, tf, context)
    found: dict[str, Finding] = {}
    for test in _TESTS:
        try:
            with np.errstate(all="ignore"):
                results = list(test(pt, tf, context))
        except (ValueError, IndexError, FloatingPointError, np.linalg.LinAlgError):
            continue
        for finding in results:
            if finding.explained >= _ENOUGH and (
                finding.cause not in found or finding.explained > found[finding.cause].explained
            ):
                found[finding.cause] = finding
    return sorted(found.values(), key=lambda f: -round(f.explained, 2))


def _first_example(pt: Array, tf: Array, context: Context) -> tuple[Array, Array, Context]:
    """Of a large batch the first example that differs: it shows what the others show."""
    batch = pt.shape[0] if pt.ndim > 1 and pt.shape == tf.shape else 0
    if batch < 2 or pt.size <= _LARGE:
        return pt, tf, context
    with np.errstate(all="ignore"):
        at = int(np.argmax(np.abs(tf - pt).reshape(batch, -1).max(-1)))
    one = slice(at, at + 1)
    values = [(n, a[one] if a.ndim > 1 and a.shape[0] == batch else a) for n, a in context.values]
    return pt[one], tf[one], Context(values)


def scale(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """TensorFlow's is a constant times PyTorch's."""
    if pt.shape != tf.shape or pt.dtype.kind != "f" or pt.size < 2:
        if pt.size == 1 and pt.dtype.kind == "f" and float(pt) and float(tf):
            yield _factor(float(tf) / float(pt), 1.0, context)
        return
    a, b = floats(pt, tf)
    use = shown_at(a) & shown_at(b)
    if not use.any() or not float(np.sum(a[use] ** 2)):
        return
    factor = float(np.sum(a[use] * b[use]) / np.sum(a[use] ** 2))
    if abs(factor - 1) > 1e-5 and abs(factor) > 1e-8 and float(np.std(a[use])) > 1e-9:
        yield _factor(factor, explained(a, b, np.where(use, factor * a, b)), context)


def _factor(factor: float, share: float, context: Context) -> Finding:
    sizes = sorted({n for _, array in context.values for n in array.shape if n > 1})
    for n in sizes:
        for power, text in ((0.5, f"√{n}"), (-0.5, f"1/√{n}"), (1.0, str(n)), (-1.0, f"1/{n}")):
            if math.isclose(factor, n**power, rel_tol=1e-4):
                return Finding("scale", share, f"TensorFlow's is {text} times PyTorch's (×{factor:.6g})")
        for power in (0.5, -0.5, 1, -1):
            if math.isclose(factor, (n / (n - 1)) ** power, rel_tol=1e-5):
                return Finding("biased_variance", share, f"a factor of ({n}/{n - 1})^{power}: divided by n or by n − 1")
    if math.isclose(factor, -1.0, rel_tol=1e-4):
        return Finding("sign", share, "TensorFlow's has the opposite sign")
    return Finding("scale", share, f"TensorFlow's is {factor:.6g} times PyTorch's")


def temperature(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """Both are probabilities, and their logarithms are multiples: the scores were scaled differently."""
    if pt.shape != tf.shape or pt.dtype.kind != "f" or pt.ndim < 2 or pt.shape[-1] < 3:
        return
    a, b = floats(pt, tf)
    if (
        min(a.min(), b.min()) < 0
        or not np.allclose(a.sum(-1), 1, atol=1e-3)
        or not np.allclose(b.sum(-1), 1, atol=1e-3)
    ):
        return
    use = (a > 1e-12) & (b > 1e-12)
    la, lb = (np.log(np.where(use, x, 1.0)) for x in (a, b))
    count = np.maximum(use.sum(-1, keepdims=True), 1)
    la, lb = (np.where(use, x - x.sum(-1, keepdims=True) / count, 0.0) for x in (la, lb))
    factor = float(np.sum(la * lb) / np.sum(la**2))
    guess = np.where(use, np.exp(factor * np.where(use, np.log(np.where(use, a, 1.0)), 0.0)), 0.0)
    guess /= guess.sum(-1, keepdims=True)
    if abs(factor - 1) > 1e-4:
        yield _factor(factor, explained(a, b, guess), context)


def addend(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """Something is not added, or added once too often; or not multiplied with."""
    if pt.shape != tf.shape or pt.dtype.kind != "f":
        return
    a, b = floats(pt, tf)
    for name, u in context.values:
        if u.dtype.kind != "f" or u.ndim > a.ndim or not _broadcasts(u.shape, a.shape):
            continue
        u = u.astype(np.float64)
        yield Finding("missing_term", explained(a, b, a - u), f"TensorFlow does not add {name}")
        yield Finding("extra_term", explained(a, b, a + u), f"TensorFlow adds {name} once more")
        yield Finding("missing_term", explained(a, b, a - 2 * u), f"TensorFlow subtracts {name} instead of adding it")
        if float(np.std(u)) > 0 or u.size == 1:
            yield Finding("scale", explained(a * 1.0, b, a / u), f"TensorFlow does not multiply with {name}")
            yield Finding(
                "scale",
                explained(a * 1.0, b, a * u),
                f"TensorFlow multiplies once more with {name}, or does not divide by it",
            )
    off = np.where(shown_at(a) & shown_at(b), b - a, 0.0)
    constant = float(np.median(off))
    if constant and abs(constant) > 1e-6:
        yield Finding(
            "constant", explained(a, b, np.where(shown_at(a), a + constant, b)), f"a constant {constant:+.6g} is added"
        )


def _broadcasts(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    return all(s in (1, n) for s, n in zip(reversed(small), reversed(large), strict=False))


def mask(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """They differ only where one of them hides something."""
    if pt.shape != tf.shape:
        return
    a, b = floats(pt, tf)
    if pt.dtype.kind == "b" or set(np.unique(a)) | set(np.unique(b)) <= {0.0, 1.0}:
        if np.array_equal(a, 1 - b):
            yield Finding("mask_inverted", 1.0, "hidden and shown are exchanged")
        return
    wrong = np.abs(a - b) > 1e-6 * np.maximum(1.0, np.abs(np.where(a <= HIDDEN, 1.0, a)))
    wrong &= ~((a <= HIDDEN) & (b <= HIDDEN))
    hidden_pt, hidden_tf = a <= HIDDEN, b <= HIDDEN
    if wrong.any() and hidden_pt.any() and np.array_equal(hidden_pt, ~hidden_tf):
        yield Finding("mask_inverted", 1.0, "hidden and shown are exchanged")
        return
    one = wrong & (hidden_pt ^ hidden_tf)
    if wrong.any() and np.array_equal(one, wrong):
        values = np.unique(np.round(np.where(hidden_pt, b, a)[wrong], 3))
        more = int((wrong & hidden_tf).sum()), int((wrong & hidden_pt).sum())
        text = f"{more[1]} places that PyTorch hides are not hidden ({values[0]:.6g} instead)" if more[1] else ""
        extra = f"{more[0]} places are hidden that PyTorch shows" if more[0] else ""
        same = len(values) == 1 or (hidden_pt & wrong).any()
        yield Finding("mask_value" if same and more[1] else "mask_places", 1.0, "; ".join(filter(None, (text, extra))))
    if pt.ndim >= 2 and a.min() >= 0 and np.allclose(a.sum(-1), 1, atol=1e-3) and np.allclose(b.sum(-1), 1, atol=1e-3):
        leaked = (a < 1e-30) & (b > 1e-12)
        lost = (b < 1e-30) & (a > 1e-12)
        rows = wrong.any(-1)
        if leaked.any() and np.array_equal(leaked.any(-1) | lost.any(-1), rows):
            yield Finding("mask_value", 0.99, f"probability at {int(leaked.sum())} places that PyTorch hides")
        elif lost.any() and np.array_equal(lost.any(-1), rows):
            yield Finding("mask_places", 0.99, f"no probability at {int(lost.sum())} places that PyTorch shows")


def dropout(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """Zeros at random places, the rest enlarged by one factor."""
    if pt.shape != tf.shape or pt.dtype.kind != "f":
        return
    a, b = floats(pt, tf)
    gone = (b == 0) & (np.abs(a) > 1e-9)
    kept = (b != 0) & (np.abs(a) > 1e-9)
    if gone.any() and kept.any():
        factor = float(np.median(b[kept] / a[kept]))
        share = explained(a, b, np.where(gone, 0.0, a * factor))
        yield Finding("dropout", share, f"{gone.mean():.0%} of the elements are zero, the others ×{factor:.4g}")


def epsilon(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """Rows that are multiples of each other, each with its own factor close to 1: a norm with another epsilon."""
    if pt.shape != tf.shape or pt.dtype.kind != "f" or pt.ndim < 2 or pt.shape[-1] < 3:
        return
    a, b = floats(pt, tf)
    for _, bias in [("", np.zeros(1)), *((n, u) for n, u in context.values if u.shape == pt.shape[-1:])]:
        x, y = a - bias, b - bias
        factors = (x * y).sum(-1, keepdims=True) / np.maximum((x**2).sum(-1, keepdims=True), 1e-30)
        one = float(factors.max() - factors.min())
        if one > 1e-7 and 0.2 < float(np.median(factors)) < 5:
            detail = f"each row is multiplied by its own factor, {factors.min():.6g} to {factors.max():.6g}"
            yield Finding("epsilon", explained(a, b, x * factors + bias), detail)


def _gelu_tanh(x: Array) -> Any:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


_erf = np.vectorize(math.erf, otypes=[np.float64])

ACTIVATIONS: dict[str, Callable[[Array], Any]] = {
    "gelu": lambda x: 0.5 * x * (1 + _erf(x / math.sqrt(2))),
    "gelu (tanh)": _gelu_tanh,
    "quick_gelu": lambda x: x / (1 + np.exp(-1.702 * x)),
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "relu²": lambda x: np.maximum(x, 0) ** 2,
    "silu": lambda x: x / (1 + np.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
    "leaky_relu 0.01": lambda x: np.where(x > 0, x, 0.01 * x),
    "leaky_relu 0.2": lambda x: np.where(x > 0, x, 0.2 * x),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "no activation": lambda x: x,
}


def activation(pt: Array, tf: Array, context: Context) -> Iterator[Finding]:
    """Another activation of the same array; only where PyTorch's own is recognised, too."""
    if pt.shape != tf.shape or pt.dtype.kind != "f":
        return
    a, b = floats(pt, tf)
    for name, u in context.like(pt.shape):
        x = np.clip(u.astype(np.float64), -60, 60)
        mine = min(ACTIVATIONS, key=lambda k: float(np.max(np.abs(ACTIVATIONS[k](x) - b))))
        theirs = min(ACTIVATIONS, key=lambda k: float(np.max(np.abs(ACTIVATIONS[k](x) - a))))
        if mine != theirs and np.allclose(ACTIVATIONS[theirs](x), a, atol=2e-5):
            share = explained(a, b, ACTIVATIONS[mine](x))
            yield Finding("activation", share, f"{mine} of {name}; PyTorch computes {theirs}")


_TESTS: tuple[Test, ...] = (
    mask,
    shift,
    scale,
    temperature,
    activation,
    dropout,
    softmax_axis,
    halves,
    other_value,
    addend,
    selection,
    order,
    placement,
    resize,
    reduction,
    epsilon,
)
