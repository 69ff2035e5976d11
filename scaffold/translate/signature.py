"""Signatures: annotations in TensorFlow's terms, `training` where it is needed."""

from __future__ import annotations

import ast
import re

from scaffold.translate.engine import Engine
from scaffold.translate.names import popped_keywords

_TENSOR = re.compile(
    r"\btorch\.(?:Tensor|FloatTensor|LongTensor|BoolTensor|IntTensor|HalfTensor|ByteTensor)\b|\b(?<![.\w])Tensor\b"
)


#: What the library's `unpack_inputs` looks up in every model's signature, whether the model has a use for it or not.
_UNPACKED = ("output_hidden_states", "return_dict")


def annotation(engine: Engine, node: ast.expr | None, *, public: bool = False, name: str = "") -> str:
    """An annotation's text; `public` spells it as the models' own `call` does (numpy arrays are welcome there)."""
    if node is None:
        return ""
    node = _of_tensors(engine, node)
    text = ast.unparse(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    optional = re.fullmatch(r"Optional\[(torch\.\w*Tensor|Tensor)\]", text)
    if public and name == "input_ids" and (optional or _TENSOR.fullmatch(text)):
        engine.uses.add("TFModelInputType")
        return "TFModelInputType | None"
    if optional or (public and _TENSOR.fullmatch(text)):
        engine.uses.add("np")
        return "np.ndarray | tf.Tensor | None" if public else "tf.Tensor | None"
    text = _TENSOR.sub("tf.Tensor", text)
    if engine.source.imports.get("PreTrainedModel", "").endswith("modeling_utils.PreTrainedModel"):
        text, count = re.subn(r"(?<![\w.])PreTrainedModel\b", "TFPreTrainedModel", text)
        engine.uses |= {"TFPreTrainedModel"} if count else set()
    for before, after in engine.renames.items():
        text = re.sub(rf"(?<![\w.]){re.escape(before)}\b", after, text)
    text = re.sub(r"\b(?:torch\.)?nn\.(?!functional)\w+", "keras.layers.Layer", text)
    return "" if "torch." in text or "Cache" in text or _names_torch(engine, node, text) else text


def _of_tensors(engine: Engine, node: ast.expr) -> ast.expr:
    """`Union[torch.Tensor, "BlockMask"]` without the quoted names that are torch's."""
    if (
        not isinstance(node, ast.Subscript)
        or ast.unparse(node.value) != "Union"
        or not isinstance(node.slice, ast.Tuple)
    ):
        return node
    kept = [
        item
        for item in node.slice.elts
        if not isinstance(item, ast.Constant) or not engine.source.imports.get(str(item.value), "").startswith("torch.")
    ]
    if len(kept) == len(node.slice.elts) or not kept:
        return node
    if len(kept) == 1:
        return kept[0]
    return ast.copy_location(ast.Subscript(node.value, ast.Tuple(kept, ast.Load()), ast.Load()), node)


def _names_torch(engine: Engine, node: ast.expr, text: str) -> bool:
    """True when a name that was imported from torch is still in the text."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id != "Tensor"}
    left = {n for n in names if (engine.source.imports.get(n) or "").startswith("torch.")}
    return any(re.search(rf"\b{name}\b", text) for name in left)


def parameters(
    engine: Engine,
    function: ast.FunctionDef,
    *,
    public: bool = False,
    drop: frozenset[str] = frozenset(),
    extra: tuple[str, ...] = (),
) -> list[str]:
    """The parameter list of a function (`self` included) as text, one entry a parameter."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    written = [_parameter(engine, a, d, public) for a, d in zip(positional, defaults, strict=True) if a.arg not in drop]
    if public and function.name == "forward":
        # Keras fits and saves models whose first input alone is required
        written[2:] = [e if "=" in e else f"{e} = None" if ":" in e else f"{e}=None" for e in written[2:]]
    if arguments.vararg is not None:
        written.append(f"*{arguments.vararg.arg}")
    elif arguments.kwonlyargs:
        written.append("*")
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        written.append(_parameter(engine, argument, default, public))
    popped = popped_keywords(function) if public else ()
    written += [f"{name}=None" for name in popped]
    if public and function.name == "forward" and arguments.vararg is None and arguments.kwarg is None:
        names = {a.arg for a in [*positional, *arguments.kwonlyargs]}
        written += [f"{name}: bool | None = None" for name in _UNPACKED if name not in names]
    written += extra
    if arguments.kwarg is not None and not popped and not is_typed(arguments.kwarg):
        written.append(f"**{arguments.kwarg.arg}")
    return written


def first_is_list(engine: Engine, function: ast.FunctionDef) -> bool:
    """True when the first argument is, or may be, a list or tuple of tensors, which `@unpack_inputs` takes for all of them."""
    first = next((a for a in function.args.args if a.arg != "self"), None)
    if first is None:
        return False
    if re.match(r"(typing\.)?(Tuple|List|tuple|list)\b", ast.unparse(first.annotation) if first.annotation else ""):
        return True
    seen = [engine.type_of(n).kinds for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == first.arg]
    return bool(seen) and bool(seen[0] & {"tuple", "list"})


def is_typed(keywords: ast.arg) -> bool:
    """`**kwargs: Unpack[FlashAttentionKwargs]`: options of attention implementations that a port does not have."""
    return keywords.annotation is not None and ast.unparse(keywords.annotation).startswith("Unpack[")


def _parameter(engine: Engine, argument: ast.arg, default: ast.expr | None, public: bool) -> str:
    text = annotation(engine, argument.annotation, public=public, name=argument.arg)
    written = f"{argument.arg}: {text}" if text else argument.arg
    if default is None:
        return written
    value = engine.expression(default)
    return f"{written} = {value}" if text else f"{written}={value}"


def header(name: str, entries: list[str], returns: str = "") -> list[str]:
    """A `def` line; one parameter a line when there are many."""
    arrow = f" -> {returns}" if returns else ""
    line = f"def {name}({', '.join(entries)}){arrow}:"
    if len(line) <= 115 and len(entries) <= 7:
        return [line]
    return [f"def {name}(", *(f"    {entry}," for entry in entries), f"){arrow}:"]
