"""What a model with a tied output layer tells the library: its output embeddings, its head, its bias.

Source: `TFPreTrainedModel` (`get_output_embeddings`, `get_lm_head`, `get_bias`, `_v2_resize_token_embeddings`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scaffold.translate.classes import ClassInfo
from scaffold.translate.engine import Engine

if TYPE_CHECKING:
    from scaffold.translate.ties import Tie

#: The auto mappings whose classes the library's common tests expect to have output embeddings.
_LANGUAGE = ("CAUSAL_LM", "MASKED_LM", "SEQ_TO_SEQ_CAUSAL_LM", "SPEECH_SEQ_2_SEQ")
#: They know a language model by its auto class, and any other with such a layer by this method.
_LM_HEAD = ["def get_lm_head(self) -> keras.layers.Layer:", "    return self.get_output_embeddings()"]
_NO_BIAS = ["def get_bias(self) -> None:", "    return None"]
_TABLES = re.compile(rf"^MODEL_FOR_(?:{'|'.join(_LANGUAGE)})_MAPPING_NAMES = .*?^\)", re.MULTILINE | re.DOTALL)


def write(engine: Engine, tie: Tie, nested: bool) -> None:
    """Plan the methods of the model, and of the head below it when the tied layer is `nested` there."""
    attr = tie.attr
    if tie.beside:  # what the library resizes are the words' embeddings and their head
        return
    _follow(engine, tie, nested)
    if tie.own_bias:
        _methods_with_bias(engine, tie, nested)
    elif not nested:
        layer = f"self.{kept_name(engine.classes[tie.model], attr)}"
        engine.method_overrides[tie.model, "get_output_embeddings"] = [
            "def get_output_embeddings(self) -> keras.layers.Layer:",
            f"    return {layer} if {layer} is not None else self.get_input_embeddings()",
        ]
        engine.method_overrides[tie.model, "set_output_embeddings"] = [
            "def set_output_embeddings(self, value):",
            *_exchanged(engine, layer, nested, f"{layer} is None", "self.set_input_embeddings(value)"),
        ]
        if tie.model not in _language_models(engine):
            engine.method_overrides[tie.model, "get_lm_head"] = _LM_HEAD
            engine.method_overrides[tie.model, "get_bias"] = _NO_BIAS
    else:
        _nested_methods(engine, tie)


def _follow(engine: Engine, tie: Tie, nested: bool) -> None:
    """What holds the embedding layer gets the new one, too, when embeddings are resized."""
    owner, layer = ".".join(["self", *path_to(engine, tie)]), kept_name(engine.classes[tie.owner], tie.attr)
    lines = [f"    {owner}.input_embeddings = value"] if nested else []
    if tie.own_bias:
        holder = f"{owner}.{layer}"
        lines += [f'    if hasattr({holder}, "input_embeddings"):', f"        {holder}.input_embeddings = value"]
    if lines and "set_input_embeddings" not in engine.classes[tie.model].methods:
        engine.method_overrides[tie.model, "set_input_embeddings"] = [
            "def set_input_embeddings(self, value):",
            "    super().set_input_embeddings(value)",
            *lines,
        ]


def _nested_methods(engine: Engine, tie: Tie) -> None:
    kept = kept_name(engine.classes[tie.owner], tie.attr)
    _head_of(engine, tie)
    engine.method_overrides[tie.owner, "get_output_embeddings"] = [
        "def get_output_embeddings(self) -> keras.layers.Layer:",
        f"    return self.input_embeddings if self.{kept} is None else self.{kept}",
    ]
    engine.method_overrides[tie.owner, "set_output_embeddings"] = [
        "def set_output_embeddings(self, value):",
        *_exchanged(engine, f"self.{kept}", True, f"self.{kept} is None", "self.input_embeddings.embeddings = value"),
    ]
    bias = tie.bias or ("bias" if "bias" in engine.classes[tie.owner].parameters else None)  # added after the product
    if bias is None:
        engine.method_overrides[tie.owner, "get_bias"] = _NO_BIAS
        return
    engine.method_overrides[tie.owner, "get_bias"] = [
        "def get_bias(self) -> Dict[str, tf.Variable]:",
        f'    return {{"{bias}": self.{bias}}}',
    ]
    engine.method_overrides[tie.owner, "set_bias"] = [
        "def set_bias(self, value: Dict[str, tf.Variable]):",
        _remade(f"self.{bias}", bias),
    ]


def _remade(weight: str, name: str) -> str:
    """The library hands over a tensor of the new size; only a variable is saved, and can be resized again."""
    return f'    {weight} = tf.Variable(value["{name}"], name={weight}.name.split(":")[0])'


def _exchanged(engine: Engine, layer: str, nested: bool, tied: str, replace: str) -> list[str]:
    """The body of `set_output_embeddings`: the embeddings where the layer is tied, else the layer itself."""
    engine.emits.add("resized_dense")
    table = "self.input_embeddings" if nested else "self.get_input_embeddings()"
    return [
        f"    if {tied}:",
        f"        {replace}",
        "    elif value is not None:",
        f"        {layer} = value",
        "    else:  # the library resizes the embeddings and does not know this layer's weight",
        f"        {layer} = resized_dense({layer}, {table}.input_dim)",
    ]


def _head_of(engine: Engine, tie: Tie) -> None:
    """The model says which of its layers has the tied one."""
    engine.method_overrides[tie.model, "get_lm_head"] = [
        "def get_lm_head(self) -> keras.layers.Layer:",
        f"    return self.{'.'.join(path_to(engine, tie))}",
    ]


def _methods_with_bias(engine: Engine, tie: Tie, nested: bool) -> None:
    """The tied layer is there in either case; what it has for a weight is its own or the embedding layer."""
    layer, own = f"self.{kept_name(engine.classes[tie.owner], tie.attr)}", tie.owner
    replace = "self.input_embeddings.embeddings = value" if nested else "self.set_input_embeddings(value)"
    engine.method_overrides[own, "get_output_embeddings"] = [
        "def get_output_embeddings(self) -> keras.layers.Layer:",
        f'    return getattr({layer}, "input_embeddings", {layer})',
    ]
    engine.method_overrides[own, "set_output_embeddings"] = [
        "def set_output_embeddings(self, value):",
        *_exchanged(engine, layer, nested, f'hasattr({layer}, "input_embeddings")', replace),
    ]
    if nested:
        _head_of(engine, tie)
    elif tie.model not in _language_models(engine):
        engine.method_overrides[tie.model, "get_lm_head"] = _LM_HEAD
    build = ["    if not self.built:", "        self.build_in_name_scope()"]
    engine.method_overrides[own, "get_bias"] = [
        "def get_bias(self) -> Dict[str, tf.Variable]:",
        *(() if nested else build),
        f'    return {{"bias": {layer}.bias}}',
    ]
    engine.method_overrides[own, "set_bias"] = [
        "def set_bias(self, value: Dict[str, tf.Variable]):",
        _remade(f"{layer}.bias", "bias"),
    ]


def _language_models(engine: Engine) -> frozenset[str]:
    """The classes that the auto classes for language models name; every class where there is no such table."""
    text = engine.library_text("models/auto/modeling_auto.py")
    if not text:
        return frozenset(engine.classes)
    return frozenset(name for block in _TABLES.findall(text) for name in re.findall(r'"(\w+)"', block))


def kept_name(owner: ClassInfo, attr: str) -> str:
    """The attribute of the Keras layer: PyTorch's, if Keras has none of that name."""
    return owner.attribute_names.get(attr, attr)


def path_to(engine: Engine, tie: Tie) -> list[str]:
    """Keras attributes that lead to the tied layer's owner."""
    names = []
    current = engine.classes[tie.model]
    for attr in tie.path[:-1]:
        names.append(kept_name(current, attr))
        current = engine.classes[current.children[attr].class_name]
    return names
