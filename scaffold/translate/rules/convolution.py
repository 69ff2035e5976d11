"""Convolution, pooling, resizing and sampling as functions.

Source: torch's documentation, "torch.nn.functional: Convolution, Pooling, Vision functions". All keep torch's axis order
(batch, channels, …); the emitted functions in templates/model/functions transpose where TensorFlow wants channels last.
"""

from __future__ import annotations

from scaffold.translate.callsite import CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import given, invoke, rewrites

RULES: list[Rule] = []
_F = "nn.functional."


def _optional(call: CallSite, *names: str) -> dict[str, str | None]:
    return {name: given(call, name) for name in names}


def _convolutions(rank: int, sample: str) -> None:
    @rewrites(
        RULES,
        f"{_F}conv{rank}d",
        f"conv{rank}d",
        args=("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
        rank="same",
        safety=Safety.CLOSE,
        examples=(
            Example(f"F.conv{rank}d(a, w)", "_convolution(a, w)", sample),
            Example(
                f"F.conv{rank}d(a, w, b, stride=2, padding=1)",
                "_convolution(a, w, bias=b, stride=2, padding=1)",
                f"{sample}, b: f32[6]",
            ),
            Example(
                f'F.conv{rank}d(a, w, None, 1, "same", dilation=2)',
                '_convolution(a, w, stride=1, padding="same", dilation=2)',
                sample,
            ),
            Example(
                f"F.conv{rank}d(a, w, groups=2)",
                "_convolution(a, w)",
                sample.replace("a: f32[2,3,", "a: f32[2,6,"),
            ),
        ),
    )
    def convolution(call: CallSite) -> str | Unmapped:
        """An emitted function; the number of groups follows from the weight's shape."""
        name = call.emits("convolution")
        keywords = _optional(call, "bias", "stride", "padding", "dilation")
        return invoke(f"_{name}", call.text("input"), call.text("weight"), **keywords)


_convolutions(1, "a: f32[2,3,9], w: f32[6,3,3]")
_convolutions(2, "a: f32[2,3,7,8], w: f32[6,3,3,2]")


def _max_pooling(rank: int, sizes: str) -> None:
    @rewrites(
        RULES,
        f"{_F}max_pool{rank}d",
        args=("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"),
        rank="same",
        examples=(
            Example(f"F.max_pool{rank}d(a, 2)", "_max_pool(a, 2)", f"a: f32[2,3,{sizes}]"),
            Example(
                f"F.max_pool{rank}d(a, kernel_size=3, stride=2, padding=1)",
                "_max_pool(a, 3, stride=2, padding=1)",
                f"a: f32(-3,-1)[2,3,{sizes}]",
            ),
            Example(
                f"F.max_pool{rank}d(a, 2, stride=1, dilation=2)",
                "_max_pool(a, 2, stride=1, dilation=2)",
                f"a: f32[2,3,{sizes}]",
            ),
            Example(
                f"F.max_pool{rank}d(a, 20, ceil_mode=True)",
                "_max_pool(a, 20, ceil_mode=True)",
                f"a: f32[2,3,{sizes}]",
            ),
            Example(
                f"F.max_pool{rank}d(a, 3, 2, 0, 1, True, False)",
                "_max_pool(a, 3, stride=2, padding=0, ceil_mode=True)",
                f"a: f32[2,3,{sizes}]",
            ),
            Example(f"F.max_pool{rank}d(a, 2)", f"_max_pool(a, 2, axes={rank})", f"a: f32[3,{sizes}]"),
        ),
    )
    def pooling(call: CallSite) -> str | Unmapped:
        """An emitted function."""
        if call.constant("return_indices", False) is not False:
            return call.refuse("TFP102", "argument `return_indices` has no rule", "see tf.nn.max_pool_with_argmax")
        keywords = _optional(call, "stride", "padding", "dilation")
        keywords["dilation"] = None if call.constant("dilation", 1) == 1 else keywords["dilation"]
        ceil = given(call, "ceil_mode") if call.constant("ceil_mode", False) is not False else None
        batched = call.arg("input").rank == rank + 2  # without a batch, all axes but the first are pooled
        return invoke(
            f"_{call.emits('max_pool')}",
            call.text("input"),
            call.text("kernel_size"),
            **keywords,
            ceil_mode=ceil,
            axes=None if batched else str(rank),
        )


def _mean_pooling(rank: int, sizes: str) -> None:
    @rewrites(
        RULES,
        f"{_F}avg_pool{rank}d",
        args=("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
        rank="same",
        safety=Safety.CLOSE,
        examples=(
            Example(f"F.avg_pool{rank}d(a, 2)", "_avg_pool(a, 2)", f"a: f32[2,3,{sizes}]"),
            Example(
                f"F.avg_pool{rank}d(a, 3, stride=1, padding=1, count_include_pad=False)",
                "_avg_pool(a, 3, stride=1, padding=1, count_include_pad=False)",
                f"a: f32[2,3,{sizes}]",
            ),
            Example(
                f"F.avg_pool{rank}d(a, 20, ceil_mode=True)",
                "_avg_pool(a, 20, ceil_mode=True)",
                f"a: f32[2,3,{sizes}]",
            ),
            Example(
                f"F.avg_pool{rank}d(a, 3, 2, 1, True)",
                "_avg_pool(a, 3, stride=2, padding=1, ceil_mode=True)",
                f"a: f32[2,3,{sizes}]",
            ),
        ),
    )
    def pooling(call: CallSite) -> str | Unmapped:
        """An emitted function."""
        if call.has("divisor_override"):
            return call.refuse("TFP102", "argument `divisor_override` has no rule", "pad first")
        keywords = _optional(call, "stride", "padding", "ceil_mode", "count_include_pad")
        if call.constant("ceil_mode", False) is False:
            keywords["ceil_mode"] = None
        return invoke(f"_{call.emits('avg_pool')}", call.text("input"), call.text("kernel_size"), **keywords)

    axes = ", ".join(str(axis + 2) for axis in range(rank))
    mean = (
        f"tf.reduce_mean(a, axis=({axes}), keepdims=True)" if rank > 1 else "tf.reduce_mean(a, axis=2, keepdims=True)"
    )

    @rewrites(
        RULES,
        f"{_F}adaptive_avg_pool{rank}d",
        args=("input", "output_size"),
        rank="same",
        safety=Safety.CLOSE,
        examples=(
            Example(f"F.adaptive_avg_pool{rank}d(a, 1)", mean, f"a: f32[2,3,{sizes}]"),
            Example(f"F.adaptive_avg_pool{rank}d(a, n)", "_adaptive_avg_pool(a, n)", f"a: f32[2,3,{sizes}], n: 3"),
        ),
    )
    def adaptive(call: CallSite) -> str | Unmapped:
        """A mean where one number is left."""
        if call.constant("output_size") in (1, (1,), (1, 1), [1, 1]):
            return mean.replace("(a,", f"({call.text('input')},")
        return f"_{call.emits('adaptive_avg_pool')}({call.text('input')}, {call.text('output_size')})"


for _rank, _sizes in ((1, "9"), (2, "7,8")):
    _max_pooling(_rank, _sizes)
    _mean_pooling(_rank, _sizes)


# -- resizing and sampling ---------------------------------------------------------------------------------------------


_MODES = ("nearest", "nearest-exact", "linear", "bilinear", "bicubic")


@rewrites(
    RULES,
    f"{_F}interpolate",
    f"{_F}upsample",
    args=("input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias"),
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example(
            'F.interpolate(a, size=(5, n), mode="bilinear", align_corners=False)',
            '_interpolate(a, size=(5, n), mode="bilinear")',
            "a: f32[2,3,4,7], n: 11",
        ),
        Example(
            'F.interpolate(a, size=(9, 3), mode="bicubic", align_corners=True)',
            '_interpolate(a, size=(9, 3), mode="bicubic", align_corners=True)',
            "a: f32[2,3,4,7]",
        ),
        Example(
            'F.interpolate(a, size=(9, 3), mode="bicubic")',
            '_interpolate(a, size=(9, 3), mode="bicubic")',
            "a: f32[2,3,4,7]",
        ),
        Example("F.interpolate(a, scale_factor=1.7)", "_interpolate(a, scale_factor=1.7)", "a: f32[2,3,4,7]"),
        Example(
            'F.interpolate(a, scale_factor=(0.5, 2.3), mode="bilinear")',
            '_interpolate(a, scale_factor=(0.5, 2.3), mode="bilinear")',
            "a: f32[2,3,4,7]",
        ),
        Example(
            'F.interpolate(a, size=3, mode="nearest-exact")',
            '_interpolate(a, size=3, mode="nearest-exact")',
            "a: f32[2,3,4,7]",
        ),
        Example('F.interpolate(a, 9, mode="linear")', '_interpolate(a, size=9, mode="linear")', "a: f32[2,3,4]"),
        Example("F.interpolate(a, a.shape[1:3])", "_interpolate(a, size=shape_list(a)[1:3])", "a: f32[2,3,4,7]"),
    ),
)
def interpolate(call: CallSite) -> str | Unmapped:
    """An emitted function: `tf.image.resize` samples other positions and has another cubic kernel."""
    mode = call.constant("mode", "nearest")
    if isinstance(mode, str) and mode not in _MODES:
        return call.refuse("TFP102", f"mode {mode!r} has no rule", "see tf.image.resize")
    for name in ("antialias", "recompute_scale_factor"):
        if call.has(name) and call.constant(name) is not False:
            return call.refuse("TFP102", f"argument `{name}` has no rule", "see tf.image.resize")
    keywords = _optional(call, "size", "scale_factor", "mode", "align_corners")
    if call.constant("align_corners", False) is False:
        keywords["align_corners"] = None
    return invoke(f"_{call.emits('interpolate')}", call.text("input"), **keywords)


@rewrites(
    RULES,
    f"{_F}grid_sample",
    args=("input", "grid", "mode", "padding_mode", "align_corners"),
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example(
            'F.grid_sample(a, g, mode="bilinear", padding_mode="zeros", align_corners=False)',
            '_grid_sample(a, g, mode="bilinear", padding_mode="zeros")',
            "a: f32[2,3,4,5], g: f32(-1.3,1.3)[2,6,7,2]",
        ),
        Example(
            'F.grid_sample(a, g, padding_mode="border", align_corners=True)',
            '_grid_sample(a, g, padding_mode="border", align_corners=True)',
            "a: f32[2,3,4,5], g: f32(-1.3,1.3)[2,6,7,2]",
        ),
        Example(
            'F.grid_sample(a, g, mode="nearest")',
            '_grid_sample(a, g, mode="nearest")',
            "a: f32[2,3,4,5], g: f32(-1,1)[2,6,7,2]",
        ),
    ),
)
def grid_sample(call: CallSite) -> str | Unmapped:
    """An emitted function."""
    if call.constant("mode") == "bicubic" or call.constant("padding_mode") == "reflection":
        return call.refuse("TFP102", "cubic sampling and reflection have no rule", "write them by hand")
    keywords = _optional(call, "mode", "padding_mode", "align_corners")
    if call.constant("align_corners", False) is False:
        keywords["align_corners"] = None
    return invoke(f"_{call.emits('grid_sample')}", call.text("input"), call.text("grid"), **keywords)


@rewrites(
    RULES,
    f"{_F}unfold",
    args=("input", "kernel_size", "dilation", "padding", "stride"),
    examples=(
        Example(
            "F.unfold(a, kernel_size=(2, 3), stride=(2, 3))", "_unfold(a, (2, 3), stride=(2, 3))", "a: f32[2,3,4,6]"
        ),
        Example("F.unfold(a, 3, 1, 1, 2)", "_unfold(a, 3, dilation=1, padding=1, stride=2)", "a: f32[2,3,5,6]"),
    ),
)
def unfold(call: CallSite) -> str | Unmapped:
    """An emitted function."""
    keywords = _optional(call, "dilation", "padding", "stride")
    return invoke(f"_{call.emits('unfold')}", call.text("input"), call.text("kernel_size"), **keywords)


@rewrites(
    RULES,
    f"{_F}fold",
    args=("input", "output_size", "kernel_size", "dilation", "padding", "stride"),
    safety=Safety.REVIEW,
    note="Blocks must not overlap: the stride is the kernel size.",
    examples=(
        Example(
            "F.fold(a, output_size=(4, 6), kernel_size=(2, 3), stride=(2, 3))",
            "_fold(a, (4, 6), (2, 3))",
            "a: f32[2,18,4]",
        ),
        Example("F.fold(a, (5, 7), (2, 3), stride=(2, 3))", "_fold(a, (5, 7), (2, 3))", "a: f32[2,18,4]"),
    ),
)
def fold(call: CallSite) -> str | Unmapped:
    """An emitted function."""
    if (
        call.text("stride") != call.text("kernel_size")
        or call.constant("padding", 0) != 0
        or call.constant("dilation", 1) != 1
    ):
        return call.refuse("TFP102", "blocks that overlap have no rule", "see tf.tensor_scatter_nd_add")
    return f"_{call.emits('fold')}({call.text('input')}, {call.text('output_size')}, {call.text('kernel_size')})"


@rewrites(
    RULES,
    f"{_F}pixel_shuffle",
    "pixel_shuffle",
    args=("input", "upscale_factor"),
    rank="same",
    examples=(Example("F.pixel_shuffle(a, 2)", "_pixel_shuffle(a, 2)", "a: f32[2,8,3,4]"),),
)
def pixel_shuffle(call: CallSite) -> str | Unmapped:
    """An emitted function: `tf.nn.depth_to_space` orders the channels differently."""
    return f"_{call.emits('pixel_shuffle')}({call.text('input')}, {call.text('upscale_factor')})"
