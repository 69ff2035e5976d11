"""Public models that only wrap their main layer, so that the weights of the base model and of all heads have the same names.

Source: guide.md G23.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from scaffold.translate import signature, weight_names
from scaffold.translate.classes import ClassInfo
from scaffold.translate.names import popped_keywords
from scaffold.translate.writer import indented

if TYPE_CHECKING:
    from scaffold.translate.emit import ClassWriter

#: Decorators that document.
DOCUMENTING = ("add_start_docstrings", "add_code_sample", "replace_return")


def thin_model(writer: ClassWriter, info: ClassInfo, layer: list[str]) -> list[str]:
    """`TFXModel`: the main layer (its lines are `layer`) under `base_model_prefix`, every argument handed on (G23).

    Blank lines come first; nothing at all for a model that is not public.
    """
    if info.name not in writer.engine.thin_models:
        return []
    forward = info.methods["forward"]
    name = writer.engine.thin_models[info.name]
    entries = signature.parameters(writer.engine, forward, public=True, extra=("training: bool = False",))
    names = [a.arg for a in [*forward.args.args, *forward.args.kwonlyargs] if a.arg != "self"]
    names += popped_keywords(forward)
    attr = re.sub(r"\W", "_", weight_names.main_attribute(writer.prefix))
    init = info.init
    optional = [] if init is None else [e for e in signature.parameters(writer.engine, init) if "=" in e]
    handed = [f"{e.split(':')[0].split('=')[0].strip()}={e.split(':')[0].split('=')[0].strip()}" for e in optional]
    arguments = ", ".join(["config", *handed, f'name="{writer.prefix or attr}"'])
    head = signature.header("__init__", ["self", f"config: {writer.config_class}", "*inputs", *optional, "**kwargs"])
    docs = _call_decorators(writer, forward)
    body = [
        *writer.class_docstring(info),
        *writer.attributes(info),
        *writer.engine.ignored_keys.get(info.name, ()),
        *writer.engine.own_members.get(info.name, ()),
        *weight_names.renamed(writer.engine, info, writer.prefix, thin=True),
        *head,
        "    super().__init__(config, *inputs, **kwargs)",
        "",
        f"    self.{attr} = {writer.engine.main_layers[info.name]}({arguments})",
        "",
        "@unpack_inputs",
        *docs,
        *signature.header("call", entries, signature.annotation(writer.engine, forward.returns)),
        *indented(_forward_docstring(writer, forward)),
        f"    outputs = self.{attr}(",
        *(f"        {n}={n}," for n in names),
        "        training=training,",
        "    )",
        "",
        "    return outputs",
        "",
        *_parts(writer, info, attr),
        *_forwarded(writer, info, attr, layer),
        "def build(self, input_shape=None):",
        "    if self.built:",
        "        return",
        "    self.built = True",
        f'    if getattr(self, "{attr}", None) is not None:',
        f"        with tf.name_scope(self.{attr}.name):",
        f"            self.{attr}.build(None)",
    ]
    return ["", "", *writer.decorators(info), f"class {name}({writer.model_bases(info)}):", *indented(body)]


#: Methods that the library reaches through the main layer by itself.
_REACHED = frozenset({"forward", "__init__", "get_input_embeddings", "set_input_embeddings", "get_head_mask", "build"})


def _parts(writer: ClassWriter, info: ClassInfo, attr: str) -> list[str]:
    """Sub-models with a configuration of their own, reached under PyTorch's names: `model.vision_encoder`."""
    lines: list[str] = []
    if any(info.name in other.bases for other in writer.engine.classes.values()):
        return lines  # which may keep another one under the name
    for name, child in info.children.items():
        given = [ast.unparse(call.args[0]) for call in child.calls if call.args]
        if not child.is_list and any(re.fullmatch(r"config\.\w+_config", text) for text in given):
            own = info.attribute_names.get(name, name)
            lines += ["@property", f"def {name}(self):", f"    return self.{attr}.{own}", ""]
    return lines


def _forwarded(writer: ClassWriter, info: ClassInfo, attr: str, layer: list[str]) -> list[str]:
    """Public methods of the main layer, which PyTorch's model has, under the model's own name."""
    lines: list[str] = []
    for name, function in info.methods.items():
        decorators = [ast.unparse(d) for d in function.decorator_list if "no_grad" not in ast.unparse(d)]
        is_decorated = any(not d.startswith(DOCUMENTING) for d in decorators) or (
            decorators and name.endswith("embeddings")
        )
        is_written = any(line.startswith(f"    def {name}(") for line in layer)
        if name in _REACHED or name.startswith("_") or is_decorated or not is_written:
            continue
        trained = name in info.training_methods
        extra = ("training: bool = False",) if trained else ()
        entries = signature.parameters(writer.engine, function, public=True, extra=extra)
        names = [a.arg for a in function.args.args if a.arg != "self"] + ["training"] * trained
        arguments = ", ".join(f"{argument}={argument}" for argument in names)
        lines += [*signature.header(name, entries), f"    return self.{attr}.{name}({arguments})", ""]
    return lines


def _call_decorators(writer: ClassWriter, function: ast.FunctionDef) -> list[str]:
    lines = []
    for decorator in function.decorator_list:
        name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if name.startswith(DOCUMENTING):
            lines += ("@" + writer.docstring(writer.engine.splice(decorator))).split("\n")
    return lines


def _forward_docstring(writer: ClassWriter, function: ast.FunctionDef) -> list[str]:
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        text = re.sub(r"\n {8}", "\n", writer.engine.source.segment(first))
        return writer.docstring(text).split("\n")
    return []
