"""Normalisation as functions, padding, embedding look-up, similarity and attention.

Source: torch's documentation, "torch.nn.functional". The emitted functions lie in templates/model/functions.
"""

from __future__ import annotations

import ast

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import given, invoke, number, rewrites

RULES: list[Rule] = []
_F = "nn.functional."


@rewrites(
    RULES,
    f"{_F}normalize",
    args=("input", "p", "dim", "eps", "out"),
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example("F.normalize(a, dim=-1)", "tf.math.l2_normalize(a, axis=-1, epsilon=1e-24)", "a: f32[2,3]"),
        Example("F.normalize(a, p=2.0, dim=2)", "tf.math.l2_normalize(a, axis=2, epsilon=1e-24)", "a: f32[2,3,4]"),
        Example("F.normalize(a)", "tf.math.l2_normalize(a, axis=1, epsilon=1e-24)", "a: f32[2,3]"),
        Example(
            "F.normalize(a, p=1, dim=-1)",
            "a / tf.maximum(tf.norm(a, ord=1, axis=-1, keepdims=True), 1e-12)",
            "a: f32[2,3]",
        ),
    ),
)
def normalize(call: CallSite) -> str | Unmapped:
    """TensorFlow bounds the square of the norm."""
    tensor, axis, eps = call.arg("input"), call.text("dim", "1"), call.constant("eps", 1e-12)
    if call.constant("p", 2) in (2, 2.0):
        if not isinstance(eps, float | int):
            return call.refuse("TFP111", "argument `eps` is not a literal", "write the number")
        return f"tf.math.l2_normalize({tensor.text}, axis={axis}, epsilon={eps**2:g})"
    norm = f"tf.norm({tensor.text}, ord={call.text('p')}, axis={axis}, keepdims=True)"
    return f"{tensor.atom} / tf.maximum({norm}, {call.text('eps', '1e-12')})"


@rewrites(
    RULES,
    f"{_F}layer_norm",
    "layer_norm",
    args=("input", "normalized_shape", "weight", "bias", "eps"),
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example(
            "F.layer_norm(a, (3,), w, b, eps=1e-6)",
            "_layer_norm(a, weight=w, bias=b, eps=1e-6)",
            "a: f32[2,3], w: f32[3], b: f32[3]",
        ),
        Example("F.layer_norm(a, a.shape[1:])", "_layer_norm(a, axes=2)", "a: f32[2,3,4]"),
    ),
)
def layer_norm(call: CallSite) -> str | Unmapped:
    """Over as many of the last axes as the shape has."""
    tensor, shape = call.arg("input"), call.arg("normalized_shape")
    axes = _length(tensor, shape)
    if axes is None:
        return call.refuse("TFP110", "the number of normalised axes is not known", "write the shape as a tuple")
    return invoke(
        f"_{call.emits('layer_norm')}",
        tensor.text,
        axes=None if axes == 1 else str(axes),
        weight=given(call, "weight"),
        bias=given(call, "bias"),
        eps=given(call, "eps"),
    )


def _length(tensor: Arg, shape: Arg) -> int | None:
    """Number of items of a shape: seen, displayed, or what a slice of the tensor's own shape leaves."""
    if isinstance(shape.node, ast.Tuple | ast.List):
        return len(shape.node.elts)
    if shape.kind == "int":
        return 1
    if shape.kind in ("size", "tuple", "list") and shape.rank is not None:
        return shape.rank
    node = shape.node
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Slice) or node.slice.upper is not None:
        return None
    try:
        start = ast.literal_eval(node.slice.lower) if node.slice.lower is not None else 0
    except ValueError:
        return None
    if start < 0:
        return int(-start)
    return None if tensor.rank is None else tensor.rank - int(start)


def _affine(call: CallSite, name: str, *args: str, **keywords: str | None) -> str:
    return invoke(
        f"_{call.emits(name)}",
        *args,
        weight=given(call, "weight"),
        bias=given(call, "bias"),
        **keywords,
        eps=given(call, "eps"),
    )


@rewrites(
    RULES,
    f"{_F}group_norm",
    "group_norm",
    args=("input", "num_groups", "weight", "bias", "eps"),
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example(
            "F.group_norm(a, 2, w, b, 1e-6)",
            "_group_norm(a, 2, weight=w, bias=b, eps=1e-6)",
            "a: f32[2,4,3,5], w: f32[4], b: f32[4]",
        ),
        Example("F.group_norm(a, num_groups=4)", "_group_norm(a, 4)", "a: f32[2,4,3]"),
    ),
)
def group_norm(call: CallSite) -> str | Unmapped:
    """An emitted function."""
    return _affine(call, "group_norm", call.text("input"), call.text("num_groups"))


@rewrites(
    RULES,
    f"{_F}batch_norm",
    args=("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
    rank="same",
    safety=Safety.REVIEW,
    note="Running statistics are not updated.",
    examples=(
        Example(
            "F.batch_norm(a, None, None, training=True, momentum=0.0, eps=1e-6)",
            "_batch_norm(a, eps=1e-6)",
            "a: f32[2,4,5]",
        ),
        Example(
            "F.batch_norm(a, m, v, w, b)",
            "_batch_norm(a, mean=m, variance=v, weight=w, bias=b)",
            "a: f32[2,4,5], m: f32[4], v: f32(1,2)[4], w: f32[4], b: f32[4]",
        ),
    ),
)
def batch_norm(call: CallSite) -> str | Unmapped:
    """By the given statistics, or the batch's own."""
    keywords = {"mean": given(call, "running_mean"), "variance": given(call, "running_var")}
    training = call.constant("training", False)
    return invoke(
        f"_{call.emits('batch_norm')}",
        call.text("input"),
        mean=keywords["mean"],
        variance=keywords["variance"],
        weight=given(call, "weight"),
        bias=given(call, "bias"),
        training=None if training is False or not call.has("running_mean") else call.text("training"),
        eps=given(call, "eps"),
    )


# -- padding -----------------------------------------------------------------------------------------------------------


def _pairs(call: CallSite, pad: Arg) -> list[tuple[str, str]] | None:
    """(before, after) of each axis, first axis first; torch lists them from the last axis on."""
    if isinstance(pad.node, ast.Tuple | ast.List):
        if any(isinstance(item, ast.Starred) for item in pad.node.elts):
            return None
        texts = [call.engine.expression(item) for item in pad.node.elts]
    elif pad.kind in ("tuple", "list") and pad.rank is not None and isinstance(pad.node, ast.Name | ast.Attribute):
        texts = [f"{pad.atom}[{i}]" for i in range(pad.rank)]
    else:
        return None
    return [(texts[i], texts[i + 1]) for i in range(len(texts) - 2, -1, -2)]


@rewrites(
    RULES,
    f"{_F}pad",
    args=("input", "pad", "mode", "value"),
    rank="same",
    examples=(
        Example("F.pad(a, (1, n))", "tf.pad(a, [[0, 0], [1, n]])", "a: f32[2,3], n: 2"),
        Example("F.pad(a, (0, 1, 2, 3))", "tf.pad(a, [[0, 0], [2, 3], [0, 1]])", "a: f32[2,3,4]"),
        Example('F.pad(a, (1, 1), "constant", 2)', "tf.pad(a, [[0, 0], [1, 1]], constant_values=2.0)", "a: f32[2,3]"),
        Example(
            "F.pad(a, p, value=-1.0)",
            "tf.pad(a, [[0, 0], [p[2], p[3]], [p[0], p[1]]], constant_values=-1.0)",
            "a: f32[2,3,4], p: (1, 0, 2, 3)",
        ),
        Example(
            'F.pad(a, (1, 2), mode="reflect")', 'tf.pad(a, [[0, 0], [0, 0], [1, 2]], mode="REFLECT")', "a: f32[2,3,4]"
        ),
        Example(
            'F.pad(a, (1, 2), mode="replicate")',
            '_pad_edges(a, [[0, 0], [0, 0], [1, 2]], mode="replicate")',
            "a: f32[2,3,4]",
        ),
        Example("F.pad(m, (1, 0), value=True)", "tf.pad(m, [[0, 0], [1, 0]], constant_values=True)", "m: bool[2,3]"),
        Example("F.pad(a, (0, -1))", "a[:, :-1]", "a: f32[2,3]"),
        Example("F.pad(a, (0, 0, 1, -1))", "tf.pad(a[:, :-1, :], [[0, 0], [1, 0], [0, 0]])", "a: f32[2,3,4]"),
    ),
)
def pad(call: CallSite) -> str | Unmapped:
    """One pair for each axis, from the first on; negative numbers crop."""
    tensor, pairs = call.arg("input"), _pairs(call, call.arg("pad"))
    rank = call.need_rank(tensor)
    if pairs is None or isinstance(rank, Unmapped):
        return _at_run_time(call, tensor)
    pairs = [("0", "0")] * (rank - len(pairs)) + pairs
    if any(side.startswith("-") for pair in pairs for side in pair):
        return _cropped(call, tensor, pairs)
    text = "[" + ", ".join(f"[{before}, {after}]" for before, after in pairs) + "]"
    mode = call.constant("mode", "constant")
    if mode in ("replicate", "circular"):
        return f'_{call.emits("pad_edges")}({tensor.text}, {text}, mode="{mode}")'
    if mode == "reflect":
        return f'tf.pad({tensor.text}, {text}, mode="REFLECT")'
    if mode != "constant":
        return _at_run_time(call, tensor)
    value = call.arg("value") if call.has("value") and call.constant("value") not in (0, 0.0) else None
    return invoke("tf.pad", tensor.text, text, constant_values=None if value is None else number(value, tensor.dtype))


def _at_run_time(call: CallSite, tensor: Arg) -> str:
    """An emitted function that knows the rank, the sizes and the mode when it runs."""
    call.uses("shape_list")
    mode = None if call.constant("mode", "constant") == "constant" else given(call, "mode")
    value = given(call, "value") if call.has("value") else None
    return invoke(f"_{call.emits('pad_last')}", tensor.text, call.text("pad"), mode=mode, value=value)


def _cropped(call: CallSite, tensor: Arg, pairs: list[tuple[str, str]]) -> str | Unmapped:
    """Slices; what is padded as well is padded after that, which is the same for a constant."""
    if call.constant("mode", "constant") != "constant":
        return call.refuse("TFP102", "crops and pads at once", "slice first, then pad")
    slices = [
        f"{before[1:] if before.startswith('-') else ''}:{after if after.startswith('-') else ''}"
        for before, after in pairs
    ]
    text = f"{tensor.atom}[{', '.join(slices)}]"
    rest = [tuple("0" if side.startswith("-") else side for side in pair) for pair in pairs]
    if all(pair == ("0", "0") for pair in rest):
        return text
    value = call.arg("value") if call.has("value") and call.constant("value") not in (0, 0.0) else None
    fill = None if value is None else number(value, tensor.dtype)
    return invoke("tf.pad", text, f"[{', '.join(f'[{b}, {a}]' for b, a in rest)}]", constant_values=fill)


# -- look-up, similarity, attention ------------------------------------------------------------------------------------


@rewrites(
    RULES,
    f"{_F}embedding",
    args=("input", "weight", "padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse"),
    dtype="float32",
    examples=(Example("F.embedding(i, w)", "tf.gather(w, i)", "i: i64(0,3)[2,4], w: f32[3,5]"),),
)
def embedding(call: CallSite) -> str | Unmapped:
    """Rows of the weight; the padding index matters to gradients only."""
    if call.has("max_norm"):
        return call.refuse("TFP102", "argument `max_norm` has no TensorFlow counterpart", "normalise the rows first")
    return f"tf.gather({call.text('weight')}, {call.text('input')})"


@rewrites(
    RULES,
    f"{_F}cosine_similarity",
    "cosine_similarity",
    args=("x1", "x2", "dim", "eps"),
    safety=Safety.CLOSE,
    examples=(
        Example(
            "F.cosine_similarity(a, b, dim=-1)",
            "tf.reduce_sum(tf.math.l2_normalize(a, axis=-1, epsilon=1e-16) * "
            "tf.math.l2_normalize(b, axis=-1, epsilon=1e-16), axis=-1)",
            "a: f32[2,3], b: f32[2,3]",
        ),
    ),
)
def cosine_similarity(call: CallSite) -> str | Unmapped:
    """The product of normalised tensors."""
    axis, eps = call.text("dim", "1"), call.constant("eps", 1e-8)
    if not isinstance(eps, float | int):
        return call.refuse("TFP111", "argument `eps` is not a literal", "write the number")
    sides = [f"tf.math.l2_normalize({call.text(n)}, axis={axis}, epsilon={eps**2:g})" for n in ("x1", "x2")]
    return f"tf.reduce_sum({' * '.join(sides)}, axis={axis})"


@rewrites(
    RULES,
    f"{_F}scaled_dot_product_attention",
    args=("query", "key", "value", "attn_mask", "dropout_p", "is_causal", "scale", "enable_gqa"),
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example(
            "F.scaled_dot_product_attention(q, k, v, attn_mask=m)",
            "_scaled_dot_product_attention(q, k, v, attn_mask=m)",
            "q: f32[2,2,3,4], k: f32[2,2,5,4], v: f32[2,2,5,4], m: f32[2,1,3,5]",
        ),
        Example(
            "F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.5)",
            "_scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.5)",
            "q: f32[2,2,3,4], k: f32[2,2,3,4], v: f32[2,2,3,4]",
        ),
    ),
)
def scaled_dot_product_attention(call: CallSite) -> str | Unmapped:
    """An emitted function that computes the products themselves."""
    if call.constant("enable_gqa", False) is not False:
        return call.refuse(
            "TFP102", "argument `enable_gqa` has no TensorFlow counterpart", "repeat keys and values first"
        )
    call.uses("stable_softmax")
    names = ("attn_mask", "dropout_p", "is_causal", "scale")
    keywords = {name: given(call, name) for name in names if call.constant(name) not in (False, 0.0)}
    function = f"_{call.emits('scaled_dot_product_attention')}"
    return invoke(function, call.text("query"), call.text("key"), call.text("value"), **keywords)
