"""What the rule files share: one row for a function and its method, casts where torch promotes, shape arguments.

Source of the promotion order: torch's documentation, "Tensor Attributes: torch.dtype".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from scaffold.translate.callsite import NOT_CONSTANT, TF_DTYPES, Arg, CallSite, parenthesised
from scaffold.translate.infer import widest
from scaffold.translate.names import reads_shape
from scaffold.translate.promotion import dtype_among
from scaffold.translate.rule import Example, Rule, Unmapped

Rewrite = Callable[[CallSite], "str | Unmapped"]

INTEGERS = frozenset({"int64", "int32", "int16", "int8", "uint8"})
FLOATS = frozenset({"float64", "float32", "float16", "bfloat16"})
_ORDER = (
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
)
#: Arguments of torch's creation functions and reductions that TensorFlow has no use for.
PLACEMENT = ("device", "layout", "requires_grad", "pin_memory", "memory_format", "out", "generator", "names")


# -- making rules ----------------------------------------------------------------------------------------------------


def method_example(example: Example, name: str, method: str) -> Example:
    """`torch.name(a, …)` as `a.method(…)`; the expected text stays."""
    text = example.before
    for node in ast.walk(ast.parse(text, mode="eval")):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"torch.{name}" and node.args:
            first = node.args[0]
            following = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
            subject = parenthesised(text[first.col_offset : first.end_col_offset], first)
            rest = text[first.end_col_offset : node.end_col_offset].lstrip(", ") if following else ")"
            text = f"{text[: node.col_offset]}{subject}.{method}({rest}{text[node.end_col_offset :]}"
            break
    return replace(example, before=text)


def _method(args: tuple[str, ...]) -> tuple[str, ...]:
    return ("self", *args[1:])


def both(
    name: str, args: tuple[str, ...], tf: str, *, examples: Sequence[Example], inplace: bool = False, **fields: Any
) -> list[Rule]:
    """Rows for `torch.name` and `torch.Tensor.name` (and `name_`): the first parameter is the method's receiver."""
    rules = [Rule(torch=f"torch.{name}", args=args, tf=tf, examples=tuple(examples), **fields)]
    template = tf.replace("{" + args[0] + "}", "{self}")
    for method in (name, f"{name}_") if inplace else (name,):
        derived = tuple(method_example(example, name, method) for example in examples)
        rules.append(Rule(torch=f"torch.Tensor.{method}", args=_method(args), tf=template, examples=derived, **fields))
    return rules


def rewrites(
    into: list[Rule], *names: str, args: tuple[str, ...], examples: Sequence[Example], **fields: Any
) -> Callable[[Rewrite], Rewrite]:
    """Decorator: the function translates all of `names`. Examples are written for the first name.

    A name starting with a dot is a tensor method: its receiver is the first parameter, bound as `self`.
    """

    def wrap(function: Rewrite) -> Rewrite:
        note = fields.pop("note", "") or (function.__doc__ or "").strip().split("\n")[0]
        for name in names:
            qualname = f"torch.Tensor{name}" if name.startswith(".") else f"torch.{name}"
            is_method = name.startswith(".")
            into.append(
                Rule(
                    torch=qualname,
                    args=(*(_method(args) if is_method else args), *_other_spellings(args)),
                    tf="",
                    note=note,
                    rewrite=_respelled(function),
                    examples=tuple(_renamed(example, names[0], name) for example in examples if _holds(example, name)),
                    **fields,
                )
            )
        return function

    return wrap


#: NumPy's names for two parameters, which torch takes too.
_SPELLINGS = {"axis": "dim", "keepdims": "keepdim"}


def _other_spellings(args: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(other for other, name in _SPELLINGS.items() if name in args)


def _respelled(function: Rewrite) -> Rewrite:
    """The function, given its arguments by torch's own names."""

    def rewrite(call: CallSite) -> str | Unmapped:
        for other, name in _SPELLINGS.items():
            if other in call.bound:
                call.bound[name] = call.bound.pop(other)
        return function(call)

    return rewrite


def _holds(example: Example, name: str) -> bool:
    """False for an in-place method where the result has another dtype: torch refuses that."""
    return not (name.endswith("_") and "tf.cast(i, tf.float32)" in example.after)


def _renamed(example: Example, first: str, name: str) -> Example:
    if name == first:
        return example
    if name.startswith("."):
        if first.startswith("."):
            return replace(example, before=example.before.replace(f"{first}(", f"{name}(", 1))
        return method_example(example, first, name[1:])
    spelled = "F." + first.removeprefix("nn.functional.") if first.startswith("nn.functional.") else f"torch.{first}"
    renamed = "F." + name.removeprefix("nn.functional.") if name.startswith("nn.functional.") else f"torch.{name}"
    return replace(example, before=example.before.replace(f"{spelled}(", f"{renamed}(", 1))


# -- asking the call site ----------------------------------------------------------------------------------------------


def receiver(call: CallSite) -> Arg:
    """The tensor the function works on: the method's `self`, else the first parameter."""
    if "self" in call.bound:
        return call.bound["self"]
    return call.bound[next(iter(call.bound))]


def simple(arg: Arg) -> bool:
    """True for a name or an attribute chain: its text may stand twice in the result."""
    try:
        node = ast.parse(arg.text, mode="eval").body
    except SyntaxError:
        return False
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def is_number(arg: Arg) -> bool:
    """True for a literal number."""
    constant = arg.constant
    return isinstance(constant, int | float) and not isinstance(constant, bool)


def axis_of(call: CallSite, name: str, tensor: Arg) -> int | Unmapped:
    """A literal axis, counted from the front; refused when it is no literal or is negative and the rank is unknown."""
    axis = call.constant(name)
    if not isinstance(axis, int):
        return call.refuse("TFP111", f"argument `{name}` is not a literal", "write the axis as a number")
    if axis >= 0:
        return axis
    rank = call.need_rank(tensor)
    return rank if isinstance(rank, Unmapped) else axis + rank


def looks_like_shape(arg: Arg) -> bool:
    """A single argument that holds all sizes: known to be a sequence, or named so where nothing is known."""
    if arg.kind is not None:
        return arg.kind in ("size", "tuple", "list")
    node = arg.node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return any(isinstance(side, ast.Tuple | ast.List) for side in (node.left, node.right))
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        return True
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    is_shape = arg.text.startswith("shape_list(") and arg.text.endswith(")")
    return is_shape or name.endswith(("shape", "_dims", "sizes"))


def sizes(call: CallSite, name: str) -> str:
    """The text of a shape given as `*name`: `[a, b]`, or the one argument that holds it."""
    given = call.varargs.get(name, [])
    if (
        len(given) == 1
        and looks_like_shape(given[0])
        and not isinstance(given[0].node, ast.Tuple | ast.List | ast.Starred)
    ):
        return given[0].text
    return call.sequence(name)


def shape_text(call: CallSite, arg: Arg) -> str:
    """The text of a shape given as one argument: a number becomes a list of one."""
    if isinstance(arg.node, ast.Tuple | ast.List):
        return "[" + ", ".join(call.engine.expression(item) for item in arg.node.elts) + "]"
    return f"[{arg.text}]" if arg.kind == "int" else arg.text


def items_of(call: CallSite, arg: Arg) -> list[Arg] | None:
    """Items of a tuple or list display, None for anything else (unpacking included)."""
    if not isinstance(arg.node, ast.Tuple | ast.List) or any(isinstance(e, ast.Starred) for e in arg.node.elts):
        return None
    return [call.engine.arg(item) for item in arg.node.elts]


# -- writing text ------------------------------------------------------------------------------------------------------


def invoke(function: str, *args: str, **keywords: str | None) -> str:
    """`function(args, key=value)`; keywords whose value is None are left out."""
    parts = [*args, *(f"{key}={value}" for key, value in keywords.items() if value is not None)]
    return f"{function}({', '.join(parts)})"


def given(call: CallSite, name: str, default: str | None = None) -> str | None:
    """Text of an argument for `invoke`: None (or the default) when it is absent or the literal None."""
    return call.text(name) if call.has(name) else default


def keepdims(call: CallSite) -> str | None:
    """The `keepdims` argument; left out when it is absent or False."""
    return None if call.constant("keepdim", False) is False else call.text("keepdim")


def number(arg: Arg, dtype: str | None) -> str:
    """A number's text, with a decimal point where the tensor it meets is floating: graph mode does not convert ints."""
    constant = arg.constant
    if isinstance(constant, int) and not isinstance(constant, bool) and dtype in FLOATS:
        return repr(float(constant))
    return arg.text


def floating(arg: Arg) -> str:
    """The text, cast where torch would promote integers and booleans to its default float."""
    if arg.kind == "tensor" and (arg.dtype in INTEGERS or arg.dtype == "bool"):
        return f"tf.cast({arg.text}, tf.float32)"
    return arg.text


def counting(arg: Arg) -> str:
    """The text, cast where torch counts booleans as integers."""
    return f"tf.cast({arg.text}, tf.int32)" if arg.kind == "tensor" and arg.dtype == "bool" else arg.text


def common_dtype(args: Sequence[Arg]) -> str | None:
    """The dtype torch promotes these tensors and numbers to; None when a tensor's dtype is not known."""
    dtypes = [widest(arg.info) for arg in args if arg.kind == "tensor"]
    if not dtypes or any(d not in _ORDER for d in dtypes) or any(a.kind is None and not is_number(a) for a in args):
        return None
    target = max((d for d in dtypes if d), key=_ORDER.index)
    if target not in FLOATS and any(arg.kind == "float" or isinstance(arg.constant, float) for arg in args):
        return "float32"
    if target == "bool" and any(arg.kind == "int" for arg in args):
        return "int64"
    return target


def as_dtype(arg: Arg, dtype: str | None, beside: Sequence[Arg] = ()) -> str:
    """The text of a tensor or number in that torch dtype, which is that of what stands beside it: cast only where it differs."""
    if dtype is None:
        return arg.text
    if arg.kind == "tensor" and arg.info.dtypes:
        same = {TF_DTYPES[found] for found in arg.info.dtypes} == {TF_DTYPES[dtype]}
        return arg.text if same else f"tf.cast({arg.text}, {dtype_among(beside, dtype)})"
    return number(arg, dtype)


def _whole(arg: Arg) -> str:
    """`x` of `x[:, :1]`; the text of what is no part of a variable."""
    node = arg.node
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else arg.text


def promoted(*args: Arg) -> list[str]:
    """The texts, cast to the dtype that torch would promote them to; parts of one tensor have its dtype."""
    dtype = common_dtype(args) if len({_whole(arg) for arg in args}) > 1 else None
    return [as_dtype(arg, dtype, args) for arg in args]


def atom(text: str) -> str:
    """The text in parentheses unless it is an atom."""
    return parenthesised(text)


def cast_to(text: str, dtype: str | None) -> str:
    """`tf.cast(text, dtype)`, or the text when there is no dtype to cast to."""
    return f"tf.cast({text}, {dtype})" if dtype else text


def is_absent(value: object) -> bool:
    """True for an argument that is not given, or is no literal."""
    return value is None or value is NOT_CONSTANT


def is_fraction(step: Arg) -> bool:
    """True for a step that is no whole number: a division, a number with a point."""
    number = step.constant
    if isinstance(number, (int, float)):
        return number != int(number)
    return isinstance(step.node, ast.BinOp) and isinstance(step.node.op, ast.Div)


def is_dimension(call: CallSite, arg: Arg) -> bool:
    """True for an integer that depends on a tensor's shape: in a graph it may be a tensor."""
    return arg.node is not None and reads_shape(arg.node, call.engine.function_of(call.node))


def length_from(call: CallSite, bounds: Sequence[str], dtype: str | None) -> str | None:
    """`start + tf.range(n)` for `torch.arange(start, start + n)` from a parameter on: XLA must know a range's length."""
    if not (len(bounds) == 2 and dtype is None and call.has("start") and call.has("end")):
        return None
    start, end = call.arg("start").node, call.arg("end").node
    if not isinstance(start, ast.Name) or not isinstance(end, ast.BinOp):
        return None
    function = call.engine.function_of(start)
    sides = {ast.unparse(end.left): end.right, ast.unparse(end.right): end.left} if isinstance(end.op, ast.Add) else {}
    if function is None or start.id not in sides or all(a.arg != start.id for a in function.args.args):
        return None
    return f"{bounds[0]} + tf.range({call.engine.expression(sides[start.id])})"


def whole_range(call: CallSite, names: Sequence[str]) -> str:
    """A range of whole numbers: `2` for `2.0`, and of tensors of floats a range of theirs, cast."""
    texts = [re.sub(r"^(-?\d+)\.0$", r"\1", call.text(name)) for name in names]
    infos = [call.arg(name).info for name, text in zip(names, texts, strict=True) if text == call.text(name)]
    if any(info.kind == "tensor" and set(info.dtypes) & FLOATS for info in infos):
        return f"tf.cast({invoke('tf.range', *texts)}, tf.int32)"
    dtype = "tf.int32" if {"float", "tensor"} & {info.kind for info in infos} else None
    return length_from(call, texts, dtype) or invoke("tf.range", *texts, dtype=dtype)
