"""Picking, masking, scattering and ordering elements.

Source: torch's documentation, "Indexing, Slicing, Joining, Mutating Ops" and "Comparison Ops". TensorFlow converts no dtypes
here: masks must be boolean, and a number must have the dtype of the tensor it stands beside.
"""

from __future__ import annotations

import ast

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.rule import Example, Rule, Unmapped
from scaffold.translate.rules import _rows
from scaffold.translate.rules._family import (
    as_dtype,
    axis_of,
    both,
    common_dtype,
    is_number,
    number,
    receiver,
    rewrites,
)

RULES: list[Rule] = []


def mask_of(arg: Arg) -> str:
    """The text of a boolean mask: cast where it is known to hold numbers, in some calls at least."""
    return f"tf.cast({arg.text}, tf.bool)" if arg.info.dtypes - {"bool"} else arg.text


def beside(value: Arg, tensor: Arg) -> str:
    """A value's text in the dtype of the tensor it replaces elements of."""
    if value.kind == "tensor":
        same = tensor.dtype is None or value.dtype is None or value.dtype == tensor.dtype
        return value.text if same else f"tf.cast({value.text}, {tensor.atom}.dtype)"
    if tensor.dtype == "float32" and value.kind == "int" and not is_number(value):
        return f"tf.cast({value.text}, {tensor.atom}.dtype)"
    if tensor.dtype == "float32" or value.text == f"{tensor.text}.dtype.min":
        return number(value, "float32")
    if is_number(value) and tensor.dtype in ("int64", "int32") and isinstance(value.constant, int):
        return value.text
    if isinstance(value.constant, bool) and tensor.dtype == "bool":
        return value.text
    if tensor.dtype == "bool":
        return f"tf.cast({value.text}, tf.bool)"
    return f"tf.cast({number(value, tensor.dtype)}, {tensor.atom}.dtype)"


_NOT = "tf.logical_not("


def replaced(mask: str, value: Arg, tensor: Arg) -> str:
    """
    A tensor with a value where the mask is set. In a graph a bare number takes the dtype of what stands before it, and
    that of float32 where nothing does: it is cast, or the tensor goes first.
    """
    new = beside(value, tensor)
    if tensor.dtype != "float32" or value.kind == "tensor" or new.startswith("tf.cast") or ".dtype." in new:
        return f"tf.where({mask}, {new}, {tensor.text})"
    if isinstance(negated := ast.parse(mask, mode="eval").body, ast.Call) and mask.startswith(_NOT):
        return f"tf.where({ast.unparse(negated.args[0])}, {tensor.text}, {new})"
    if tensor.text.isidentifier():
        return f"tf.where({mask}, tf.cast({new}, {tensor.text}.dtype), {tensor.text})"
    return f"tf.where({_NOT}{mask}), {tensor.text}, {new})"


# -- masks -------------------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    "masked_fill",
    ".masked_fill",
    ".masked_fill_",
    args=("input", "mask", "value"),
    rank="same",
    examples=(
        Example("torch.masked_fill(a, m, -1e9)", "tf.where(m, tf.cast(-1e9, a.dtype), a)", "a: f32[2,3], m: bool[2,3]"),
        Example("torch.masked_fill(a, m, 0)", "tf.where(m, tf.cast(0.0, a.dtype), a)", "a: f32[2,3], m: bool[1,3]"),
        Example("torch.masked_fill(i, m, -100)", "tf.where(m, -100, i)", "i: i64[2,3], m: bool[2,3]"),
        Example("torch.masked_fill(a, ~m, 0)", "tf.where(m, a, 0.0)", "a: f32[2,3], m: bool[1,3]"),
        Example(
            "torch.masked_fill(a + 1, m, 0)", "tf.where(tf.logical_not(m), a + 1, 0.0)", "a: f32[2,3], m: bool[1,3]"
        ),
        Example(
            'torch.masked_fill(a, a > 0, float("-inf"))',
            'tf.where(a > 0, tf.cast(float("-inf"), a.dtype), a)',
            "a: f32[2,3]",
        ),
        Example("torch.masked_fill(a, a == 0, s)", "tf.where(a == 0, tf.cast(s, a.dtype), a)", "a: f64[2,3], s: 2.5"),
        Example("torch.masked_fill(m, m, 0)", "tf.where(m, tf.cast(0, tf.bool), m)", "m: bool[2,3]"),
    ),
)
def masked_fill(call: CallSite) -> str | Unmapped:
    """The value takes the tensor's dtype."""
    tensor = receiver(call)
    return replaced(mask_of(call.arg("mask")), call.arg("value"), tensor)


def _same_shape(left: Arg, right: Arg) -> bool:
    return left.info.shape is not None and left.info.shape == right.info.shape


@rewrites(
    RULES,
    "masked_select",
    ".masked_select",
    args=("input", "mask"),
    examples=(
        Example("torch.masked_select(a, m)", "tf.boolean_mask(a, m)", "a: f32[2,3], m: bool[2,3]"),
        Example(
            "torch.masked_select(a, m)",
            "tf.boolean_mask(a, tf.broadcast_to(m, shape_list(a)))",
            "a: f32[2,3], m: bool[3]",
        ),
    ),
)
def masked_select(call: CallSite) -> str | Unmapped:
    """torch broadcasts the mask."""
    tensor, mask = receiver(call), call.arg("mask")
    text = mask_of(mask)
    if not _same_shape(tensor, mask):
        text = f"tf.broadcast_to({text}, {call.shape(tensor)})"
    return f"tf.boolean_mask({tensor.text}, {text})"


@rewrites(
    RULES,
    ".masked_scatter",
    ".masked_scatter_",
    args=("self", "mask", "source"),
    rank="same",
    examples=(
        Example("a.masked_scatter(m, b)", "_masked_scatter(a, m, b)", "a: f32[2,3], m: bool[2,3], b: f32[2,3]"),
        Example("a.masked_scatter(m, b)", "_masked_scatter(a, m, b)", "a: f32[2,3,4], m: bool[2,3,1], b: f32[6,4]"),
    ),
)
def masked_scatter(call: CallSite) -> str | Unmapped:
    """The source's elements in order, where the mask is set."""
    call.emits("masked_scatter")
    source = as_dtype(call.arg("source"), call.arg("self").dtype, [call.arg("self")])
    return f"_masked_scatter({call.text('self')}, {mask_of(call.arg('mask'))}, {source})"


@rewrites(
    RULES,
    "where",
    args=("condition", "input", "other"),
    dtype=None,
    examples=(
        Example("torch.where(m, a, b)", "tf.where(m, a, b)", "m: bool[2,3], a: f32[2,3], b: f32[2,3]"),
        Example("torch.where(m, a, 0)", "tf.where(m, a, 0.0)", "m: bool[2,3], a: f32[2,3]"),
        Example("torch.where(m, 0, a)", "tf.where(m, tf.cast(0.0, a.dtype), a)", "m: bool[2,3], a: f32[2,3]"),
        Example("torch.where(m, 1, i)", "tf.where(m, 1, i)", "m: bool[2,3], i: i64[2,3]"),
        Example(
            "torch.where(m, i, a)", "tf.where(m, tf.cast(i, a.dtype), a)", "m: bool[2,3], i: i64[2,3], a: f32[2,3]"
        ),
        Example("torch.where(a > 0)[0]", "tf.unstack(tf.cast(tf.where(a > 0), tf.int32), axis=-1)[0]", "a: f32[2,3]"),
    ),
)
def where(call: CallSite) -> str | Unmapped:
    """With one argument the indices, one tensor for each axis."""
    condition = call.arg("condition")
    if "input" not in call.bound:
        return f"tf.unstack({indices(condition)}, axis=-1)"
    choices = [call.arg("input"), call.arg("other")]
    dtype = common_dtype(choices)
    texts = [as_dtype(choice, dtype, choices) for choice in choices]
    tensors = [choice for choice in choices if choice.kind == "tensor"]
    if choices[1:] == tensors and dtype == tensors[0].dtype:
        return replaced(mask_of(condition), choices[0], tensors[0])
    if len(tensors) == 1 and dtype == tensors[0].dtype:
        texts = [c.text if c is tensors[0] else beside(c, tensors[0]) for c in choices]
    return f"tf.where({mask_of(condition)}, {', '.join(texts)})"


rewrites(
    RULES,
    ".where",
    args=("self", "condition", "other"),
    examples=(
        Example("a.where(m, b)", "tf.where(m, a, b)", "m: bool[2,3], a: f32[2,3], b: f32[2,3]"),
        Example("a.where(m, 0)", "tf.where(m, a, 0.0)", "m: bool[2,3], a: f32[2,3]"),
    ),
    note="The receiver is the first choice.",
)(
    lambda call: (
        f"tf.where({mask_of(call.arg('condition'))}, {call.text('self')}, {beside(call.arg('other'), call.arg('self'))})"
    )
)


def indices(condition: Arg) -> str:
    """Coordinates of what is not zero, in rows; TensorFlow counts in int64."""
    text = condition.text if condition.dtype in (None, "bool") else f"{condition.atom} != 0"
    return f"tf.cast(tf.where({text}), tf.int32)"


@rewrites(
    RULES,
    "nonzero",
    ".nonzero",
    args=("input", "out", "as_tuple"),
    dtype="int64",
    examples=(
        Example("torch.nonzero(a > 0)", "tf.cast(tf.where(a > 0), tf.int32)", "a: f32[2,3]"),
        Example(
            "torch.nonzero(i, as_tuple=True)[1]",
            "tf.unstack(tf.cast(tf.where(i != 0), tf.int32), axis=-1)[1]",
            "i: i64[2,3]",
        ),
    ),
)
def nonzero(call: CallSite) -> str | Unmapped:
    """Coordinates in rows, or one tensor for each axis."""
    text = indices(receiver(call))
    return f"tf.unstack({text}, axis=-1)" if call.constant("as_tuple", False) is True else text


@rewrites(
    RULES,
    "argwhere",
    ".argwhere",
    args=("input",),
    dtype="int64",
    examples=(Example("torch.argwhere(a > 0)", "tf.cast(tf.where(a > 0), tf.int32)", "a: f32[2,3]"),),
)
def argwhere(call: CallSite) -> str | Unmapped:
    """Coordinates in rows."""
    return indices(receiver(call))


# -- picking by index --------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    "gather",
    ".gather",
    args=("input", "dim", "index", "sparse_grad", "out"),
    examples=(
        Example("torch.gather(a, -1, i)", "tf.gather(a, i, axis=-1, batch_dims=1)", "a: f32[2,3], i: i64(0,3)[2,4]"),
        Example(
            "torch.gather(a, dim=2, index=i)",
            "tf.gather(a, i, axis=2, batch_dims=2)",
            "a: f32[2,3,4], i: i64(0,3)[2,3,2]",
        ),
        Example(
            "torch.gather(a, 1, i)",
            "tf.linalg.matrix_transpose("
            "tf.gather(tf.linalg.matrix_transpose(a), tf.linalg.matrix_transpose(i), axis=-1, batch_dims=2))",
            "a: f32[2,3,4], i: i64(0,3)[2,5,4]",
        ),
        Example(
            "torch.gather(a, 1, i.unsqueeze(-1).expand(-1, -1, a.size(-1)))",
            "tf.gather(a, i, axis=1, batch_dims=1)",
            "a: f32[2,3,4], i: i64(0,3)[2,5]",
        ),
        Example(
            "torch.gather(a, 0, i)",
            "tf.experimental.numpy.take_along_axis(a, i, axis=0)",
            "a: f32[3,2,4], i: i64(0,3)[5,2,4]",
        ),
    ),
)
def gather(call: CallSite) -> str | Unmapped:
    """Along the last two axes `tf.gather` with batch axes does it, of whole rows at once; along another NumPy's function.

    That one loses static sizes, which XLA needs.
    """
    tensor, index = receiver(call), call.arg("index")
    axis = axis_of(call, "dim", tensor)
    if isinstance(axis, int) and tensor.rank is not None and axis == tensor.rank - 1:
        batch = f", batch_dims={axis}" if axis else ""
        return f"tf.gather({tensor.text}, {index.text}, axis={call.text('dim')}{batch})"
    if isinstance(axis, int) and tensor.rank is not None and axis == tensor.rank - 2:
        if (rows := _rows.numbers(call, tensor, index)) is not None:
            batch = f", batch_dims={axis}" if axis else ""
            return f"tf.gather({tensor.text}, {rows}, axis={call.text('dim')}{batch})"
        turned = f"tf.linalg.matrix_transpose({tensor.text}), tf.linalg.matrix_transpose({index.text})"
        return f"tf.linalg.matrix_transpose(tf.gather({turned}, axis=-1, batch_dims={axis + 1}))"
    return f"tf.experimental.numpy.take_along_axis({tensor.text}, {index.text}, axis={call.text('dim')})"


@rewrites(
    RULES,
    "take_along_dim",
    ".take_along_dim",
    args=("input", "indices", "dim"),
    examples=(
        Example(
            "torch.take_along_dim(a, i, dim=1)",
            "tf.experimental.numpy.take_along_axis(a, i, axis=1)",
            "a: f32[2,3,4], i: i64(0,3)[2,1,4]",
        ),
    ),
)
def take_along_dim(call: CallSite) -> str | Unmapped:
    """Without an axis the flattened tensor is meant in both."""
    text = f"{receiver(call).text}, {call.text('indices')}"
    return f"tf.experimental.numpy.take_along_axis({text}, axis={call.text('dim', 'None')})"


RULES += both(
    "index_select",
    ("input", "dim", "index"),
    "tf.gather({input}, {index}, axis={dim})",
    rank="same",
    examples=[
        Example("torch.index_select(a, 0, i)", "tf.gather(a, i, axis=0)", "a: f32[3,2], i: i64(0,3)[4]"),
        Example("torch.index_select(a, dim=-1, index=i)", "tf.gather(a, i, axis=-1)", "a: f32[2,3], i: i64(0,3)[4]"),
    ],
)
RULES += both(
    "take",
    ("input", "index"),
    "tf.gather(tf.reshape({input}, [-1]), {index})",
    rank=None,
    examples=[Example("torch.take(a, i)", "tf.gather(tf.reshape(a, [-1]), i)", "a: f32[2,3], i: i64(0,6)[4]")],
)


@rewrites(
    RULES,
    "nn.functional.one_hot",
    args=("tensor", "num_classes"),
    dtype="int64",
    examples=(
        Example("F.one_hot(i, num_classes=n)", "tf.one_hot(i, n, dtype=tf.int32)", "i: i64(0,3)[2,4], n: 3"),
        Example("F.one_hot(i)", "tf.one_hot(i, tf.reduce_max(i) + 1, dtype=tf.int32)", "i: i64(0,3)[2,4]"),
    ),
)
def one_hot(call: CallSite) -> str | Unmapped:
    """Integers, as in torch."""
    tensor = call.arg("tensor")
    counted = call.has("num_classes") and call.constant("num_classes") != -1
    depth = call.text("num_classes") if counted else f"tf.reduce_max({tensor.text}) + 1"
    return f"tf.one_hot({tensor.text}, {depth}, dtype=tf.int32)"
