"""Sorting, searching in sorted tensors, and counting.

Source: torch's documentation, "Comparison Ops". Indices are int32, as everywhere in the ports.
"""

from __future__ import annotations

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import (
    atom,
    both,
    invoke,
    promoted,
    receiver,
    rewrites,
)

RULES: list[Rule] = []


# -- order -------------------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    "topk",
    ".topk",
    args=("input", "k", "dim", "largest", "sorted", "out"),
    result="values_indices",
    safety=Safety.CLOSE,
    examples=(
        Example("torch.topk(a, n, dim=-1)", "tf.math.top_k(a, k=n)", "a: f32[2,5], n: 3"),
        Example("torch.topk(a, k=2)", "tf.math.top_k(a, k=2)", "a: f32[2,5]"),
        Example("torch.topk(a, 2, dim=1, largest=True, sorted=False)", "tf.math.top_k(a, k=2)", "a: f32[2,5]"),
    ),
)
def topk(call: CallSite) -> str | Unmapped:
    """Along the last axis; which of equal elements comes first is not defined in torch."""
    tensor, axis = receiver(call), call.constant("dim", -1)
    last = axis in (-1, None) or (tensor.rank is not None and axis == tensor.rank - 1)
    if not last or call.constant("largest", True) is not True:
        return call.refuse("TFP102", "tf.math.top_k takes the largest along the last axis", "transpose or negate first")
    return f"tf.math.top_k({tensor.text}, k={call.text('k')})"


def _direction(call: CallSite) -> str | None:
    descending = call.constant("descending", False)
    if descending is False:
        return None
    return '"DESCENDING"' if descending is True else f'"DESCENDING" if {call.text("descending")} else "ASCENDING"'


def _last_axis(call: CallSite) -> str | None:
    return None if call.constant("dim", -1) == -1 else call.text("dim")


@rewrites(
    RULES,
    "sort",
    ".sort",
    args=("input", "dim", "descending", "stable", "out"),
    result="values_indices",
    examples=(
        Example("torch.sort(a, dim=1)", "(tf.sort(a, axis=1), tf.argsort(a, axis=1, stable=True))", "a: f32[2,5]"),
        Example(
            "torch.sort(a, -1, descending=True)",
            '(tf.sort(a, direction="DESCENDING"), tf.argsort(a, direction="DESCENDING", stable=True))',
            "a: f32[2,5]",
        ),
    ),
)
def sort(call: CallSite) -> str | Unmapped:
    """Values and indices."""
    text, axis, direction = receiver(call).text, _last_axis(call), _direction(call)
    values = invoke("tf.sort", text, axis=axis, direction=direction)
    return f"({values}, {invoke('tf.argsort', text, axis=axis, direction=direction, stable='True')})"


@rewrites(
    RULES,
    "argsort",
    ".argsort",
    args=("input", "dim", "descending", "stable"),
    dtype="int64",
    rank="same",
    examples=(
        Example("torch.argsort(a, dim=-1)", "tf.argsort(a, stable=True)", "a: f32[2,5]"),
        Example(
            "torch.argsort(a, 0, descending=True)",
            'tf.argsort(a, axis=0, direction="DESCENDING", stable=True)',
            "a: f32[5,2]",
        ),
    ),
)
def argsort(call: CallSite) -> str | Unmapped:
    """Stable, as torch is on a CPU."""
    direction = _direction(call)
    return invoke("tf.argsort", receiver(call).text, axis=_last_axis(call), direction=direction, stable="True")


def _searched(call: CallSite, boundaries: Arg, values: Arg, right: bool) -> str | Unmapped:
    side = ', side="right"' if right else ""
    a, b = promoted(boundaries, values)
    if values.rank is None or values.rank == boundaries.rank:
        return f"tf.searchsorted({a}, {b}{side})"
    if values.rank == 0:
        return f"tf.searchsorted({a}, {atom(b)}[None]{side})[0]"
    return f"tf.reshape(tf.searchsorted({a}, tf.reshape({b}, [-1]){side}), {call.shape(values)})"


@rewrites(
    RULES,
    "bucketize",
    args=("input", "boundaries", "out_int32", "right"),
    dtype="int64",
    rank="same",
    examples=(
        Example("torch.bucketize(a, b)", "tf.searchsorted(b, a)", "a: f32(0,5)[6], b: f32sorted[4]"),
        Example(
            "torch.bucketize(a, b, right=True)",
            'tf.reshape(tf.searchsorted(b, tf.reshape(a, [-1]), side="right"), shape_list(a))',
            "a: f32(0,5)[2,3], b: f32sorted[4]",
        ),
    ),
)
def bucketize(call: CallSite) -> str | Unmapped:
    """`right` is the side that searching starts from."""
    return _searched(call, call.arg("boundaries"), receiver(call), call.constant("right", False) is True)


@rewrites(
    RULES,
    "searchsorted",
    args=("sorted_sequence", "input", "out_int32", "right", "side"),
    dtype="int64",
    rank="same",
    examples=(
        Example(
            "torch.searchsorted(b, a, right=True)",
            'tf.searchsorted(b, a, side="right")',
            "a: f32(0,5)[6], b: f32sorted[4]",
        ),
    ),
)
def searchsorted(call: CallSite) -> str | Unmapped:
    """One row of boundaries serves values of any rank."""
    right = call.constant("right", False) is True or call.constant("side") == "right"
    return _searched(call, call.arg("sorted_sequence"), call.arg("input"), right)


@rewrites(
    RULES,
    "unique",
    ".unique",
    args=("input", "sorted", "return_inverse", "return_counts", "dim"),
    examples=(Example("torch.unique(i)", "tf.sort(tf.unique(tf.reshape(i, [-1])).y)", "i: i64(0,3)[2,4]"),),
)
def unique(call: CallSite) -> str | Unmapped:
    """torch sorts, TensorFlow keeps the order of appearance."""
    if call.has("return_inverse") or call.has("return_counts") or call.has("dim"):
        return call.refuse("TFP102", "only the values themselves can be had", "see tf.unique_with_counts")
    return f"tf.sort(tf.unique(tf.reshape({receiver(call).text}, [-1])).y)"


@rewrites(
    RULES,
    "unique_consecutive",
    ".unique_consecutive",
    args=("input", "return_inverse", "return_counts", "dim"),
    examples=(
        Example("torch.unique_consecutive(i)", "_unique_consecutive(i)", "i: i64(0,2)[9]"),
        Example(
            "torch.unique_consecutive(i, return_counts=True)",
            "_unique_consecutive(i, return_counts=True)",
            "i: i64(0,2)[9]",
        ),
    ),
)
def unique_consecutive(call: CallSite) -> str | Unmapped:
    """An emitted function: the first element of every run."""
    if call.has("return_inverse") or call.has("dim"):
        return call.refuse("TFP102", "only values and counts can be had", "see tf.unique_with_counts")
    counts = call.text("return_counts") if call.constant("return_counts", False) is not False else None
    return invoke(f"_{call.emits('unique_consecutive')}", receiver(call).text, return_counts=counts)


RULES += both(
    "bincount",
    ("input", "weights", "minlength"),
    "tf.math.bincount({input}, weights={weights}, minlength={minlength})",
    dtype="int64",
    rank=None,
    examples=[Example("torch.bincount(i, minlength=5)", "tf.math.bincount(i, minlength=5)", "i: i64(0,3)[6]")],
)
