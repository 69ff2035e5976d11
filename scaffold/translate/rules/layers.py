"""`torch.nn` layers with weights or state, as Keras layers.

Source: translator.md §1.2 and §3 (defaults, padding, layouts), measured there. Keras' own defaults differ
(LayerNormalization epsilon 1e-3, BatchNormalization momentum 0.99), so they are always written out.
"""

from __future__ import annotations

from scaffold.translate.callsite import NOT_CONSTANT, CallSite
from scaffold.translate.rule import LayerRule, Unmapped
from scaffold.translate.rules import _convolving


def _channels_last(call: CallSite, axes: str, back: str) -> str:
    """Call a channels-last layer on a channels-first tensor."""
    layer, value = call.text("layer"), call.text("input")
    inner = f"tf.transpose({value}, perm={axes})"
    padding = call.engine.padding_layer(call.node.func)
    if padding:
        inner = f"{padding}({inner})"
    return f"tf.transpose({layer}({inner}), perm={back})"


def _conv2d_call(call: CallSite) -> str | Unmapped:
    """Channels-first in and out, as the PyTorch code around it expects."""
    return _channels_last(call, "(0, 2, 3, 1)", "(0, 3, 1, 2)")


def _conv1d_call(call: CallSite) -> str | Unmapped:
    """Channels-first in and out; Keras' Conv1D wants (batch, length, channels)."""
    return _channels_last(call, "(0, 2, 1)", "(0, 2, 1)")


def _conv3d(call: CallSite) -> str:
    """The emitted layer, which transposes its weight itself."""
    call.engine.layers.add("Conv3d")
    parts = [call.text("in_channels"), call.text("out_channels"), call.text("kernel_size")]
    for torch_name, keras_name in (("stride", "strides"), ("padding", "padding"), ("bias", "use_bias")):
        if torch_name in call.bound:
            parts.append(f"{keras_name}={call.text(torch_name)}")
    return f"TFModelConv3d({', '.join(parts)}, name={call.text('name')})"


_TRANSPOSED = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "output_padding", "groups", "bias")


def _flatten(call: CallSite) -> str:
    """Keras' layer keeps the batch axis alone; the library has a function for the rest."""
    start, end = call.text("start_dim", "1"), call.text("end_dim", "-1")
    if (start, end) == ("1", "-1"):
        return "keras.layers.Flatten()"
    last = "" if end == "-1" else f", end_dim={end}"
    return f"lambda x: {call.uses('flatten')}(x, start_dim={start}{last})"


def _layer_norm(call: CallSite) -> str:
    """`elementwise_affine` is Keras' scale and center together, `bias` the latter alone."""
    parts = [f"epsilon={call.text('eps', '1e-5')}"]
    if "elementwise_affine" in call.bound:
        parts += [f"scale={call.text('elementwise_affine')}", f"center={call.text('elementwise_affine')}"]
    elif "bias" in call.bound:
        parts.append(f"center={call.text('bias')}")
    layer = "keras.layers.LayerNormalization"
    if len(call.engine.called_ranks(call.node)) > 1:
        call.engine.layers.add("LayerNorm")
        layer = "TFModelLayerNorm"
    return f"{layer}({', '.join(parts)}, name={call.text('name')})"


def _group_norm(call: CallSite) -> str:
    """`affine` is Keras' scale and center together."""
    parts = [f"groups={call.text('num_groups')}", "axis=1", f"epsilon={call.text('eps', '1e-5')}"]
    if "affine" in call.bound:
        parts += [f"scale={call.text('affine')}", f"center={call.text('affine')}"]
    return f"keras.layers.GroupNormalization({', '.join(parts)}, name={call.text('name')})"


_CONV = (
    "in_channels",
    "out_channels",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "bias",
    "padding_mode",
    "device",
    "dtype",
)

RULES = [
    LayerRule(
        torch="torch.nn.Linear",
        args=("in_features", "out_features", "bias", "device", "dtype"),
        tf="keras.layers.Dense(units={out_features}, use_bias={bias}, kernel_initializer={initializer}, name={name})",
        build="[None, None, {in_features}]",
    ),
    LayerRule(
        torch="torch.nn.Embedding",
        args=(
            "num_embeddings",
            "embedding_dim",
            "padding_idx",
            "max_norm",
            "norm_type",
            "scale_grad_by_freq",
            "sparse",
            "_weight",
            "_freeze",
            "device",
            "dtype",
        ),  # fmt: skip
        ignore=("padding_idx", "sparse", "scale_grad_by_freq", "device", "dtype"),
        unsupported={
            "max_norm": "Keras embeddings are not renormalised",
            "_weight": "initial weights are not taken over",
        },
        tf=(
            "keras.layers.Embedding(input_dim={num_embeddings}, output_dim={embedding_dim},"
            " embeddings_initializer={initializer}, name={name})"
        ),
        build="None",
        note="padding_idx only matters for gradients of the padding row",
    ),
    LayerRule(
        torch="torch.nn.LayerNorm",
        args=("normalized_shape", "eps", "elementwise_affine", "bias", "device", "dtype"),
        rewrite=_layer_norm,
        build="[None, None, {normalized_shape}]",
    ),
    LayerRule(
        torch="torch.nn.Dropout",
        args=("p", "inplace"),
        ignore=("inplace",),
        defaults={"p": "0.5"},
        tf="keras.layers.Dropout(rate={p})",
        training=True,
    ),
    LayerRule(
        torch="torch.nn.Conv2d",
        args=_CONV,
        build="[None, None, None, {in_channels}]",
        rewrite=_convolving.convolution("Conv2D", "ZeroPadding2D"),  # type: ignore[arg-type]
        call_rewrite=_conv2d_call,
        call_rank=(4,),
        note="TensorFlow's CPU kernels are channels-last; padding is a ZeroPadding2D, because SAME pads differently at stride 2",
    ),
    LayerRule(
        torch="torch.nn.Conv1d",
        args=_CONV,
        build="[None, None, {in_channels}]",
        rewrite=_convolving.convolution("Conv1D", "ZeroPadding1D"),  # type: ignore[arg-type]
        call_rewrite=_conv1d_call,
        call_rank=(3,),
    ),
    *(
        LayerRule(
            torch=f"torch.nn.ConvTranspose{rank}d",
            args=(*_TRANSPOSED, "dilation", "padding_mode", "device", "dtype"),
            build=f"[{'None, ' * (rank + 1)}{{in_channels}}]",
            rewrite=_convolving.transposed(rank),  # type: ignore[arg-type]
            note="a layer that pads as PyTorch's does is emitted into the file",
        )
        for rank in (1, 2)
    ),
    LayerRule(
        torch="torch.nn.Conv3d",
        args=_CONV,
        unsupported={"dilation": "not in the emitted layer", "groups": "not in the emitted layer"},
        harmless={"dilation": "1", "groups": "1"},
        rewrite=_conv3d,
        build="None",
        note="a layer with PyTorch's weight layout is emitted into the file",
    ),
    LayerRule(
        torch="torch.nn.GroupNorm",
        args=("num_groups", "num_channels", "eps", "affine", "device", "dtype"),
        rewrite=_group_norm,
        build="[None, {num_channels}, None, None]",
    ),
    LayerRule(
        torch="torch.nn.Dropout2d",
        args=("p", "inplace"),
        ignore=("inplace",),
        defaults={"p": "0.5"},
        tf='keras.layers.SpatialDropout2D(rate={p}, data_format="channels_first")',
        training=True,
    ),
    LayerRule(
        torch="torch.nn.Flatten",
        args=("start_dim", "end_dim"),
        rewrite=_flatten,
        note="other axes than all but the first by the library's own function",
    ),
    LayerRule(
        torch="torch.nn.BatchNorm2d",
        args=("num_features", "eps", "momentum", "affine", "track_running_stats", "device", "dtype"),
        ignore=("device", "dtype", "affine", "track_running_stats"),
        defaults={"eps": "1e-5", "momentum": "0.1"},
        tf="keras.layers.BatchNormalization(axis=1, epsilon={eps}, momentum=1 - {momentum}, name={name})",
        build="[None, {num_features}, None, None]",
        training=True,
    ),
    LayerRule(
        torch="torch.nn.BatchNorm1d",
        args=("num_features", "eps", "momentum", "affine", "track_running_stats", "device", "dtype"),
        ignore=("device", "dtype", "affine", "track_running_stats"),
        defaults={"eps": "1e-5", "momentum": "0.1"},
        tf="keras.layers.BatchNormalization(axis=1, epsilon={eps}, momentum=1 - {momentum}, name={name})",
        build="[None, {num_features}, None]",
        training=True,
    ),
    LayerRule(
        torch="torch.nn.MultiheadAttention",
        args=(
            "embed_dim",
            "num_heads",
            "dropout",
            "bias",
            "add_bias_kv",
            "add_zero_attn",
            "kdim",
            "vdim",
            "batch_first",
            "device",
            "dtype",
        ),  # fmt: skip
        unsupported={
            "add_bias_kv": "not in the emitted layer",
            "add_zero_attn": "not in the emitted layer",
            "kdim": "not in the emitted layer",
            "vdim": "not in the emitted layer",
        },  # fmt: skip
        tf=(
            "TFModelMultiheadAttention({embed_dim}, {num_heads}, dropout={dropout}, bias={bias}, batch_first={batch_first},"
            " name={name})"
        ),
        build="None",
        training=True,
        emit=("MultiheadAttention",),
        note="a layer with PyTorch's packed weights is emitted into the file",
    ),
    LayerRule(
        torch="torch.nn.LSTM",
        args=(
            "input_size",
            "hidden_size",
            "num_layers",
            "bias",
            "batch_first",
            "dropout",
            "bidirectional",
            "proj_size",
            "device",
            "dtype",
        ),  # fmt: skip
        unsupported={"bidirectional": "not in the emitted layer", "proj_size": "not in the emitted layer"},
        harmless={"bidirectional": "False", "proj_size": "0"},
        tf=(
            "TFModelLSTM({input_size}, {hidden_size}, num_layers={num_layers}, bias={bias}, batch_first={batch_first},"
            " dropout={dropout}, name={name})"
        ),
        build="None",
        training=True,
        emit=("LSTM",),
        note="a layer with PyTorch's weight layout is emitted into the file",
    ),
    LayerRule(
        torch="transformers.pytorch_utils.Conv1D",
        args=("nf", "nx"),
        tf="TFConv1D({nf}, {nx}, name={name})",
        build="[None, None, {nx}]",
        note="GPT-2's linear layer, whose weight is stored transposed in both frameworks",
    ),
    LayerRule(
        torch="torch.nn.Identity",
        args=("*args",),
        tf='keras.layers.Activation("linear", name={name})',
        note="a named layer, so that lists keep their indices",
    ),
    LayerRule(
        torch="torch.nn.Softmax",
        args=("dim",),
        defaults={"dim": "-1"},
        tf="keras.layers.Softmax(axis={dim}, name={name})",
    ),
]


def _activation(torch_name: str, name: str) -> LayerRule:
    def build(call: CallSite) -> str:
        return f'{call.uses("get_tf_activation")}("{name}")'

    return LayerRule(torch=f"torch.nn.{torch_name}", args=("inplace",), rewrite=build)


def _gelu(call: CallSite) -> str | Unmapped:
    approximate = call.constant("approximate", "none")
    if approximate is NOT_CONSTANT:
        return call.refuse("TFP102", "`approximate` is not a literal")
    return f'{call.uses("get_tf_activation")}("{"gelu" if approximate == "none" else "gelu_new"}")'


ACTIVATIONS = [
    _activation("ReLU", "relu"),
    _activation("Tanh", "tanh"),
    _activation("Sigmoid", "sigmoid"),
    _activation("SiLU", "silu"),
    _activation("Mish", "mish"),
    LayerRule(torch="torch.nn.GELU", args=("approximate",), rewrite=_gelu),
    LayerRule(
        torch="torch.nn.LeakyReLU",
        args=("negative_slope", "inplace"),
        ignore=("inplace",),
        defaults={"negative_slope": "0.01"},
        tf="keras.layers.LeakyReLU(alpha={negative_slope}, name={name})",
    ),
]
