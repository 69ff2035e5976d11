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


def keep_scales(engine: Engine) -> None:
    """Embedding layers that scale what they look up are made anew as such: the library makes plain ones."""
    for info in engine.classes.values():
        given = _given_again(engine, info) if _scales(info) else None
        if given is not None:
            lines = [
                "def _v2_get_resized_embeddings(self, old_embeddings, new_num_tokens):",
                "    new_embeddings = super()._v2_get_resized_embeddings(old_embeddings, new_num_tokens)",
                f"    if not isinstance(old_embeddings, {info.tf_name}):",
                "        return new_embeddings",
                "    # the library's new layer is a plain one, without the scale",
                f"    scaled_embeddings = {info.tf_name}({', '.join(given)}, name=new_embeddings.name)",
                "    scaled_embeddings(tf.constant([[0]]))",
                "    scaled_embeddings.embeddings.assign(new_embeddings.embeddings)",
                "    return scaled_embeddings",
            ]
            for name, members in engine.base_members.items():
                engine.base_members[name] = [*members, *([""] if members else []), *lines]
            return


def _scales(info: ClassInfo) -> bool:
    """True for an `nn.Embedding` with a `forward` that changes what the layer finds for its input."""
    forward = info.methods.get("forward")
    if "torch.nn.Embedding" not in info.bases or forward is None or len(forward.args.args) != 2:
        return False
    looked_up = f"super().forward({forward.args.args[1].arg})"
    found = [n.value for n in ast.walk(forward) if isinstance(n, ast.Return) and n.value is not None]
    return len(found) == 1 and isinstance(found[0], ast.BinOp) and looked_up in ast.unparse(found[0])


def _given_again(engine: Engine, info: ClassInfo) -> list[str] | None:
    """The arguments that make such a layer of another size, of what the old one knows; None when it does not know one."""
    if info.init is None:
        return None
    calls = [n for n in ast.walk(info.init) if isinstance(n, ast.Call) and ast.unparse(n.func) == "super().__init__"]
    made = [ast.unparse(argument) for argument in calls[0].args] if calls else []
    asked = ".padding_idx" in engine.source.text  # else a port has no use for it
    known = dict(zip(made, ("new_num_tokens", "old_embeddings.output_dim"), strict=False))
    known |= dict.fromkeys(made[2:3], "old_embeddings.padding_idx" if asked else "None")
    for node in ast.walk(info.init):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            known[ast.unparse(node.value)] = f"old_embeddings.{node.targets[0].attr}"
    names = [a.arg for a in info.init.args.args[1:]]
    return [f"{name}={known[name]}" for name in names] if all(name in known for name in names) else None


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
