"""Inverses, determinants and Fourier transforms.

Source: torch's documentation, "torch.linalg" and "torch.fft".
"""

from __future__ import annotations

from scaffold.translate.callsite import CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import (
    both,
    invoke,
    receiver,
    rewrites,
)

RULES: list[Rule] = []


# -- inverses and transforms -------------------------------------------------------------------------------------------


def _matrix(name: str, tf: str, sample: str = "a @ a.mT + torch.eye(3)") -> list[Rule]:
    after = "a @ tf.linalg.matrix_transpose(a) + tf.eye(3)"
    return [
        Rule(
            torch=f"torch.{name}",
            args=("A",),
            tf=f"{tf}({{A}})",
            safety=Safety.CLOSE,
            examples=(Example(f"torch.{name}({sample})", f"{tf}({after})", "a: f32[3,3]"),),
        )
    ]


RULES += (
    _matrix("linalg.inv", "tf.linalg.inv")
    + _matrix("inverse", "tf.linalg.inv")
    + _matrix("linalg.pinv", "tf.linalg.pinv")
)
RULES += (
    _matrix("pinverse", "tf.linalg.pinv") + _matrix("linalg.det", "tf.linalg.det") + _matrix("det", "tf.linalg.det")
)
RULES += _matrix("linalg.cholesky", "tf.linalg.cholesky")
RULES += both(
    "trace",
    ("input",),
    "tf.linalg.trace({input})",
    rank=None,
    examples=[Example("torch.trace(a)", "tf.linalg.trace(a)", "a: f32[3,3]")],
)


@rewrites(
    RULES,
    "fft.fftn",
    args=("input", "n", "dim", "norm"),
    dtype="complex64",
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example("torch.fft.fftn(a, dim=(1, 2))", "tf.signal.fft2d(tf.cast(a, tf.complex64))", "a: f32[2,4,8]"),
        Example("torch.fft.fftn(a, dim=-1)", "tf.signal.fft(tf.cast(a, tf.complex64))", "a: f32[2,4,8]"),
    ),
)
def fftn(call: CallSite) -> str | Unmapped:
    """Over the last axes, up to three of them."""
    tensor, axes = receiver(call), call.constant("dim", -1)
    rank = call.need_rank(tensor)
    if isinstance(rank, Unmapped):
        return rank
    axes = [axes] if isinstance(axes, int) else list(axes or range(rank))
    last = sorted(axis % rank for axis in axes) == list(range(rank - len(axes), rank))
    if not last or len(axes) > 3 or call.has("n") or call.has("norm"):
        return call.refuse(
            "TFP102", "TensorFlow transforms the last axes in their own size only", "transpose before and after"
        )
    function = {1: "fft", 2: "fft2d", 3: "fft3d"}[len(axes)]
    complex_already = tensor.dtype == "complex64"
    return f"tf.signal.{function}({tensor.text if complex_already else f'tf.cast({tensor.text}, tf.complex64)'})"


@rewrites(
    RULES,
    "fft.fft",
    args=("input", "n", "dim", "norm"),
    dtype="complex64",
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example("torch.fft.fft(a, dim=-1)", "tf.signal.fft(tf.cast(a, tf.complex64))", "a: f32[2,4,8]"),
        Example("torch.fft.fft(a, dim=1)", "_fft(a, axis=1)", "a: f32[2,4,8]"),
    ),
)
def fft(call: CallSite) -> str | Unmapped:
    """Along one axis."""
    if call.has("n") or call.has("norm"):
        return call.refuse("TFP102", "TensorFlow transforms an axis in its own size only", "pad or scale it first")
    tensor = receiver(call)
    if call.constant("dim", -1) == -1:
        return fftn(call) if tensor.rank is not None else _along(call, "-1")
    return _along(call, call.text("dim"))


def _along(call: CallSite, axis: str) -> str:
    return f"_{call.emits('fft')}({receiver(call).text}, axis={axis})"


@rewrites(
    RULES,
    "fft.rfft",
    args=("input", "n", "dim", "norm"),
    dtype=None,
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example("torch.fft.rfft(a)", "tf.signal.rfft(a)", "a: f32[2,8]"),
        Example("torch.fft.rfft(a, n=n, dim=-1)", "tf.signal.rfft(a, fft_length=[n])", "a: f32[2,8], n: 6"),
    ),
)
def rfft(call: CallSite) -> str | Unmapped:
    """Over the last axis; other axes are moved there and back."""
    tensor, function = receiver(call), "tf.signal." + call.qualname.rsplit(".", 1)[1]
    length = f"[{call.text('n')}]" if call.has("n") else None
    axis = call.constant("dim", -1)
    if axis == -1 or (tensor.rank is not None and axis == tensor.rank - 1):
        return invoke(function, tensor.text, fft_length=length)
    rank = call.need_rank(tensor)
    if isinstance(rank, Unmapped) or not isinstance(axis, int) or call.has("norm"):
        return (
            rank
            if isinstance(rank, Unmapped)
            else call.refuse("TFP102", "the axis or `norm` is not literal", "write it out")
        )
    order = list(range(rank))
    order[axis], order[-1] = order[-1], order[axis]
    perm = f"perm=({', '.join(map(str, order))})"
    return f"tf.transpose({invoke(function, f'tf.transpose({tensor.text}, {perm})', fft_length=length)}, {perm})"


rewrites(
    RULES,
    "fft.irfft",
    args=("input", "n", "dim", "norm"),
    dtype="float32",
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example(
            "torch.fft.irfft(torch.complex(a, b), n=6, dim=-1)",
            "tf.signal.irfft(tf.complex(a, b), fft_length=[6])",
            "a: f32[2,4], b: f32[2,4]",
        ),
    ),
)(rfft)
