"""Drop what has no meaning in TensorFlow: devices, tracing, gradient checkpointing, settled conditions, flag defaults."""

from __future__ import annotations

import ast
import re

from scaffold.translate import composite, markers, reach, states, unpacking
from scaffold.translate.names import switches_mode
from scaffold.translate.truth import truth
from scaffold.translate.writer import BlockWriter

#: Flags that `@unpack_inputs` fills from the configuration.
_UNPACKED = frozenset({"output_attentions", "output_hidden_states", "return_dict"})
_TORCH_CONTEXTS = (
    "torch.no_grad", "torch.autocast", "torch.cuda.amp", "torch.amp", "torch.backends", "autocast", "torch.inference_mode",
    "deepspeed.", "warnings.",
)  # fmt: skip
_DROPPED_CALLS = (
    "self.post_init", "self.init_weights", "self.warn_if_padding_and_no_attention_mask", "torch.cuda.", "torch._check",
    "self.apply", "self.tie_weights", "self._tie_weights", "self.parametrize", "torch.backends.",
    "self.register_load_state_dict", "self._register_load_state_dict",
    "warnings.simplefilter",
)  # fmt: skip


def settled_conditions(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """Write only the branch that runs when the condition's outcome is known in advance."""
    if not isinstance(statement, ast.If):
        return None
    outcome = truth(statement.test, writer.engine.settled)
    names = frozenset(name for name, value in writer.engine.file_constants.items() if not value)
    if outcome is None and reach.calls_absent(statement.body, names):
        outcome = False
    if outcome is None:
        return None
    if outcome:
        return writer.block(statement.body, statement.test.end_lineno or statement.lineno)
    window = states.kept_keys(writer.engine, statement)
    if window is not None:
        why = "keys and values in a window of the layer, which rows that a mask hides wholly attend to"
        writer.engine.diagnose("TFP122", "self._update_cache", why, window, "compare with PyTorch's use_cache=False")
        return markers.write(writer.engine.diagnostics[-1])
    if not statement.orelse:
        return []
    last = statement.body[-1].end_lineno or 0
    first = statement.orelse[0]
    if isinstance(first, ast.If) and writer.source.segment(first).startswith("elif"):
        return writer.statement(first)
    header = next((n for n in range(last, first.lineno) if writer.source.lines[n].strip().startswith("else")), last)
    kept = writer.block(statement.orelse, header + 1)
    for besides in states.done_besides(writer.engine, statement):
        kept += ["# PyTorch does this where it keeps states, as it does by default", *writer.statement(besides)]
    return kept


def torch_only(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """Statements about devices, hooks, caches of gradients, and flags that `@unpack_inputs` already set."""
    if isinstance(statement, ast.With):
        return _without_torch_context(writer, statement)
    if switches_mode(statement) or states.makes(writer.engine, statement):
        return []
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        name = ast.unparse(statement.value.func)
        if name == "self.register_buffer":
            return _buffer(writer, statement.value)
        if (
            _moves(writer, statement.value)
            or name.startswith(_DROPPED_CALLS)
            or name.endswith((".requires_grad_", ".register_forward_hook"))
        ):
            return []
    if _watches_gradients(statement):
        return []
    if _frees(statement) or _about_old_keywords(writer, statement):
        return []
    if composite.tied_keys(statement) or composite.unused(writer.engine, statement):
        return []
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return _assignment(writer, statement, statement.targets[0])
    return None


def _watches_gradients(statement: ast.stmt) -> bool:
    """`if self.save_attention: self.save_attention_map(x); x.register_hook(…)`, which only shows PyTorch's backward pass."""
    if not isinstance(statement, ast.If) or statement.orelse:
        return False
    calls = [s.value for s in statement.body if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)]
    return len(calls) == len(statement.body) and any(ast.unparse(c.func).endswith(".register_hook") for c in calls)


def _frees(statement: ast.stmt) -> bool:
    """`del logits`, for memory's sake; `del kwargs[key]` does something."""
    return isinstance(statement, ast.Delete) and not any(
        isinstance(t, ast.Subscript) and isinstance(t.value, ast.Name) and not isinstance(t.slice, ast.Slice)
        for t in statement.targets
    )


def _about_old_keywords(writer: BlockWriter, statement: ast.stmt) -> bool:
    """`if len(old_arguments) > 0: raise …` about what a model's `**old_arguments` caught; a port's `call` takes no others."""
    function = writer.engine.function_of(statement)
    if not isinstance(statement, ast.If) or statement.orelse or function is None or function.args.kwarg is None:
        return False
    caught = {n.id for n in ast.walk(statement.test) if isinstance(n, ast.Name)} - {"len"}
    tells = all(isinstance(s, ast.Raise) or ast.unparse(s).startswith(("warnings.", "logger.")) for s in statement.body)
    return function.name == "forward" and tells and caught == {function.args.kwarg.arg}


def _moves(writer: BlockWriter, call: ast.Call) -> bool:
    """`self.inv_freq.to(x.device)` as a statement."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "to":
        return False
    if call.args and all(writer.engine.type_of(argument).kind == "device" for argument in call.args):
        return True
    return writer.engine.expression(call) == writer.engine.expression(call.func.value)


def _assignment(writer: BlockWriter, statement: ast.Assign, target: ast.expr) -> list[str] | None:
    if ast.unparse(target) == "self.dtype" and ast.unparse(statement.value).startswith("getattr(torch, "):
        return []  # what a port computes in is the layer's own
    if re.fullmatch(r"self\.\w+\.weight\.data", ast.unparse(target)):
        return []  # initial values
    kind = writer.engine.type_of(statement.value).kind
    if kind == "device" or (isinstance(target, ast.Name) and target.id in ("device", "device_type")):
        return []
    text = ast.unparse(target)
    if isinstance(target, ast.Attribute) and ast.unparse(statement.value).startswith(f"{text}.to("):
        return []  # a sub-module's dtype or device
    if text.endswith(".requires_grad"):
        return []
    on_itself = isinstance(target, ast.Name) and ast.unparse(statement.value).startswith(f"{text}.")
    if on_itself and writer.engine.expression(statement.value) == text:
        return []  # `x = x.to(device)`, `x = x.contiguous()`
    if text in writer.engine.settled or _spread_later(writer, statement.value):
        return []
    if isinstance(target, ast.Name) and target.id in _UNPACKED and writer.engine.fills_flags:
        value = ast.unparse(statement.value)
        if f"{target.id} is not None" in value and "config." in value:
            return []
    return None


def _spread_later(writer: BlockWriter, value: ast.expr) -> bool:
    """`args = cast_if_needed(x, w)` of a function that hands back what it gets: `f(*args)` is written out."""
    is_call = isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
    return is_call and unpacking.hands_back(writer.engine.functions.get(value.func.id))  # type: ignore[attr-defined]


def _buffer(writer: BlockWriter, call: ast.Call) -> list[str] | None:
    """A buffer registered in a method that the constructor calls is an attribute like any other."""
    named = {k.arg: k.value for k in call.keywords}
    value = call.args[1] if len(call.args) > 1 else named.get("tensor")
    owner = writer.engine.class_of(call)
    if value is None or owner is None or not isinstance(call.args[0], ast.Constant):
        return None
    attr = str(call.args[0].value)
    return [f"self.{owner.attribute_names.get(attr, attr)} = {writer.engine.expression(value)}"]


def _without_torch_context(writer: BlockWriter, statement: ast.With) -> list[str] | None:
    names = [ast.unparse(i.context_expr) for i in statement.items]
    if all(n.startswith(_TORCH_CONTEXTS) for n in names):
        return writer.block(statement.body, statement.items[-1].context_expr.end_lineno or statement.lineno)
    return None
