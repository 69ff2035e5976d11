"""Functions and methods that change a tensor's shape or the order of its elements.

Source: torch's documentation, "Indexing, Slicing, Joining, Mutating Ops" and "torch.Tensor".
"""

from __future__ import annotations

import ast

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.rule import Example, Rule, Unmapped
from scaffold.translate.rules._family import (
    axis_of,
    both,
    given,
    invoke,
    looks_like_shape,
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
    "ravel", ("input",), "tf.reshape({input}, [-1])", rank=None, examples=[Example("torch.ravel(a)", "tf.reshape(a, [-1])", "a: f32[2,3]")]
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
        Example("torch.flatten(a, start_dim=1, end_dim=-2)", "tf.reshape(a, shape_list(a)[:1] + [-1] + shape_list(a)[-1:])", "a: f32[2,3,4,5]"),
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
        Example("torch.unflatten(a, 1, (2, n))", "tf.reshape(a, shape_list(a)[:1] + [2, n] + shape_list(a)[2:])", "a: f32[3,8,2], n: 4"),
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
    if isinstance(rank, Unmapped):
        return rank
    first, second = axis_of(call, "dim0", tensor), axis_of(call, "dim1", tensor)
    for axis in (first, second):
        if isinstance(axis, Unmapped):
            return axis
    order = list(range(rank))
    order[first], order[second] = order[second], order[first]  # type: ignore[index]
    return f"tf.transpose({tensor.text})" if rank == 2 and first != second else transposed(tensor, order)


RULES += both("t", ("input",), "tf.transpose({input})", inplace=True, examples=[Example("torch.t(a)", "tf.transpose(a)", "a: f32[2,3]")])


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
        Example("torch.squeeze(a, -1)", "tf.squeeze(a, axis=-1) if shape_list(a)[-1] == 1 else a", "a: f32[2,1,3]"),
    ),
)
def squeeze(call: CallSite) -> str | Unmapped:
    """torch leaves an axis of another size alone, TensorFlow raises: the condition is written where that was seen."""
    tensor, axis = receiver(call), call.constant("dim")
    text = invoke("tf.squeeze", tensor.text, axis=given(call, "dim"))
    shape = tensor.info.shape
    if isinstance(axis, int) and shape is not None and -len(shape) <= axis < len(shape) and shape[axis] != 1:
        return f"{text} if {call.shape(tensor)}[{axis}] == 1 else {tensor.text}"
    return text


# -- repeating ---------------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    ".expand",
    args=("self", "*size"),
    examples=(
        Example("a.expand(n, -1, -1)", "tf.repeat(a, repeats=n, axis=0)", "a: f32[1,3,4], n: 2"),
        Example("a.expand(2, n)", "tf.broadcast_to(a, [2, n])", "a: f32[1,3], n: 3"),
        Example("a.expand(n, -1)", "tf.broadcast_to(a, [n, shape_list(a)[-1]])", "a: f32[3], n: 2"),
        Example("a.expand(b.shape)", "tf.broadcast_to(a, shape_list(b))", "a: f32[1,3], b: f32[2,3]"),
        Example("a.expand((n, 4, -1))", "tf.broadcast_to(a, [n, 4, shape_list(a)[-1]])", "a: f32[1,1,3], n: 2"),
    ),
)
def expand(call: CallSite) -> str | Unmapped:
    """`-1` keeps a size, which TensorFlow cannot say: one new size is a repeat, else the size is written out."""
    tensor, items = call.arg("self"), call.items("size")
    if not items or any(isinstance(item.node, ast.Starred) for item in items) or (len(items) == 1 and looks_like_shape(items[0])):
        return f"tf.broadcast_to({tensor.text}, {sizes(call, 'size')})"
    kept = [i for i, item in enumerate(items) if item.constant == -1]
    new = [i for i in range(len(items)) if i not in kept]
    shape = tensor.info.shape
    if kept and len(new) == 1 and shape is not None and len(shape) == len(items) and shape[new[0]] == 1:
        return f"tf.repeat({tensor.text}, repeats={items[new[0]].text}, axis={new[0]})"
    if kept and not new:
        return tensor.text
    sizes_ = [f"{call.shape(tensor)}[{i - len(items)}]" if i in kept else item.text for i, item in enumerate(items)]
    return f"tf.broadcast_to({tensor.text}, [{', '.join(sizes_)}])"


RULES.append(
    Rule(
        torch="torch.Tensor.expand_as",
        args=("self", "other"),
        tf="tf.broadcast_to({self}, shape_list({other}))",
        rank=None,
        examples=(Example("a.expand_as(b)", "tf.broadcast_to(a, shape_list(b))", "a: f32[1,3], b: f32[2,3]"),),
    )
)


@rewrites(
    RULES,
    "broadcast_to",
    ".broadcast_to",
    args=("input", "size"),
    examples=(Example("torch.broadcast_to(a, (2, n))", "tf.broadcast_to(a, [2, n])", "a: f32[1,3], n: 3"),),
)
def broadcast_to(call: CallSite) -> str | Unmapped:
    """Sizes as one list."""
    return f"tf.broadcast_to({receiver(call).text}, {shape_text(call, call.arg('size'))})"


def _tiled(call: CallSite, items: list[Arg], text: str) -> str | Unmapped:
    """tf.tile wants as many numbers as the tensor has axes."""
    tensor = receiver(call)
    rank = call.need_rank(tensor)
    if isinstance(rank, Unmapped):
        return rank
    if not items:
        return f"tf.tile({tensor.text}, {text})"
    numbers = [item.text for item in items]
    if len(numbers) < rank:
        numbers = ["1"] * (rank - len(numbers)) + numbers
    extra = len(numbers) - rank
    subject = tensor.text if not extra else f"{tensor.atom}[{', '.join(['None'] * extra)}]"
    return f"tf.tile({subject}, [{', '.join(numbers)}])"


@rewrites(
    RULES,
    ".repeat",
    ".tile",
    args=("self", "*repeats"),
    examples=(
        Example("a.repeat(1, n)", "tf.tile(a, [1, n])", "a: f32[2,3], n: 2"),
        Example("a.repeat(n, 1, 1)", "tf.tile(a[None], [n, 1, 1])", "a: f32[2,3], n: 2"),
    ),
)
def repeat(call: CallSite) -> str | Unmapped:
    """New axes in front when there are more numbers than axes, which needs the rank."""
    return _tiled(call, call.items("repeats"), sizes(call, "repeats"))


@rewrites(
    RULES,
    "tile",
    args=("input", "dims"),
    examples=(Example("torch.tile(a, (2,))", "tf.tile(a, [1, 2])", "a: f32[2,3]"),),
)
def tile(call: CallSite) -> str | Unmapped:
    """Missing numbers in front are ones."""
    dims = call.arg("dims")
    nodes = dims.node.elts if isinstance(dims.node, ast.Tuple | ast.List) else []
    return _tiled(call, [call.engine.arg(node) for node in nodes], dims.text)


RULES += both(
    "repeat_interleave",
    ("input", "repeats", "dim", "output_size"),
    "tf.repeat({input}, repeats={repeats}, axis={dim})",
    ignore=("output_size",),
    rank=None,
    examples=[
        Example("torch.repeat_interleave(a, n, dim=1)", "tf.repeat(a, repeats=n, axis=1)", "a: f32[2,3], n: 2"),
        Example("torch.repeat_interleave(a, repeats=2, dim=0)", "tf.repeat(a, repeats=2, axis=0)", "a: f32[2,3]"),
    ],
)


# -- copies and views --------------------------------------------------------------------------------------------------


def _same(name: str, args: tuple[str, ...] = ("self",), sample: str = "", witness: bool = True) -> Rule:
    return Rule(
        torch=f"torch.Tensor.{name}",
        args=args,
        ignore=args[1:],
        tf="{self}",
        note="Tensors are immutable in TensorFlow and have no strides: nothing to do.",
        examples=(Example(f"a.{name}({sample})", "a", "a: f32[2,3]", witness=witness),),
    )


RULES += [
    _same("contiguous", ("self", "memory_format")),
    _same("cpu"),
    _same("cuda", ("self", "device"), witness=False),
    _same("requires_grad_", ("self", "requires_grad"), "False"),
    _same("resolve_conj"),
]
RULES += both("clone", ("input", "memory_format"), "{input}", ignore=("memory_format",), examples=[Example("torch.clone(a)", "a", "a: f32[2,3]")])
RULES += both(
    "detach", ("input",), "tf.stop_gradient({input})", inplace=True, examples=[Example("torch.detach(a)", "tf.stop_gradient(a)", "a: f32[2,3]")]
)


# -- moving elements ---------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    "roll",
    ".roll",
    args=("input", "shifts", "dims"),
    rank="same",
    examples=(
        Example("torch.roll(a, shifts=(-1, n), dims=(1, 2))", "tf.roll(a, shift=(-1, n), axis=(1, 2))", "a: f32[2,3,4], n: 2"),
        Example("torch.roll(a, 1, 1)", "tf.roll(a, shift=1, axis=1)", "a: f32[2,3]"),
        Example("torch.roll(a, 2)", "tf.reshape(tf.roll(tf.reshape(a, [-1]), shift=2, axis=0), shape_list(a))", "a: f32[2,3]"),
    ),
)
def roll(call: CallSite) -> str | Unmapped:
    """Without axes torch rolls the flattened tensor."""
    tensor, shifts = receiver(call), call.text("shifts")
    if call.has("dims"):
        return f"tf.roll({tensor.text}, shift={shifts}, axis={call.text('dims')})"
    return f"tf.reshape(tf.roll(tf.reshape({tensor.text}, [-1]), shift={shifts}, axis=0), {call.shape(tensor)})"


RULES += [
    Rule(
        torch="torch.Tensor.flip",
        args=("self", "*dims"),
        tf="tf.reverse({self}, axis={dims})",
        examples=(
            Example("a.flip(1)", "tf.reverse(a, axis=[1])", "a: f32[2,3]"),
            Example("a.flip((0, -1))", "tf.reverse(a, axis=[0, -1])", "a: f32[2,3]"),
        ),
    )
]


@rewrites(
    RULES,
    "flip",
    args=("input", "dims"),
    rank="same",
    examples=(
        Example("torch.flip(a, [1])", "tf.reverse(a, axis=[1])", "a: f32[2,3]"),
        Example("torch.flip(a, dims=(0, 1))", "tf.reverse(a, axis=[0, 1])", "a: f32[2,3]"),
    ),
)
def flip(call: CallSite) -> str | Unmapped:
    """Axes as a list."""
    return f"tf.reverse({call.text('input')}, axis={shape_text(call, call.arg('dims'))})"


@rewrites(
    RULES,
    ".unfold",
    args=("self", "dimension", "size", "step"),
    examples=(
        Example("a.unfold(-1, 3, 2)", "tf.signal.frame(a, frame_length=3, frame_step=2)", "a: f32[2,9]"),
        Example(
            "a.unfold(dimension=1, size=3, step=2)",
            "tf.transpose(tf.signal.frame(a, frame_length=3, frame_step=2, axis=1), perm=(0, 1, 3, 2))",
            "a: f32[2,9,4]",
        ),
    ),
)
def unfold(call: CallSite) -> str | Unmapped:
    """torch puts the window last, tf.signal.frame beside the frames: the same for the last axis only."""
    tensor, axis = call.arg("self"), call.constant("dimension")
    frame = invoke("tf.signal.frame", tensor.text, frame_length=call.text("size"), frame_step=call.text("step"))
    if axis == -1:
        return frame
    rank, axis = call.need_rank(tensor), axis_of(call, "dimension", tensor)
    if isinstance(rank, Unmapped) or isinstance(axis, Unmapped):
        return rank if isinstance(rank, Unmapped) else axis
    if axis == rank - 1:
        return frame
    order = [*range(axis + 1), *range(axis + 2, rank + 1), axis + 1]
    return f"tf.transpose({frame[:-1]}, axis={axis}), perm=({', '.join(map(str, order))}))"


def _leading(call: CallSite, axis: int, index: str) -> str:
    return f"{receiver(call).atom}[{''.join(':, ' for _ in range(axis))}{index}]"


@rewrites(
    RULES,
    "narrow",
    ".narrow",
    args=("input", "dim", "start", "length"),
    rank="same",
    examples=(Example("torch.narrow(a, 1, 1, n)", "a[:, 1 : 1 + n]", "a: f32[2,5], n: 3"),),
)
def narrow(call: CallSite) -> str | Unmapped:
    """A slice."""
    axis = axis_of(call, "dim", receiver(call))
    if isinstance(axis, Unmapped):
        return axis
    start, length = call.arg("start"), call.arg("length")
    return _leading(call, axis, f":{length.text}" if start.constant == 0 else f"{start.atom} : {start.atom} + {length.atom}")


@rewrites(
    RULES,
    "select",
    ".select",
    args=("input", "dim", "index"),
    examples=(Example("torch.select(a, 1, n)", "a[:, n]", "a: f32[2,5], n: 3"),),
)
def select(call: CallSite) -> str | Unmapped:
    """An index."""
    axis = axis_of(call, "dim", receiver(call))
    return axis if isinstance(axis, Unmapped) else _leading(call, axis, call.text("index"))
