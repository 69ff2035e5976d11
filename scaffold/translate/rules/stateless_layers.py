"""`torch.nn` layers without weights (pooling, padding, resizing, activations): a function of one tensor, by the function's rule.

Source: torch's documentation, "torch.nn"; each of these layers is defined there by its twin in `torch.nn.functional`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.core.typedb import Observation, TypeInfo
from scaffold.translate import binding
from scaffold.translate.callsite import Arg, CallSite, rewritten
from scaffold.translate.rule import LayerRule, Rule, Unmapped
from scaffold.translate.rules import activations, convolution, normalising

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine

_FUNCTIONS = {
    rule.torch.rpartition(".")[2]: rule
    for rule in (*activations.RULES, *convolution.RULES, *normalising.RULES)
    if isinstance(rule, Rule) and rule.torch.startswith("torch.nn.functional.")
}


def _function(name: str, rank: int | None) -> object:
    """A rewrite that binds the layer's arguments to the function's rule and leaves the tensor open."""
    rule = _FUNCTIONS[name]

    def build(call: CallSite) -> str | Unmapped:
        tensor = Arg(ast.Name("x", ast.Load()), "x", TypeInfo((Observation("tensor", "float32", rank),)))
        given = {("pad" if k == "padding" and "pad" in rule.args else k): v for k, v in call.bound.items()}
        known = {k: v for k, v in given.items() if k in rule.args}
        bound = {rule.args[0]: tensor, **_paired(known, rank)}
        site = CallSite(call.engine, call.node, rule.torch, bound, {})
        if rule.rewrite is not None:
            text = rewritten(rule.rewrite, site)
        else:
            values: dict[str, Arg | str] = {**rule.defaults, **{k: v for k, v in bound.items() if k not in rule.ignore}}
            text = binding.fill(rule.tf, values)
        if isinstance(text, Unmapped):
            return text
        plain = text.removesuffix("(x)")
        if plain != text and plain.replace(".", "").isidentifier():
            return plain
        parent = call.engine.parent(call.node)
        at_once = isinstance(parent, ast.Call) and parent.func is call.node  # nn.MaxPool1d(2)(x)
        return f"(lambda x: {text})" if at_once else f"lambda x: {text}"

    return build


def _paired(bound: dict[str, Arg], rank: int | None) -> dict[str, Arg]:
    """`ZeroPad2d(1)` is `ZeroPad2d((1, 1, 1, 1))`."""
    pad = bound.get("pad")
    if (
        pad is None
        or pad.node is None
        or pad.kind not in ("int", None)
        or not isinstance(pad.constant, int)
        or rank is None
    ):
        return bound
    sides = ast.copy_location(ast.Tuple([pad.node] * (2 * (rank - 2)), ast.Load()), pad.node)  # type: ignore[list-item]
    return {**bound, "pad": Arg(sides, pad.text, TypeInfo((Observation("tuple", rank=2 * (rank - 2)),)))}


def _layer(torch_name: str, function: str, args: tuple[str, ...], rank: int | None = None) -> LayerRule:
    return LayerRule(
        torch=f"torch.nn.{torch_name}",
        args=args,
        ignore=("inplace", "device", "dtype"),
        rewrite=_function(function, rank),  # type: ignore[arg-type]
        note=f"{_NOTE}{function}`",
    )


_NOTE = "as `torch.nn.functional."
#: What torch's constructors take where nothing is given; the stride of a pool is its window then.
_DEFAULTS = {
    "padding": "0", "dilation": "1", "return_indices": "False", "ceil_mode": "False", "count_include_pad": "True",
    "divisor_override": "None", "value": "0.0", "align_corners": "None",
}  # fmt: skip


def is_function(rule: LayerRule) -> bool:
    """True for a layer that is a function of one tensor."""
    return rule.note.startswith(_NOTE)


def attributes(engine: Engine, rule: LayerRule, node: ast.ClassDef, call: ast.Call) -> list[str]:
    """Statements that keep the arguments of such a layer, for a class that derives from it: those that its methods read."""
    site = engine.site(rule.args, rule.torch, call)
    if isinstance(site, Unmapped):
        engine.diagnose(site.code, rule.torch, site.message, call, site.help)
        return []
    read = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "self"}
    values = {**_DEFAULTS, "stride": site.text("kernel_size"), **{k: v.text for k, v in site.bound.items()}}
    return [f"self.{name} = {values[name]}" for name in rule.args if name in read and name in values]


_MAX = ("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode")
_MEAN = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override")

LAYERS = [
    *(_layer(f"MaxPool{n}d", f"max_pool{n}d", _MAX, n + 2) for n in (1, 2)),
    *(_layer(f"AvgPool{n}d", f"avg_pool{n}d", _MEAN, n + 2) for n in (1, 2)),
    *(_layer(f"AdaptiveAvgPool{n}d", f"adaptive_avg_pool{n}d", ("output_size",), n + 2) for n in (1, 2)),
    *(_layer(f"ZeroPad{n}d", "pad", ("padding",), n + 2) for n in (1, 2)),
    *(_layer(f"ConstantPad{n}d", "pad", ("padding", "value"), n + 2) for n in (1, 2)),
    _layer("PixelShuffle", "pixel_shuffle", ("upscale_factor",), 4),
    _layer("Upsample", "interpolate", ("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor"), 4),
    _layer("Unfold", "unfold", ("kernel_size", "dilation", "padding", "stride"), 4),
    *(_layer(name, name.lower(), ("inplace",)) for name in ("ReLU6", "Hardswish", "Hardsigmoid", "SELU")),
    *(_layer(name, name.lower(), ()) for name in ("LogSigmoid", "Softsign")),
    _layer("ELU", "elu", ("alpha", "inplace")),
    _layer("GLU", "glu", ("dim",)),
    _layer("LogSoftmax", "log_softmax", ("dim",)),
    _layer("Softplus", "softplus", ("beta", "threshold")),
]
