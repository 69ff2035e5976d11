"""Classes of the file that derive from a torch layer (`class Norm(nn.LayerNorm)`): what they derive from in Keras."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from scaffold.translate import binding, operators, registry
from scaffold.translate.classes import Category, ClassInfo
from scaffold.translate.rule import LayerRule, Unmapped
from scaffold.translate.rules import stateless_layers

if TYPE_CHECKING:
    from scaffold.translate.constructor import Constructor
    from scaffold.translate.engine import Engine

#: torch layers that a class of the file may derive from, and Keras' own.
_KERAS_LAYERS = {
    "Embedding": "Embedding", "Linear": "Dense", "LayerNorm": "LayerNormalization", "GroupNorm": "GroupNormalization",
    "Conv2d": "Conv2D", "Conv1d": "Conv1D",
}  # fmt: skip


def bases(engine: Engine, info: ClassInfo) -> str:
    """The bases of a layer's class."""
    if any(base.split(".")[-1] == "BackboneMixin" for base in info.bases):  # which serves both frameworks
        return "keras.layers.Layer, BackboneMixin"
    in_file = [engine.classes[b].tf_name for b in info.bases if b in engine.classes and info.category is Category.LAYER]
    if in_file:
        return ", ".join(in_file)
    if info.category is Category.SUBCLASS:
        for base in info.bases:
            leaf = base.split(".")[-1]
            if leaf in ("Conv1d", "Conv2d"):  # the emitted layer puts the channels last by itself
                engine.layers.add(_KERAS_LAYERS[leaf])
                return f"TFModel{_KERAS_LAYERS[leaf]}"
            if leaf in _KERAS_LAYERS:
                return f"keras.layers.{_KERAS_LAYERS[leaf]}"
        parent = [engine.classes[b].tf_name for b in info.bases if b in engine.classes]
        if parent:
            return ", ".join(parent)
        rule = registry.find(info.bases[0])
        if isinstance(rule, LayerRule) and stateless_layers.is_function(rule) and "forward" in info.methods:
            return "keras.layers.Layer"
        engine.diagnose("TFP140", info.name, f"derives from {info.bases[0]}", info.node, "write it as a keras layer")
    return "keras.layers.Layer"


def super_call(constructor: Constructor, call: ast.Call) -> list[str]:
    """The call of the torch layer's constructor, as that of the layer it has become."""
    engine = constructor.engine
    base = next((b for b in constructor.info.bases if b.startswith("torch.nn.")), "")
    rule = registry.find(base)
    if not isinstance(rule, LayerRule):
        return [f"super().__init__({', '.join([*operators.arguments(engine, call), '**kwargs'])})"]
    if stateless_layers.is_function(rule):
        return ["super().__init__(**kwargs)", *stateless_layers.attributes(engine, rule, constructor.info.node, call)]
    engine.layer_name = '""'
    own = constructor.function.args.kwarg
    # **kwargs are Keras' own
    given = [k for k in call.keywords if k.arg or own is None or ast.unparse(k.value) != own.arg]
    computed = next((k.value for k in given if k.arg == "_weight"), None)
    given = [k for k in given if k.arg != "_weight"]
    call = ast.copy_location(ast.Call(call.func, call.args, given), call)
    engine.source.parents[call] = constructor.function
    engine.deriving = True
    text = engine.construct_layer(rule, base, call)
    engine.layer_name, engine.deriving = None, False
    parsed = ast.parse(text, mode="eval").body
    if not isinstance(parsed, ast.Call) or ast.unparse(parsed.func) == ast.unparse(call.func):  # refused, and marked
        arguments = operators.arguments(engine, call)
    else:
        kept = [(k.arg, ast.get_source_segment(text, k.value)) for k in parsed.keywords if k.arg != "name"]
        if computed is not None:
            kept = [(name, value) for name, value in kept if name != "embeddings_initializer"]
            kept.append(
                ("embeddings_initializer", f"lambda shape, dtype=None: tf.cast({engine.expression(computed)}, dtype)")
            )
        if "self.weight.requires_grad = False" in ast.unparse(constructor.info.node):
            kept.append(("trainable", "False"))
        arguments = [f"{name}={value}" if name else f"**{value}" for name, value in kept]
    padding = _padding(constructor, rule, call, "self") if ".padding_idx" in engine.source.text else []
    more = () if any(argument.startswith("**") for argument in arguments) else ("**kwargs",)
    return [f"super().__init__({', '.join([*arguments, *more])})", *padding]


def padding_of(constructor: Constructor, call: ast.expr, target: str) -> list[str]:
    """`embed_tokens.padding_idx = 1` below an `nn.Embedding`, where the file asks one of its embedding layers for it."""
    name = constructor.engine.source.qualname(call.func) if isinstance(call, ast.Call) else None
    rule = registry.find("torch.nn.Embedding") if name == "torch.nn.Embedding" else None
    asked = re.search(r"\w\.padding_idx\b", re.sub(r"\bself\.padding_idx\b", "", constructor.engine.source.text))
    if not isinstance(rule, LayerRule) or not isinstance(call, ast.Call) or not asked:
        return []
    return _padding(constructor, rule, call, target)


def _padding(constructor: Constructor, rule: LayerRule, call: ast.Call, target: str) -> list[str]:
    """The padding token's number as an attribute of the layer: Keras' has none."""
    bound = binding.bind(rule.args, list(call.args), call.keywords) if rule.torch == "torch.nn.Embedding" else None
    given = None if bound is None or isinstance(bound, Unmapped) else bound[0].get("padding_idx")
    return [] if given is None else [f"{target}.padding_idx = {constructor.engine.expression(given)}"]


#: Whoever looks at a computed table knows it by PyTorch's name, the library's own tests included.
_TABLE = ["@property", "def weight(self) -> tf.Variable:", "    return self.embeddings"]


def initial_weight(constructor: Constructor, target: ast.Attribute, value: ast.expr) -> list[str] | None:
    """`self.weight = self._init_weight(self.weight)` of an embedding that fills its table itself: the table's initial value."""
    is_embedding = "torch.nn.Embedding" in constructor.info.bases
    if not is_embedding or ast.unparse(target) != "self.weight" or not isinstance(value, ast.Call):
        return None
    method = constructor.info.methods.get(ast.unparse(value.func).removeprefix("self."))
    if method is None or [ast.unparse(a) for a in value.args] != ["self.weight"]:
        return None
    function = f"self.{method.name}"
    constructor.engine.method_overrides[constructor.info.name, "weight"] = _TABLE
    line = f"self.embeddings_initializer = lambda shape, dtype=None: {function}(tf.zeros(shape, dtype or tf.float32))"
    frozen = "requires_grad = False" in ast.unparse(method)
    return [line, *(["self.trainable = False"] if frozen else [])]
