"""Functions and methods that change a tensor's shape or the order of its elements.

Source: torch's documentation, "Indexing, Slicing, Joining, Mutating Ops" and "torch.Tensor".
"""

from __future__ import annotations

import ast
import re

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.names import bound_before
from scaffold.translate.rule import Example, Rule, Unmapped
from scaffold.translate.rules._family import (
    axis_of,
    both,
    given,
    invoke,
    receiver,
    rewrites,
    shape_text,
    simple,
    sizes,
)

RULES: list[Rule] = []


# -- reshape -----------------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    ".view",
    ".reshape",
    args=("self", "*shape"),
    examples=(
        Example("a.view(-1, n)", "tf.reshape(a, [-1, n])", "a: f32[4,3], n: 3"),
        Example("a.view((2, 6))", "tf.reshape(a, [2, 6])", "a: f32[4,3]"),
        Example("a.view(b.shape)", "tf.reshape(a, shape_list(b))", "a: f32[4,3], b: f32[2,6]"),
        Example("a.view(*s)", "tf.reshape(a, s)", "a: f32[4,3], s: (2, 6)"),
    ),
)
def view(call: CallSite) -> str | Unmapped:
    """Sizes as one list; viewing as another dtype is refused."""
    shape = call.varargs.get("shape", [])
    if len(shape) == 1 and shape[0].kind == "dtype":
        return call.refuse("TFP113", "the tensor is reinterpreted as another dtype", "see tf.bitcast")
    return f"tf.reshape({receiver(call).text}, {sizes(call, 'shape')})"


@rewrites(
    RULES,
    "reshape",
    args=("input", "shape"),
    examples=(
        Example("torch.reshape(a, (2, 6))", "tf.reshape(a, [2, 6])", "a: f32[4,3]"),
        Example("torch.reshape(a, shape=b.size())", "tf.reshape(a, shape_list(b))", "a: f32[4,3], b: f32[2,6]"),
    ),
)
def reshape(call: CallSite) -> str | Unmapped:
    """Sizes as one list."""
    return f"tf.reshape({call.text('input')}, {shape_text(call, call.arg('shape'))})"


def _as(name: str) -> Rule:
    return Rule(
        torch=f"torch.Tensor.{name}",
        args=("self", "other"),
        tf="tf.reshape({self}, shape_list({other}))",
        rank=None,
        examples=(Example(f"a.{name}(b)", "tf.reshape(a, shape_list(b))", "a: f32[4,3], b: f32[2,6]"),),
    )


RULES += [_as("view_as"), _as("reshape_as")]
RULES += both(
    "ravel",
    ("input",),
    "tf.reshape({input}, [-1])",
    rank=None,
    examples=[Example("torch.ravel(a)", "tf.reshape(a, [-1])", "a: f32[2,3]")],
)


@rewrites(
    RULES,
    "flatten",
    ".flatten",
    args=("input", "start_dim", "end_dim"),
    examples=(
        Example("torch.flatten(a)", "tf.reshape(a, [-1])", "a: f32[2,3,4]"),
        Example("torch.flatten(a, 1)", "tf.reshape(a, shape_list(a)[:1] + [-1])", "a: f32[2,3,4]"),
        Example("torch.flatten(a, 0, 1)", "tf.reshape(a, [-1] + shape_list(a)[2:])", "a: f32[2,3,4]"),
        Example(
            "torch.flatten(a, start_dim=1, end_dim=-2)",
            "tf.reshape(a, shape_list(a)[:1] + [-1] + shape_list(a)[-1:])",
            "a: f32[2,3,4,5]",
        ),
        Example("torch.flatten(a + a, 2)", "flatten(a + a, 2)", "a: f32[2,3,4,5]"),
    ),
)
def flatten(call: CallSite) -> str | Unmapped:
    """By a reshape where the tensor is a name, else by the library's own `flatten`."""
    tensor, start, end = receiver(call), call.constant("start_dim", 0), call.constant("end_dim", -1)
    if start == 0 and end == -1:
        return f"tf.reshape({tensor.text}, [-1])"
    if not (simple(tensor) and isinstance(start, int) and isinstance(end, int)):
        arguments = [tensor.text, call.text("start_dim", "0")] + ([call.text("end_dim")] if call.has("end_dim") else [])
        return invoke(call.uses("flatten"), *arguments)
    shape = call.shape(tensor)
    parts = [f"{shape}[:{start}]"] if start else []
    parts += ["[-1]"] + ([f"{shape}[{end + 1}:]"] if end != -1 else [])
    return f"tf.reshape({tensor.text}, {' + '.join(parts)})"


@rewrites(
    RULES,
    "unflatten",
    ".unflatten",
    args=("input", "dim", "sizes"),
    examples=(
        Example("torch.unflatten(a, -1, (2, n))", "tf.reshape(a, shape_list(a)[:-1] + [2, n])", "a: f32[3,8], n: 4"),
        Example(
            "torch.unflatten(a, 1, (2, n))",
            "tf.reshape(a, shape_list(a)[:1] + [2, n] + shape_list(a)[2:])",
            "a: f32[3,8,2], n: 4",
        ),
    ),
)
def unflatten(call: CallSite) -> str | Unmapped:
    """One axis becomes several."""
    tensor, axis = receiver(call), call.constant("dim")
    if not isinstance(axis, int):
        return call.refuse("TFP111", "argument `dim` is not a literal", "write the axis as a number")
    shape, new = call.shape(tensor), shape_text(call, call.arg("sizes"))
    parts = ([f"{shape}[:{axis}]"] if axis else []) + [new] + ([f"{shape}[{axis + 1}:]"] if axis != -1 else [])
    if axis >= 0 and tensor.rank == axis + 1:
        parts = parts[:-1]
    return f"tf.reshape({tensor.text}, {' + '.join(parts)})"


# -- order of axes -----------------------------------------------------------------------------------------------------


def transposed(tensor: Arg, order: list[int]) -> str:
    """`tf.transpose` with the whole permutation."""
    if order == list(range(len(order))):
        return tensor.text
    return f"tf.transpose({tensor.text}, perm=({', '.join(map(str, order))}))"


@rewrites(
    RULES,
    "transpose",
    "swapaxes",
    "swapdims",
    ".transpose",
    ".transpose_",
    ".swapaxes",
    ".swapdims",
    args=("input", "dim0", "dim1"),
    rank="same",
    examples=(
        Example("torch.transpose(a, 1, 2)", "tf.transpose(a, perm=(0, 2, 1, 3))", "a: f32[2,3,4,5]"),
        Example("torch.transpose(a, -1, 0)", "tf.transpose(a, perm=(2, 1, 0))", "a: f32[2,3,4]"),
        Example("torch.transpose(a, 0, 1)", "tf.transpose(a)", "a: f32[2,3]"),
    ),
)
def transpose(call: CallSite) -> str | Unmapped:
    """The whole permutation, which needs the rank; the last two axes can be swapped without it."""
    tensor = receiver(call)
    pair = (call.constant("dim0"), call.constant("dim1"))
    if tensor.rank is None and sorted(pair, key=str) == [-1, -2]:
        return f"tf.linalg.matrix_transpose({tensor.text})"
    rank = call.need_rank(tensor)
    if isinstance(rank, Unmapped) and tensor.kind in ("tensor", None) and all(isinstance(axis, int) for axis in pair):
        return f"_{call.emits('swap_axes')}({tensor.text}, {pair[0]}, {pair[1]})"  # the rank is known when it runs
    if isinstance(rank, Unmapped):
        return rank
    first, second = axis_of(call, "dim0", tensor), axis_of(call, "dim1", tensor)
    for axis in (first, second):
        if isinstance(axis, Unmapped):
            return axis
    order = list(range(rank))
    order[first], order[second] = order[second], order[first]  # type: ignore[index]
    return f"tf.transpose({tensor.text})" if rank == 2 and first != second else transposed(tensor, order)


RULES += both(
    "t",
    ("input",),
    "tf.transpose({input})",
    inplace=True,
    examples=[Example("torch.t(a)", "tf.transpose(a)", "a: f32[2,3]")],
)


@rewrites(
    RULES,
    ".permute",
    args=("self", "*dims"),
    rank="same",
    examples=(
        Example("a.permute(0, 2, 1, 3)", "tf.transpose(a, perm=(0, 2, 1, 3))", "a: f32[2,3,4,5]"),
        Example("a.permute((2, 0, -2))", "tf.transpose(a, perm=(2, 0, 1))", "a: f32[2,3,4]"),
    ),
)
def permute(call: CallSite) -> str | Unmapped:
    """Negative axes are counted from the front."""
    items = call.items("dims")
    axes = [item.constant for item in items]
    if items and all(isinstance(axis, int) for axis in axes):
        return transposed(call.arg("self"), [axis % len(axes) for axis in axes])
    return f"tf.transpose({call.text('self')}, perm={sizes(call, 'dims')})"


@rewrites(
    RULES,
    "permute",
    args=("input", "dims"),
    rank="same",
    examples=(Example("torch.permute(a, (0, -1, 1))", "tf.transpose(a, perm=(0, 2, 1))", "a: f32[2,3,4]"),),
)
def permute_function(call: CallSite) -> str | Unmapped:
    """Negative axes are counted from the front."""
    axes = call.constant("dims")
    if isinstance(axes, tuple | list) and all(isinstance(axis, int) for axis in axes):
        return transposed(call.arg("input"), [axis % len(axes) for axis in axes])
    return f"tf.transpose({call.text('input')}, perm={call.text('dims')})"


@rewrites(
    RULES,
    "movedim",
    "moveaxis",
    ".movedim",
    ".moveaxis",
    args=("input", "source", "destination"),
    rank="same",
    examples=(
        Example("torch.movedim(a, 1, -1)", "tf.transpose(a, perm=(0, 2, 3, 1))", "a: f32[2,3,4,5]"),
        Example("torch.movedim(a, (2, 3), (0, 1))", "tf.transpose(a, perm=(2, 3, 0, 1))", "a: f32[2,3,4,5]"),
    ),
)
def movedim(call: CallSite) -> str | Unmapped:
    """The whole permutation, which needs the rank."""
    tensor = receiver(call)
    rank = call.need_rank(tensor)
    if isinstance(rank, Unmapped):
        return rank
    source, destination = call.constant("source"), call.constant("destination")
    source, destination = ([v] if isinstance(v, int) else v for v in (source, destination))
    if not isinstance(source, tuple | list) or not isinstance(destination, tuple | list):
        return call.refuse("TFP111", "the axes are not literals", "write the axes as numbers")
    moved = {to % rank: axis % rank for axis, to in zip(source, destination, strict=True)}
    rest = iter(axis for axis in range(rank) if axis not in moved.values())
    return transposed(tensor, [moved[i] if i in moved else next(rest) for i in range(rank)])


# -- axes of size one --------------------------------------------------------------------------------------------------


RULES += both(
    "unsqueeze",
    ("input", "dim"),
    "tf.expand_dims({input}, axis={dim})",
    inplace=True,
    rank=None,
    examples=[
        Example("torch.unsqueeze(a, 1)", "tf.expand_dims(a, axis=1)", "a: f32[2,3]"),
        Example("torch.unsqueeze(a, dim=-1)", "tf.expand_dims(a, axis=-1)", "a: f32[2,3]"),
    ],
)


@rewrites(
    RULES,
    "squeeze",
    ".squeeze",
    ".squeeze_",
    args=("input", "dim"),
    examples=(
        Example("torch.squeeze(a)", "tf.squeeze(a)", "a: f32[2,1,3]"),
        Example("torch.squeeze(a, 1)", "tf.squeeze(a, axis=1)", "a: f32[2,1,3]"),
        Example("torch.squeeze(a, -1)", "tf.squeeze(a, axis=-1) if a.shape[-1] == 1 else a", "a: f32[2,1,3]"),
    ),
)
def squeeze(call: CallSite) -> str | Unmapped:
    """torch leaves an axis of another size alone, TensorFlow raises: the condition is written where that was seen.

    A graph that does not know the size keeps the axis, since it has one rank for all sizes.
    """
    tensor, axis = receiver(call), call.constant("dim")
    if axis == 0 and _is_of_own_layer(call, tensor):
        return invoke(f"_{call.emits('squeeze_one')}", tensor.text, axis="0")
    text = invoke("tf.squeeze", tensor.text, axis=given(call, "dim"))
    shape = tensor.info.shape
    other = isinstance(axis, int) and shape is not None and -len(shape) <= axis < len(shape) and shape[axis] != 1
    if other or (isinstance(axis, int) and (_serves_any_size(call, tensor) or _is_a_length(call, tensor, axis))):
        return f"{text} if {tensor.atom}.shape[{axis}] == 1 else {tensor.text}"
    return text


def _is_of_own_layer(call: CallSite, tensor: Arg) -> bool:
    """True for what a layer of this file returns: the axis in front of it may be the configuration's, and one in the tests."""
    child = call.engine.child_of(tensor.node.func) if isinstance(tensor.node, ast.Call) else None
    return child is not None and child.class_name in call.engine.classes


def _is_a_length(call: CallSite, tensor: Arg, axis: int) -> bool:
    """True for an axis of pooled values behind the channels, and for the tokens of a layer's states: a tiny model has one."""
    node = tensor.node
    if isinstance(node, ast.Name):
        node = bound_before(node, call.engine.source.parents) or node
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
        return node.value.attr == "hidden_states" and axis == 1
    if not isinstance(node, ast.Call):
        return False
    child = call.engine.child_of(node.func)
    made = call.engine.source.qualname(node.func.func) if isinstance(node.func, ast.Call) else None
    pooled = re.search(r"\.(Max|Avg)Pool\dd$", (child.qualname if child is not None else made) or "")
    return pooled is not None and (axis < 0 if tensor.rank is None else axis % tensor.rank >= 2)


def _serves_any_size(call: CallSite, tensor: Arg) -> bool:
    """True for a parameter of a class method: what it is called with is for the instances to say."""
    function = call.engine.function_of(call.node)
    made = function is not None and any(ast.unparse(d) == "classmethod" for d in function.decorator_list)
    return made and isinstance(tensor.node, ast.Name)
