"""Functions and methods of Transformers' own PyTorch library, replaced by one TensorFlow template each.

Source: `modeling_utils.py` and `pytorch_utils.py`; what hand-written ports do in their place (translator.md §1.3).
"""

from __future__ import annotations

import re

from scaffold.translate.callsite import CallSite
from scaffold.translate.promotion import COMPUTED
from scaffold.translate.rule import LayerRule, Rule, Unmapped, rewrite
from scaffold.translate.rules.logic import isin


@rewrite("self.get_head_mask", args=("head_mask", "num_hidden_layers", "is_attention_chunked"), result="other")
def get_head_mask(call: CallSite) -> str:
    """One mask a layer, broadcastable to the attention probabilities."""
    mask, layers = call.text("head_mask"), call.text("num_hidden_layers")
    return f"{call.emits('prepare_head_mask')}({mask}, {layers}, {COMPUTED})"


@rewrite(
    "self.get_extended_attention_mask",
    args=("attention_mask", "input_shape", "device", "dtype"),
    ignore=("device", "dtype"),
)
def get_extended_attention_mask(call: CallSite) -> str:
    """Additive mask; causal when the configuration says that the model is a decoder."""
    mask, shape = call.text("attention_mask"), call.text("input_shape")
    return f"{call.emits('extend_attention_mask')}({mask}, {shape}, {COMPUTED}, is_decoder=self.config.is_decoder)"


@rewrite("self.invert_attention_mask", args=("encoder_attention_mask",))
def invert_attention_mask(call: CallSite) -> str:
    """Additive mask from a mask of ones and zeros."""
    return f"{call.uses('invert_attention_mask')}(tf.cast({call.text('encoder_attention_mask')}, {COMPUTED}))"


@rewrite(
    "transformers.pytorch_utils.apply_chunking_to_forward",
    args=("forward_fn", "chunk_size", "chunk_dim", "*input_tensors"),
)
def apply_chunking_to_forward(call: CallSite) -> str | Unmapped:
    """Chunking only saves memory in PyTorch; the function is called directly, as hand-written ports do."""
    function = call.text("forward_fn")
    inputs = ", ".join(item.text for item in call.varargs["input_tensors"])
    training = call.engine.training_argument(call.arg("forward_fn").node)
    return f"{function}({inputs}{training})"


@rewrite("transformers.pytorch_utils.isin_mps_friendly", args=("elements", "test_elements"))
def isin_mps_friendly(call: CallSite) -> str | Unmapped:
    """`torch.isin`, which one kind of device lacks."""
    return isin(call)


_MASKS = "transformers.modeling_attn_mask_utils."


@rewrite(
    f"{_MASKS}_prepare_4d_causal_attention_mask",
    args=("attention_mask", "input_shape", "inputs_embeds", "past_key_values_length", "sliding_window"),
)
def prepare_causal_attention_mask(call: CallSite) -> str:
    """Additive causal mask of rank 4, combined with a padding mask when there is one."""
    return _causal(call, call.text("attention_mask"), f"{call.arg('inputs_embeds').atom}.dtype")


@rewrite(
    f"{_MASKS}_create_4d_causal_attention_mask",
    args=("input_shape", "dtype", "device", "past_key_values_length", "sliding_window"),
)
def create_causal_attention_mask(call: CallSite) -> str:
    """Additive causal mask of rank 4 without a padding mask."""
    return _causal(call, "None", call.text("dtype"))


def _causal(call: CallSite, mask: str, dtype: str) -> str:
    parts = [mask, call.text("input_shape"), dtype]
    if "past_key_values_length" in call.bound:
        parts.append(call.text("past_key_values_length"))
    if call.has("sliding_window"):
        parts.append(f"sliding_window={call.text('sliding_window')}")
    return f"{call.emits('prepare_causal_attention_mask')}({', '.join(parts)})"


@rewrite(f"{_MASKS}_prepare_4d_attention_mask", args=("mask", "dtype", "tgt_len"))
def prepare_attention_mask(call: CallSite) -> str:
    """Additive mask of rank 4 from a padding mask."""
    length = f", {call.text('tgt_len')}" if call.has("tgt_len") else ""
    return f"{call.emits('expand_attention_mask')}({call.text('mask')}, {call.text('dtype')}{length})"


@rewrite("transformers.utils.torch_float", args=("x",), result="float")
def torch_float(call: CallSite) -> str:
    """A cast for PyTorch's tracer. In some releases it casts to int outside of tracing, and models count on what it does."""
    source = call.engine.library_text("utils/generic.py")
    match = re.search(r"def torch_float\(.*?return [^\n]* else (int|float)\(x\)", source, re.S)
    return f"{match.group(1) if match else 'float'}({call.text('x')})"


@rewrite("scipy.linalg.dft", args=("n",), result="other")
def dft(call: CallSite) -> str:
    """The matrix of the discrete Fourier transform."""
    return f"{call.uses('np')}.fft.fft(np.eye({call.text('n')}))"


def _activation(name: str) -> Rule:
    return Rule(
        torch=f"transformers.activations.{name}",
        args=("x",),
        tf=f'get_tf_activation("{name}")({{x}})',
        note="the activation functions that `activations.py` exports ready-made",
    )


def _activation_layer(torch_name: str, name: str) -> LayerRule:
    return LayerRule(
        torch=f"transformers.activations.{torch_name}",
        args=("*args",),
        rewrite=lambda call: f'{call.uses("get_tf_activation")}("{name}")',
        note="an activation module of the library by its registered name",
    )


def _sequence_summary(call: CallSite) -> str:
    """The library's twin, with the configuration's type also where that has no projection."""
    config, attribute = call.text("config"), call.engine.constructing
    if call.engine.summarises_without_projection and attribute:
        call.engine.extra_init += [
            "# the library's layer asks for the type only where there is a projection",
            f'self.{attribute}.summary_type = getattr({config}, "summary_type", "last")',
        ]
    return f"{call.uses('TFSequenceSummary')}({config}, name={call.text('name')})"


LAYERS = [
    LayerRule(
        torch="transformers.modeling_utils.SequenceSummary",
        args=("config",),
        rewrite=_sequence_summary,
        build="None",
        training=True,
        note="the library's own twin; its `summary_type` is set where it would not ask the configuration",
    ),
    _activation_layer("GELUActivation", "gelu"),
    _activation_layer("NewGELUActivation", "gelu_new"),
    _activation_layer("FastGELUActivation", "gelu_fast"),
    _activation_layer("QuickGELUActivation", "quick_gelu"),
    _activation_layer("MishActivation", "mish"),
]

RULES = [
    dft,
    *(_activation(name) for name in ("gelu", "gelu_new", "gelu_fast", "mish", "quick_gelu", "silu")),
    Rule(
        torch="transformers.utils.torch_int",
        args=("x",),
        tf="int({x})",
        result="int",
        note="a cast for PyTorch's tracer",
    ),
    Rule(
        torch="transformers.activations.get_activation",
        args=("activation_string",),
        tf="get_tf_activation({activation_string})",
        result="other",
    ),
]
