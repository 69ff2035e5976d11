"""What is known to make a port differ from its original: how it shows, how to test it, how it is mended.

Source: translator.md §3 (measured differences between the frameworks) and the faults found while porting. The ids are those
that scaffold/workers/compare_causes.py and compare_layers.py report; what can be tried automatically is tried there.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """`shows` the pattern, `test` how to make sure by hand, `fix` what to write instead."""

    title: str
    shows: str
    test: str
    fix: str


CAUSES: dict[str, Known] = {
    "epsilon": Known(
        "another epsilon in a normalisation",
        "rows differ by a factor of their own that is close to 1; larger where the input varies little",
        "set the layer's `epsilon` to the `eps` of PyTorch's module and call it again on the same input",
        "write `epsilon=` always: Keras's default is 1e-3, PyTorch's 1e-5, and configurations have their own",
    ),
    "activation": Known(
        "another activation",
        "small differences that depend on the value alone; 5e-4 at most between exact and tanh `gelu`",
        "apply the candidates to the recorded input and see which of them gives each framework's output",
        "keep the variants apart: `gelu` is exact, `gelu_new` and `gelu_pytorch_tanh` are the tanh approximation",
    ),
    "padding": Known(
        "another padding of a convolution or pooling",
        "differences at the border, or everywhere with stride 2; or a shape that is off by one",
        'pad PyTorch\'s input explicitly and run the layer with `padding="valid"`',
        'pad explicitly with PyTorch\'s numbers, then `"valid"`; `"same"` pads elsewhere when the stride is not 1',
    ),
    "strides": Known(
        "another stride, dilation or number of groups",
        "a convolution whose output has another shape, or is wrong everywhere",
        "compare `strides`, `dilation_rate` and `groups` with the module's attributes",
        "take all of them over from PyTorch's constructor call",
    ),
    "resize": Known(
        "another interpolation",
        "differences after a change of size: 0.1 to 0.3 with bicubic, whole pixels with nearest",
        "interpolate the same array with `torch.nn.functional.interpolate` in each mode",
        "bicubic kernels differ (A = −0.75 in PyTorch, −0.5 in TensorFlow); interpolate with explicit matrices",
    ),
    "mask_value": Known(
        "a mask that does not hide, or hides with too small a number",
        "probability where PyTorch has none, or scores that are only a little lower there",
        "look at the scores of a padded position before the softmax: they must be far below all others",
        "add the dtype's smallest number, not a small constant, and check the sign",
    ),
    "mask_places": Known(
        "a mask that hides the wrong places",
        "the places that are hidden are not the same",
        "compare the two masks as pictures: causal, padding, and both",
        "build the mask from the same lengths; mind the diagonal and the length of the cache",
    ),
    "mask_inverted": Known(
        "an inverted mask",
        "what is hidden in one framework is shown in the other",
        "compare `1 − mask` with PyTorch's mask",
        "in Transformers 1 means keep; additive masks are (1 − mask) · smallest number",
    ),
    "transposed_weight": Known(
        "a weight that is transposed once too often or too little",
        "a layer that is wrong everywhere although its weights have the right values",
        "transpose the variable and call the layer again",
        "a variable called `kernel` is transposed on loading, one called `weight` is not",
    ),
    "misplaced_weight": Known(
        "a weight in another layer's place",
        "a layer that is wrong everywhere and holds the values of another tensor of the same size",
        "look for the variable's values among PyTorch's tensors",
        "the `name=` of the layer is the path of its weights: it must be PyTorch's attribute",
    ),
    "weight_not_loaded": Known(
        "a weight that was not loaded",
        "a difference of order one that changes from run to run, or a layer that behaves as if new",
        "`from_pretrained(…, output_loading_info=True)` lists missing and unexpected keys",
        "give the layer PyTorch's name, build it in `build()`; for tied weights use the embedding itself",
    ),
    "untied_head": Known(
        "an output layer that is not tied to the embeddings",
        "logits of order one apart, after hidden states that agree; right from `.bin`, wrong from safetensors",
        "compare the layer's variable with the embedding table: in PyTorch they are one tensor",
        "compute `tf.matmul(x, embeddings, transpose_b=True)` with the embedding layer's own table",
    ),
    "missing_bias": Known(
        "a layer without its bias",
        "a difference that is the same vector at every position",
        "add PyTorch's bias to the output",
        "`use_bias=True`, or build the bias that the head shares",
    ),
    "dropout": Known(
        "dropout that is active",
        "zeros at random places, the rest enlarged by 1 / (1 − p); another result at every call",
        "call twice: without dropout both are equal",
        "pass `training=training` on, and give `call` the argument with the default False",
    ),
    "training_flag": Known(
        "a layer that runs in training mode",
        "a layer that is right with `training=False`: dropout, batch normalisation, stochastic depth",
        "call it with `training=False`",
        "pass `training=training` to every layer; never True",
    ),
    "scale": Known(
        "a missing or wrong factor",
        "everything is a multiple: √d for attention scores, the layer-scale parameter, a configured multiplier",
        "divide the two tensors: the quotient is constant, or it is the parameter that was forgotten",
        "multiply or divide as PyTorch does, in the same place (before or after the softmax matters)",
    ),
    "constant": Known(
        "an added constant",
        "everything is off by one number",
        "subtract the two tensors",
        "look for `+ 1`, an offset or an epsilon outside its root",
    ),
    "sign": Known(
        "an opposite sign",
        "a tensor, or a half of it, is the negative of PyTorch's",
        "add the two tensors: the sum is zero",
        "for rotary embeddings the second half comes first and is negated",
    ),
    "biased_variance": Known(
        "variance divided by n instead of n − 1",
        "a constant factor √(n / (n − 1))",
        "compare with `numpy.std(x, ddof=1)`",
        "`torch.std` and `torch.var` divide by n − 1 by default, TensorFlow by n",
    ),
    "off_by_one": Known(
        "positions or indices that are off by one",
        "the same rows, one place further on; or integers that are all one more",
        "compare the index tensors; look at what stands at the first and last position",
        "mind offsets such as `padding_idx + 1`, the length of the cache, and `[:, :-1]` against `[:, 1:]`",
    ),
    "axis": Known(
        "another axis",
        "a softmax, mean or maximum over the wrong axis: sums over the right one are not 1",
        "compute it over each axis of the recorded input",
        "write `axis=` always; with channels last the axes of PyTorch's code move",
    ),
    "axes": Known(
        "axes in another order",
        "the same numbers in other places, often after a reshape",
        "sort both tensors: equal values in another order; then try the permutations before the reshape",
        "`permute` and `transpose` become `tf.transpose` with all axes; reshape only in PyTorch's order",
    ),
    "concatenation": Known(
        "parts joined in another order",
        "two blocks along an axis are exchanged",
        "compare the first half with the second half of the other",
        "keep the order of the list given to `tf.concat`, and of what `tf.split` returns",
    ),
    "missing_term": Known(
        "something that is not added",
        "the difference is a tensor that PyTorch adds: a residual, a bias, an embedding",
        "compare the difference with the tensors at hand",
        "add it; a residual is the value from before the layer, not after the normalisation",
    ),
    "extra_term": Known(
        "something that is added twice",
        "the difference is a tensor that is already in the sum",
        "compare the difference with the tensors at hand",
        "add it once: either the layer or its caller",
    ),
    "other_value": Known(
        "another variable in its place",
        "TensorFlow's value is one that PyTorch uses elsewhere",
        "look for TensorFlow's value among PyTorch's variables",
        "pass the variable that PyTorch passes; mind `key` and `value`, and what a residual was taken from",
    ),
    "not_called": Known(
        "a layer that is not called",
        "TensorFlow goes on with the value from before a layer",
        "call PyTorch's module on TensorFlow's value: that gives PyTorch's value",
        "call the layer where PyTorch does",
    ),
}

#: What is worth looking at when nothing that was tried explains the difference, by words in the statement or class.
HINTS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("resize", "interpolate", "upsample"), ("resize", "padding")),
    (("conv", "pool", "pad"), ("padding", "strides", "axes")),
    (("softmax",), ("mask_value", "axis", "scale")),
    (("mask", "where"), ("mask_value", "mask_places", "mask_inverted")),
    (("norm",), ("epsilon", "axis", "weight_not_loaded")),
    (("act", "gelu", "relu", "silu"), ("activation",)),
    (("reshape", "transpose", "permute"), ("axes", "axis")),
    (("matmul", "einsum"), ("axes", "transposed_weight", "scale")),
    (("embed", "gather", "position"), ("off_by_one", "weight_not_loaded", "misplaced_weight")),
    (("concat", "split"), ("concatenation", "axes")),
    (("dropout", "droppath"), ("dropout", "training_flag")),
    (("dense", "linear"), ("transposed_weight", "misplaced_weight", "missing_bias")),
)


def hints(text: str, but: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Causes worth testing by hand for a statement or class name, those in `but` left out."""
    low = text.lower()
    found = [cause for words, causes in HINTS if any(word in low for word in words) for cause in causes]
    return tuple(cause for cause in dict.fromkeys(found) if cause not in but)[:3]
