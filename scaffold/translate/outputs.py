"""Output classes that `modeling_tf_outputs.py` lacks: made from the checkout's PyTorch class, in the file that needs them."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Mapping

from scaffold.core.checkout import Located
from scaffold.translate import prose
from scaffold.translate.engine import Engine
from scaffold.translate.sources import Source

MODULE = "transformers.modeling_outputs"
_TENSOR = re.compile(r"\btorch\.\w*Tensor\b")


def lacks(located: Located, source: Source, local: str, qualname: str) -> bool:
    """True when the file gives an output class of the library a field that TensorFlow's class of that name does not have."""
    if not qualname.startswith(f"{MODULE}."):
        return False
    path = located.root / "src/transformers/modeling_tf_outputs.py"
    tree = Source(path.read_text(encoding="utf-8"), str(path)).tree
    name = f"TF{qualname.rpartition('.')[2]}"
    node = next((n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name), None)
    fields = {ast.unparse(s.target) for s in node.body if isinstance(s, ast.AnnAssign)} if node is not None else set()
    calls = [n for n in ast.walk(source.tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == local]
    return bool(fields) and any(k.arg is not None and k.arg not in fields for call in calls for k in call.keywords)


def twin(located: Located, name: str) -> list[str] | None:
    """Lines of `TF<name>`; None when the checkout has no such class."""
    path = located.root / "src/transformers/modeling_outputs.py"
    if not path.is_file():
        return None
    source = Source(path.read_text(encoding="utf-8"), str(path))
    node = next((n for n in source.tree.body if isinstance(n, ast.ClassDef) and n.name == name), None)
    if node is None:
        return None
    lines = ["@dataclass", f"class TF{name}(ModelOutput):"]
    for statement in node.body:
        if isinstance(statement, ast.Expr):
            text = textwrap.dedent(" " * statement.col_offset + source.segment(statement))
            lines += [f"    {line}" if line else "" for line in prose.translate(text, {}).split("\n")] + [""]
        elif isinstance(statement, ast.AnnAssign):
            kind = re.sub(
                r"^Optional\[tf\.Tensor\]$|^tf\.Tensor$",
                "tf.Tensor | None",
                _TENSOR.sub("tf.Tensor", ast.unparse(statement.annotation)),
            )
            kind = re.sub(r"^.*\bCache\b.*$", "Tuple[Tuple[tf.Tensor]] | None", kind)  # keys and values of each layer
            lines.append(f"    {ast.unparse(statement.target)}: {kind} = None")
    return lines


#: Of models whose outputs hold the outputs of their parts.
_SERVING = """def serving_output(self, output):
    # a SavedModel serves tensors: what the parts return is left out
    if isinstance(output, ModelOutput):
        for key in [key for key, value in output.items() if isinstance(value, ModelOutput)]:
            output[key] = None
    return super().serving_output(output)
""".split("\n")


#: Of models with an encoder and a decoder, which have a past of both. What the routers of experts return is nested too.
SERVING_PAST = """def serving_output(self, output):
    # a SavedModel serves single tensors, and none holds the decoder's keys and values and the encoder's, which are of
    # another length: each kind is stacked by itself, and other nested tuples are left out
    if isinstance(output, ModelOutput):
        past = output.get("past_key_values") or ()
        for key in [key for key, value in output.items() if isinstance(value, (tuple, list))]:
            if any(map(tf.nest.is_nested, output[key])):
                output[key] = None
        for number, states in enumerate(zip(*map(tf.nest.flatten, past))):
            output[f"past_key_values_{number}"] = tf.stack(states)
    return super().serving_output(output)""".split("\n")


#: Of models that return a tuple of tensors, such as feature maps.
_SERVING_TUPLE = """def serving_output(self, output):
    # a SavedModel serves single tensors, and these may differ in their shapes: each is served by itself
    if isinstance(output, ModelOutput):
        for number, tensor in enumerate(output["{name}"]):
            output[f"{name}_{{number}}"] = tensor
        output["{name}"] = None
    return super().serving_output(output)
"""


def serving(engine: Engine, methods: Mapping[str, ast.FunctionDef]) -> list[str]:
    """Lines of a model's own `serving_output`, where it returns what a SavedModel cannot serve as it is; else none."""
    if _holds_outputs(engine.source, methods):
        return _SERVING
    names = {k.arg: None for call in _returned(methods) for k in call.keywords if k.arg and _is_tuple(engine, k)}
    return _SERVING_TUPLE.format(name=next(iter(names))).split("\n") if len(names) == 1 else []


def _is_tuple(engine: Engine, keyword: ast.keyword) -> bool:
    """True for what was always a tuple of tensors, other than the states of all layers, which are served only if asked for."""
    asked_for = re.search(r"hidden_states|attentions$|past|router", keyword.arg or "")
    return not asked_for and {o.kind for o in engine.types.at(keyword.value).seen} == {"tuple"}


def _returned(methods: Mapping[str, ast.FunctionDef]) -> list[ast.Call]:
    """What a model's `forward` makes in its `return` statements."""
    forward = methods.get("forward", ast.Pass())
    return [n.value for n in ast.walk(forward) if isinstance(n, ast.Return) and isinstance(n.value, ast.Call)]


def returns_both_pasts(methods: Mapping[str, ast.FunctionDef]) -> bool:
    """True when a model returns a past beside what its encoder did."""
    names = [{k.arg for k in call.keywords} for call in _returned(methods)]
    return any({"past_key_values", "encoder_last_hidden_state"} <= given for given in names)


def _holds_outputs(source: Source, methods: Mapping[str, ast.FunctionDef]) -> bool:
    """True when a model returns an output class of this file with a field that is an output itself."""
    fields = {
        node.name: {
            ast.unparse(s.target)
            for s in node.body
            if isinstance(s, ast.AnnAssign) and re.search(r"Output\w*\b", ast.unparse(s.annotation))
        }
        for node in source.tree.body
        if isinstance(node, ast.ClassDef)
    }
    return any(k.arg in fields.get(ast.unparse(call.func), ()) for call in _returned(methods) for k in call.keywords)
