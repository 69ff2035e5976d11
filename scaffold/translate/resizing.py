"""What is resized with the embeddings: a bias over the vocabulary that PyTorch keeps in a buffer, layers beside the embeddings.

Source: `TFPreTrainedModel._v2_resize_token_embeddings`, which asks `get_bias` and `set_bias` of the model.
"""

from __future__ import annotations

import ast
import re

from scaffold.translate import tied_methods
from scaffold.translate.classes import Category, ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.writer import BlockWriter

_RESIZES = re.compile(r"_?resize\w*_token_embeddings")


def leave_to_library(engine: Engine) -> None:
    """Models whose own `resize_token_embeddings` resizes a buffer hand that buffer to the library instead."""
    for info in engine.classes.values():
        if info.category is Category.MODEL and "resize_token_embeddings" in info.methods:
            buffers = [found for method in info.methods.values() for found in _registered_again(info, method)]
            if buffers:
                _hand_over(engine, info, buffers)


def _registered_again(info: ClassInfo, method: ast.FunctionDef) -> list[tuple[str, str]]:
    """(method, buffer) of `self.register_buffer("final_logits_bias", new_bias)` in a method that is not the constructor."""
    calls = [n for n in ast.walk(method) if isinstance(n, ast.Call) and ast.unparse(n.func) == "self.register_buffer"]
    names = [str(call.args[0].value) for call in calls if call.args and isinstance(call.args[0], ast.Constant)]
    made = ast.unparse(info.init) if info.init is not None else ""
    is_own = method is not info.init and method.name.startswith("_resize")
    return [(method.name, name) for name in names if is_own and f"register_buffer('{name}'" in made]


def _hand_over(engine: Engine, info: ClassInfo, buffers: list[tuple[str, str]]) -> None:
    left_out = {method for method, _ in buffers} | {name for name in info.methods if _RESIZES.fullmatch(name)}
    engine.method_overrides |= {(info.name, name): [] for name in left_out}
    names = dict.fromkeys(name for _, name in buffers)
    pairs = ", ".join(f'"{name}": self.{name}' for name in names)
    engine.method_overrides[info.name, "get_bias"] = [
        "def get_bias(self) -> Dict[str, tf.Variable]:",
        "    if not self.built:",
        "        self.build_in_name_scope()",
        f"    return {{{pairs}}}",
    ]
    engine.method_overrides[info.name, "set_bias"] = [
        "def set_bias(self, value: Dict[str, tf.Variable]):",
        '    self.own_weights = keras.layers.Layer(name="own_weights")',
        *(line for name in names for line in _remade(name)),
    ]


def _remade(name: str) -> list[str]:
    """A weight of another size has to be a new one."""
    return [
        f"    self.{name} = self.own_weights.add_weight(",
        f'        shape=shape_list(value["{name}"]), initializer="zeros", trainable=False, name="{name}"',
        "    )",
        f'    self.{name}.assign(value["{name}"])',
    ]


def embeddings_below(engine: Engine) -> None:
    """A model that is a layer here finds its embeddings where PyTorch does: in the sub-module of its `base_model_prefix`."""
    for name in engine.main_layers:
        info = engine.classes[name]
        texts = [ast.unparse(node) for node in info.node.body if isinstance(node, ast.Assign)]
        found = [match[1] for text in texts if (match := re.fullmatch(r"base_model_prefix = '(\w+)'", text))]
        if found and found[0] in info.children and "get_input_embeddings" not in info.methods:
            below = f"self.{tied_methods.kept_name(info, found[0])}"
            engine.method_overrides[name, "get_input_embeddings"] = [
                "def get_input_embeddings(self) -> keras.layers.Layer:",
                f"    return {below}.get_input_embeddings()",
            ]
            engine.method_overrides[name, "set_input_embeddings"] = [
                "def set_input_embeddings(self, value: keras.layers.Layer):",
                f"    {below}.set_input_embeddings(value)",
            ]


def resized_layer(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`self.head = self._get_resized_lm_head(self.head, n)`, which TensorFlow's mixin has for its own kind of layer alone."""
    value = statement.value if isinstance(statement, ast.Assign) else None
    if not isinstance(value, ast.Call) or ast.unparse(value.func) != "self._get_resized_lm_head":
        return None
    engine = writer.engine
    engine.emits.add("resized_dense")
    given = [engine.expression(argument) for argument in value.args]
    given += [f"{keyword.arg}={engine.expression(keyword.value)}" for keyword in value.keywords]
    assert isinstance(statement, ast.Assign)
    target = engine.expression(statement.targets[0])
    return writer.with_comment(statement, f"{target} = resized_dense({', '.join(given)})")
