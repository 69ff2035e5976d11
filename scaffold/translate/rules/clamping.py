"""Bounds from below and above.

Source: torch's documentation, "torch.clamp": integers clamped to a floating bound become floats.
"""

from __future__ import annotations

from scaffold.translate.callsite import CallSite
from scaffold.translate.rule import Example, Rule, Unmapped
from scaffold.translate.rules._family import as_dtype, common_dtype, promoted, receiver, rewrites

RULES: list[Rule] = []


@rewrites(
    RULES,
    "clamp",
    "clip",
    ".clamp",
    ".clamp_",
    ".clip",
    ".clip_",
    args=("input", "min", "max", "out"),
    rank="same",
    examples=(
        Example("torch.clamp(a, min=-0.5, max=0.5)", "tf.clip_by_value(a, -0.5, 0.5)", "a: f32[2,3]"),
        Example("torch.clamp(a, 0, 1)", "tf.clip_by_value(a, 0.0, 1.0)", "a: f32[2,3]"),
        Example("torch.clamp(a, min=1e-9)", "tf.maximum(a, 1e-9)", "a: f32[2,3]"),
        Example("torch.clamp(i, max=n)", "tf.minimum(i, n)", "i: i64(0,9)[2,3], n: 4"),
    ),
)
def clamp(call: CallSite) -> str | Unmapped:
    """Between two bounds, or one."""
    tensor = receiver(call)

    def bound(name: str) -> str:
        arg = call.arg(name)
        dtype = tensor.dtype if arg.kind == "tensor" else common_dtype([tensor, arg])
        return as_dtype(arg, dtype, [tensor])

    bounds = [call.arg(name) for name in ("min", "max") if call.has(name)]
    clamped = promoted(tensor, *bounds)[0] if all(b.kind != "tensor" for b in bounds) else tensor.text
    if call.has("min") and call.has("max"):
        return f"tf.clip_by_value({clamped}, {bound('min')}, {bound('max')})"
    if call.has("min"):
        return f"tf.maximum({clamped}, {bound('min')})"
    return f"tf.minimum({clamped}, {bound('max')})"


@rewrites(
    RULES,
    "clamp_min",
    ".clamp_min",
    ".clamp_min_",
    args=("input", "min"),
    rank="same",
    examples=(
        Example("torch.clamp_min(a, 0.5)", "tf.maximum(a, 0.5)", "a: f32[2,3]"),
        Example("i.clamp_min(1.0)", "tf.maximum(tf.cast(i, tf.float32), 1.0)", "i: i64(0,9)[2,3]"),
    ),
)
def clamp_min(call: CallSite) -> str | Unmapped:
    """At least the bound; a floating bound makes floats of integers."""
    return clamp(call)


@rewrites(
    RULES,
    "clamp_max",
    ".clamp_max",
    ".clamp_max_",
    args=("input", "max"),
    rank="same",
    examples=(Example("torch.clamp_max(a, 0.5)", "tf.minimum(a, 0.5)", "a: f32[2,3]"),),
)
def clamp_max(call: CallSite) -> str | Unmapped:
    """At most the bound; a floating bound makes floats of integers."""
    return clamp(call)
