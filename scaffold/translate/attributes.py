"""Attributes with a meaning of their own: of tensors, of torch's names, of its layers and loss modules."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from scaffold.translate import binding, registry
from scaffold.translate.classes import Category
from scaffold.translate.names import trained_parameter
from scaffold.translate.promotion import ABOUT, AS_DTYPE, COMPUTED, table_of
from scaffold.translate.rule import AnyRule, AttributeRule, Rule

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine

#: Layer class → Keras attribute that holds what PyTorch calls `weight`.
_WEIGHTS = {"Embedding": "{0}.embeddings", "Linear": "tf.transpose({0}.kernel)", "LayerNorm": "{0}.gamma"}


def special_attribute(engine: Engine, node: ast.Attribute) -> str | None:
    """Attributes with a meaning of their own; None when the ordinary spelling serves."""
    receiver = node.value
    if node.attr == "training" and isinstance(receiver, ast.Name) and _trains(engine, node, receiver.id):
        return "training"
    qualname = engine.source.qualname(node)
    rule = registry.find(qualname) if qualname else None
    if isinstance(rule, AttributeRule):
        engine.uses |= set(rule.uses)
        engine.emits |= {rule.emit} - {""}
        return rule.tf
    handed = function_itself(rule)
    if handed is not None and not any(isinstance(n, ast.Name) and engine.is_local(n) for n in ast.walk(receiver)):
        return handed
    if node.attr == "device" and isinstance(receiver, ast.Name) and receiver.id == "self":
        return "None"
    if node.attr == "dtype" and (_is_parameter(receiver) or ast.unparse(receiver) == "self"):
        return _computed(engine, node)
    kernel = _kernel(engine, node) or _sizes(engine, node)
    if kernel is not None:
        return kernel
    if engine.type_of(receiver).kind == "tensor" or (node.attr == "shape" and not engine.owner_of(receiver)):
        rule = registry.find(f"torch.Tensor.{node.attr}")
        if isinstance(rule, AttributeRule):
            engine.uses |= set(rule.uses)
            return binding.fill(rule.tf, {"self": engine.arg(receiver)})
    if node.attr in ("values", "indices") and isinstance(receiver, ast.Call):
        return pick(engine.expression(receiver), 0 if node.attr == "values" else 1)
    return _loss_attribute(engine, node) or _module_attribute(engine, node) or _sampler(node)


def _sampler(node: ast.Attribute) -> str | None:
    """`Gumbel(0, 1).rsample`: a function of a shape."""
    if node.attr == "rsample" and isinstance(node.value, ast.Call) and ast.unparse(node.value).endswith("Gumbel(0, 1)"):
        return "(lambda shape: -tf.math.log(-tf.math.log(tf.random.uniform(shape, minval=1e-20))))"
    return None


def function_itself(rule: AnyRule | None) -> str | None:
    """`tf.nn.relu` for a function that is handed on instead of called, where the rule's template is one of its first argument."""
    if not isinstance(rule, Rule) or rule.rewrite is not None or not rule.args:
        return None
    text = rule.tf.removesuffix(f"({{{rule.args[0]}}})")
    return text if text != rule.tf and "{" not in text else None


def _trains(engine: Engine, node: ast.Attribute, name: str) -> bool:
    """`self.training`, or that of a layer which a function is given."""
    function = engine.function_of(node)
    is_given = function is not None and trained_parameter(function) == name and engine.class_of(node) is None
    return name == "self" or is_given


def _kernel(engine: Engine, node: ast.Attribute) -> str | None:
    """`self.weight.T` of a linear layer: Keras keeps it that way round."""
    if node.attr != "T" or not isinstance(node.value, ast.Attribute) or node.value.attr != "weight":
        return None
    weight = engine.expression(node.value)
    is_kernel = weight.startswith("tf.transpose(") and weight.endswith(".kernel)")
    return weight.removeprefix("tf.transpose(")[:-1] if is_kernel else None


def _sizes(engine: Engine, node: ast.Attribute) -> str | None:
    """`embed_tokens.weight.shape` in a constructor, where no weight of Keras' is made yet."""
    function = engine.function_of(node)
    is_early = function is not None and function.name == "__init__" and node.attr == "shape"
    if not is_early or not isinstance(node.value, ast.Attribute) or node.value.attr != "weight":
        return None
    table = engine.expression(node.value)
    owner = table.removesuffix(".embeddings")
    return f"[{owner}.input_dim, {owner}.output_dim]" if owner != table else None


def _computed(engine: Engine, node: ast.Attribute) -> str:
    """The dtype that the model's parameters are used in; outside of a layer there is no policy to ask for it."""
    if not _in_layer(engine, node):
        return "tf.float32"
    return COMPUTED if _is_named_only(engine, node) else AS_DTYPE


def _in_layer(engine: Engine, node: ast.Attribute) -> bool:
    owner, function = engine.class_of(node), engine.function_of(node)
    layers = (Category.LAYER, Category.SUBCLASS, Category.MODEL)
    return owner is not None and owner.category in layers and function is not None and function.name != "__init__"


def _is_named_only(engine: Engine, node: ast.expr) -> bool:
    """True for a dtype that torch's functions are given, or that is compared: Keras has its name alone, which is no dtype."""
    parent = engine.parent(node)
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        function, name = engine.function_of(node), parent.targets[0].id
        uses = [n for n in ast.walk(function or parent) if isinstance(n, ast.Name) and n.id == name]
        return all(n is parent.targets[0] or (isinstance(n.ctx, ast.Load) and _is_named_only(engine, n)) for n in uses)
    call = engine.parent(parent) if isinstance(parent, ast.keyword) else parent
    rule = engine.rule_for(call) if isinstance(call, ast.Call) else None
    return (rule is not None and rule.torch != "torch.finfo") or isinstance(parent, (ast.Compare, ast.Tuple, ast.List))


#: Methods that fill weights, hand them on or put others in their place.
_NOT_COMPUTING = ("_init", "get_", "set_", "tie", "_tie", "resize", "_resize")


def _is_computed_with(engine: Engine, node: ast.Attribute) -> bool:
    """True for a weight that is read where a layer computes, and not only something about it: `embed.weight.shape`."""
    function, parent = engine.function_of(node), engine.parent(node)
    about = isinstance(parent, ast.Attribute) and parent.attr in ABOUT
    moved = function is not None and function.name.startswith(_NOT_COMPUTING)
    return _in_layer(engine, node) and isinstance(node.ctx, ast.Load) and not about and not moved


def _is_parameter(node: ast.expr) -> bool:
    """`self.dense.weight`, `next(self.parameters())`: any parameter tells the model's dtype."""
    is_weight = isinstance(node, ast.Attribute) and node.attr == "weight"
    return is_weight or re.fullmatch(r"next\([\w.\[\]]+\.parameters\(\)\)", ast.unparse(node)) is not None


def _loss_attribute(engine: Engine, node: ast.Attribute) -> str | None:
    """`loss_fct.ignore_index` of a loss module that has become a function; the loss, or none, of a model's output.

    That of a SavedModel's layer is made anew by TensorFlow from an iterator that stays in the attribute of an absent first field.
    """
    if node.attr == "loss" and isinstance(node.ctx, ast.Load) and engine.type_of(node.value).kind == "output":
        return f'{engine.expression(node.value)}.get("loss")'
    constructor = engine.loss_of(node.value) if node.attr == "ignore_index" else None
    if constructor is None:
        return None
    return next((engine.expression(k.value) for k in constructor.keywords if k.arg == "ignore_index"), "-100")


def _torch_layer(engine: Engine, qualname: str) -> str | None:
    """`Embedding` for `torch.nn.Embedding` and for classes of this file that derive from it."""
    if qualname.startswith("torch.nn."):
        return qualname.rpartition(".")[2]
    info = engine.classes.get(qualname)
    bases = [b for b in info.bases if b.startswith("torch.nn.")] if info is not None else []
    return bases[0].rpartition(".")[2] if bases and bases[0] != "torch.nn.Module" else None


def _module_attribute(engine: Engine, node: ast.Attribute) -> str | None:
    from scaffold.translate import ties

    own = _own_weight(engine, node) or ties.part(engine, node)
    if own is not None:
        return own
    child = engine.child_of(node.value)
    layer = None if child is None or child.is_list else _torch_layer(engine, child.qualname)
    layer = layer or _observed_layer(engine, node.value)
    if layer is None:
        return None
    text = engine.expression(node.value)
    if layer in ("Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d") and node.attr in _CONVOLUTION:
        return f"{text}.{_CONVOLUTION[node.attr]}"
    if node.attr == "weight" and layer == "Embedding" and _is_computed_with(engine, node):
        return table_of(text)
    if node.attr == "weight" and layer in _WEIGHTS:
        return _WEIGHTS[layer].format(text)
    if node.attr in ("out_features", "in_features") and layer == "Linear":
        return f"{text}.units" if node.attr == "out_features" else None
    if node.attr in ("num_embeddings", "embedding_dim") and layer == "Embedding":
        return f"{text}.{'input_dim' if node.attr == 'num_embeddings' else 'output_dim'}"
    return None


#: What a convolution's attributes are called on the Keras layer.
_CONVOLUTION = {"stride": "strides", "dilation": "dilation_rate", "out_channels": "filters"}


def _observed_layer(engine: Engine, node: ast.expr) -> str | None:
    """`Conv2d` for a variable that was seen to hold one."""
    detail = engine.type_of(node).detail if engine.type_of(node).kind == "module" else None
    return detail.rpartition(".")[2] if detail and detail.startswith("torch.nn.modules.") else None


#: Torch layer → what its attributes are called on the Keras layer, where a class of the file derives from it.
_OWN = {
    "LayerNorm": {"weight": "self.gamma", "bias": "self.beta", "eps": "self.epsilon"},
    "Linear": {"weight": "tf.transpose(self.kernel)"},
    "Embedding": {
        "weight": "self.embeddings",
        "num_embeddings": "self.input_dim",
        "embedding_dim": "self.output_dim",
    },
    "GroupNorm": {
        "weight": "self.gamma",
        "bias": "self.beta",
        "eps": "self.epsilon",
        "num_groups": "self.groups",
    },
    "Conv2d": {
        "weight": "tf.transpose(self.kernel, perm=(3, 2, 0, 1))",
        "stride": "self.strides",
        "dilation": "self.dilation_rate",
        "out_channels": "self.filters",
        "padding": "self.sides",
    },
    "Conv1d": {
        "weight": "tf.transpose(self.kernel, perm=(2, 1, 0))",
        "stride": "self.strides",
        "dilation": "self.dilation_rate",
        "out_channels": "self.filters",
        "padding": "self.sides",
    },
}


def _own_weight(engine: Engine, node: ast.Attribute) -> str | None:
    """`self.weight` in `class Norm(nn.LayerNorm)`."""
    owner = engine.class_of(node)
    if owner is None or not isinstance(node.value, ast.Name) or node.value.id != "self" or not owner.bases:
        return None
    layer = owner.bases[0].removeprefix("torch.nn.")
    return _OWN.get(layer, {}).get(node.attr) if owner.bases[0].startswith("torch.nn.") else None


def pick(text: str, position: int) -> str:
    """Item of a rendered `(values, indices)` pair, or of a named tuple such as tf.math.top_k's."""
    parsed = ast.parse(text, mode="eval").body
    if isinstance(parsed, ast.Tuple):
        return ast.get_source_segment(text, parsed.elts[position]) or text
    return f"{text}[{position}]"
