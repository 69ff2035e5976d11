"""What the rules of convolutional layers share: padding of other kinds, normalised weights, transposed convolutions."""

from __future__ import annotations

import ast

from scaffold.translate import reparametrised
from scaffold.translate.callsite import NOT_CONSTANT, CallSite
from scaffold.translate.rule import Unmapped

_AXES = "[0, 0]"


def padding_of_a_mode(call: CallSite) -> bool | Unmapped:
    """True when the layer's padding is not zeros and is put in front of it, as a function; False for zeros."""
    mode = call.constant("padding_mode", "zeros")
    if mode == "zeros" or (mode is NOT_CONSTANT and _always_zeros(call)):
        return False
    pads = call.text("padding", "0")
    amount = call.constant("padding", 0)
    pairs = [f"[{p}, {p}]" for p in (amount if isinstance(amount, tuple) else (pads,) * int(call.qualname[-2]))]
    edges = f"[{', '.join([_AXES, *pairs, _AXES])}]"
    if mode == "reflect":
        text = f'tf.pad(x, {edges}, mode="REFLECT")'
    elif mode in ("circular", "replicate"):
        text = f'_{call.emits("pad_edges")}(x, {edges}, mode="{mode}")'
        call.uses("shape_list")
    else:
        return call.refuse("TFP102", f"padding_mode={mode!r}", "pad explicitly with tf.pad")
    if reparametrised.axis_of(call.engine, call.node) is None and call.engine.add_padding(
        call.node, f"lambda x: {text}"
    ):
        return True
    return call.refuse("TFP102", f"padding_mode={mode!r}", "pad explicitly with tf.pad")


def _always_zeros(call: CallSite) -> bool:
    """True for a constructor's parameter that is "zeros" by default, where no call in the file says otherwise."""
    node, function = call.arg("padding_mode").node, call.engine.function_of(call.node)
    if function is None or not isinstance(node, ast.Name):
        return False
    arguments = function.args.args[len(function.args.args) - len(function.args.defaults) :]
    defaults = {a.arg: ast.unparse(d) for a, d in zip(arguments, function.args.defaults, strict=True)}
    others = [k for n in ast.walk(call.engine.source.tree) if isinstance(n, ast.Call) for k in n.keywords]
    said = {ast.unparse(k.value) for k in others if k.arg == "padding_mode" and k.value is not node}
    return defaults.get(node.id) == "'zeros'" and said <= {"'zeros'", node.id}


def _plain(text: str) -> str:
    """`(p,)` of a one-dimensional layer is `p` in Keras."""
    return text[1:-2].strip() if text.startswith("(") and text.endswith(",)") else text


def convolution(kind: str, padding_layer: str) -> object:
    """The constructor of a convolution, `Conv1D` or `Conv2D`."""

    def build(call: CallSite) -> str | Unmapped:
        around = padding_of_a_mode(call)
        if isinstance(around, Unmapped):
            return around
        parts = _parts(call)
        normal = None if around or kind != "Conv1D" else normalised(call, parts)
        if normal is not None:
            return normal
        layer = f"keras.layers.{kind}" if around else _padded(call, kind, padding_layer, parts)
        return f"{layer}({', '.join(parts)})"

    return build


def _parts(call: CallSite) -> list[str]:
    """The arguments of Keras' layer, its name last."""
    parts = [f"filters={call.text('out_channels')}", f"kernel_size={call.text('kernel_size')}"]
    if call.has("stride"):
        parts.append(f"strides={call.text('stride')}")
    parts.append(f'padding="{"same" if call.constant("padding", 0) == "same" else "valid"}"')
    for torch_name, keras_name in (("dilation", "dilation_rate"), ("groups", "groups"), ("bias", "use_bias")):
        if torch_name in call.bound:
            parts.append(f"{keras_name}={call.text(torch_name)}")
    if call.engine.initializer:
        parts.append(f"kernel_initializer={call.engine.initializer}")
        call.uses("get_initializer")
    return [*parts, f"name={call.text('name')}"]


def _padded(call: CallSite, kind: str, padding_layer: str, parts: list[str]) -> str:
    """The layer: Keras' own with a layer in front that pads, or the emitted one that pads by itself."""
    padding = call.constant("padding", 0)
    if call.engine.deriving or call.engine.in_mixed_list(call.node):
        call.engine.layers.add(kind)
        parts[_at(parts)] = f"padding={call.text('padding', '0')}"
        parts.insert(-1, "channels_first=True")
        return f"TFModel{kind}"
    if padding != "same" and padding not in (0, (0,), (0, 0), "valid"):
        text = call.text("padding")
        if not call.engine.add_padding(call.node, f"keras.layers.{padding_layer}(padding={_plain(text)})"):
            call.engine.layers.add(kind)
            parts[_at(parts)] = f"padding={text}"
            return f"TFModel{kind}"
    return f"keras.layers.{kind}"


def _at(parts: list[str]) -> int:
    """Where the padding stands among a convolution's arguments."""
    return next(k for k, part in enumerate(parts) if part.startswith("padding="))


def normalised(call: CallSite, parts: list[str]) -> str | None:
    """The emitted layer of a convolution with a normalised weight; None for a plain one."""
    axis = reparametrised.axis_of(call.engine, call.node)
    if axis is None:
        return None
    call.engine.layers |= {"Conv1D", "WeightNorm", "WeightNormConv1D"}
    parts[_at(parts)] = f"padding={call.text('padding', '0')}, weight_norm={axis}"
    return f"TFModelWeightNormConv1D({', '.join(parts)})"


def transposed(rank: int) -> object:
    """The constructor of the emitted layer that pads as PyTorch's does."""

    def build(call: CallSite) -> str | Unmapped:
        if call.constant("dilation", 1) != 1:
            return call.refuse("TFP102", "argument `dilation` has no rule", "write the layer by hand")
        grouped = rank == 1 and call.constant("groups", 1) != 1
        name = f"GroupedConvTranspose{rank}d" if grouped else f"ConvTranspose{rank}d"
        call.engine.layers.add(name)
        axis = reparametrised.axis_of(call.engine, call.node) if rank == 1 else None
        parts = [f"filters={call.text('out_channels')}", f"kernel_size={call.text('kernel_size')}"]
        for torch_name, keras_name in (
            ("stride", "strides"),
            ("padding", "padding"),
            ("output_padding", "output_padding"),
            ("groups", "groups"),
            ("bias", "use_bias"),
        ):
            if torch_name in call.bound and not (torch_name == "groups" and call.constant("groups") == 1):
                parts.append(f"{keras_name}={call.text(torch_name)}")
        if axis is not None and grouped:
            return call.refuse("TFP102", "argument `groups` has no rule beside weight_norm", "write the layer by hand")
        if axis is not None:
            call.engine.layers |= {"WeightNorm", f"WeightNorm{name}"}
            name, parts = f"WeightNorm{name}", [*parts, f"weight_norm={axis}"]
        return f"TFModel{name}({', '.join(parts)}, name={call.text('name')})"

    return build
