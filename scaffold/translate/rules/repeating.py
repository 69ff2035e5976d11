"""Repeating, copying and moving a tensor's elements.

Source: torch's documentation, "torch.Tensor" and "Indexing, Slicing, Joining, Mutating Ops".
"""

from __future__ import annotations

import ast

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.rule import Example, Rule, Unmapped
from scaffold.translate.rules._family import (
    axis_of,
    both,
    invoke,
    looks_like_shape,
    receiver,
    rewrites,
    shape_text,
    sizes,
)

RULES: list[Rule] = []


# -- repeating ---------------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    ".expand",
    args=("self", "*size"),
    examples=(
        Example("a.expand(n, -1, -1)", "tf.repeat(a, repeats=n, axis=0)", "a: f32[1,3,4], n: 2"),
        Example("a.expand(2, n)", "tf.broadcast_to(a, [2, n])", "a: f32[1,3], n: 3"),
        Example("a.expand(n, -1)", "tf.tile(tf.expand_dims(a, axis=0), [n, 1])", "a: f32[3], n: 2"),
        Example("a.expand((1, -1))", "tf.expand_dims(a, axis=0)", "a: f32[3]"),
        Example("a.expand(n, 1, -1)", "tf.tile(a[None, None], [n, 1, 1])", "a: f32[3], n: 2"),
        Example(
            "a[None, :, None].float().expand(n, -1, 1)",
            "tf.tile(tf.cast(a[None, :, None], tf.float32), [n, 1, 1])",
            "a: f32[3], n: 2",
        ),
        Example(
            "a.unsqueeze(1).expand(-1, n, 1, -1)",
            "tf.tile(tf.expand_dims(a, axis=1), [1, n, 1, 1])",
            "a: f32[2,1,3], n: 2",
        ),
        Example("a.expand(n, -1, 4)", "tf.broadcast_to(a, [n, shape_list(a)[1], 4])", "a: f32[1,3,1], n: 2"),
        Example("a.expand(b.shape)", "tf.broadcast_to(a, shape_list(b))", "a: f32[1,3], b: f32[2,3]"),
        Example(
            "a.expand(*b.shape[:-1], -1)",
            "tf.broadcast_to(a, [*shape_list(b)[:-1], shape_list(a)[-1]])",
            "a: f32[1,3], b: f32[2,4]",
        ),
        Example("a.expand((n, 4, -1))", "tf.broadcast_to(a, [n, 4, shape_list(a)[2]])", "a: f32[1,1,3], n: 2"),
    ),
)
def expand(call: CallSite) -> str | Unmapped:
    """`-1` keeps a size, which TensorFlow cannot say: one new size is a repeat, else the size is written out."""
    tensor, items = call.arg("self"), call.items("size")
    if (
        not items
        or any(isinstance(item.node, ast.Starred) for item in items)
        or (len(items) == 1 and looks_like_shape(items[0]))
    ):
        return f"tf.broadcast_to({tensor.text}, {_kept_at_the_end(call, items) or sizes(call, 'size')})"
    kept = [i for i, item in enumerate(items) if item.constant == -1]
    new = [i for i in range(len(items)) if i not in kept]
    shape = tensor.info.shape
    if kept and len(new) == 1 and shape is not None and len(shape) == len(items) and shape[new[0]] == 1:
        return f"tf.repeat({tensor.text}, repeats={items[new[0]].text}, axis={new[0]})"
    if kept and not new:
        return tensor.text
    tiled = _tiled_at_single_axes(call, tensor, items) if kept else None
    if tiled is not None:
        return tiled
    behind = 0 if tensor.rank == len(items) else len(items)  # torch puts new axes in front
    sizes_ = [f"{call.shape(tensor)}[{i - behind}]" if i in kept else item.text for i, item in enumerate(items)]
    return f"tf.broadcast_to({tensor.text}, [{', '.join(sizes_)}])"


def _tiled_at_single_axes(call: CallSite, tensor: Arg, items: list[Arg]) -> str | None:
    """Sizes for axes that are single by what the source says of them: as many copies; None where another axis grows."""
    rank = tensor.rank
    if rank is None or not 0 < rank <= len(items):
        return None
    added = len(items) - rank
    single = {*range(added), *(axis + added for axis in _single_axes(call, tensor.node, rank))}
    copies = ["1" if item.constant in (-1, 1) else item.text for item in items]
    if any(number != "1" and axis not in single for axis, number in enumerate(copies)):
        return None
    added_text = (
        f"tf.expand_dims({tensor.text}, axis=0)" if added == 1 else f"{tensor.atom}[{', '.join(['None'] * added)}]"
    )
    text = added_text if added else tensor.text
    return text if set(copies) == {"1"} else f"tf.tile({text}, [{', '.join(copies)}])"


def _single_axes(call: CallSite, node: ast.AST | None, rank: int) -> set[int]:
    """Axes of size 1 in `x[None, :, None]` and `x.unsqueeze(1)`, and in those with another dtype."""
    if isinstance(node, ast.Subscript):
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        plain = all(isinstance(i, ast.Slice) or call.engine.constant(i) is None for i in items)
        return {axis for axis, item in enumerate(items) if isinstance(item, ast.Constant)} if plain else set()
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return set()
    if node.func.attr in ("float", "to", "type", "contiguous"):
        return _single_axes(call, node.func.value, rank)
    axis = call.engine.constant(node.args[0]) if node.func.attr == "unsqueeze" and len(node.args) == 1 else None
    return {axis % rank} if isinstance(axis, int) else set()


def _kept_at_the_end(call: CallSite, items: list[Arg]) -> str | None:
    """`*shape, -1`: what stands behind an unpacked shape counts from the end; None where nothing is kept there."""
    starred = [i for i, item in enumerate(items) if isinstance(item.node, ast.Starred)]
    kept = [i for i, item in enumerate(items) if item.constant == -1]
    if len(starred) != 1 or not kept or min(kept) < starred[0]:
        return None
    shape = call.shape(call.arg("self"))
    texts = [f"{shape}[{i - len(items)}]" if i in kept else item.text for i, item in enumerate(items)]
    unpacked = items[starred[0]].node
    assert isinstance(unpacked, ast.Starred)
    texts[starred[0]] = f"*{call.engine.expression(unpacked.value)}"
    return f"[{', '.join(texts)}]"


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


def _squeezed(call: CallSite, tensor: Arg, count: int) -> str | None:
    """`mask.squeeze().repeat(1, heads, 1)`: the axes that were seen to be single, all but the batch's.

    As many axes are added in front as PyTorch adds, and one less where it has taken out the batch's as well.
    """
    node = tensor.node
    bare = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args and not node.keywords
    if not bare or node.func.attr != "squeeze":  # type: ignore[union-attr]
        return None
    inner = node.func.value  # type: ignore[union-attr]
    shape = call.engine.type_of(inner).shape or ()
    axes = [axis for axis, size in enumerate(shape) if size == 1 and axis]
    added = count - (len(shape) - len(axes))
    if not axes or added < 1:
        return None
    text = f"tf.squeeze({call.engine.expression(inner)}, axis={axes})[{', '.join(['None'] * added)}]"
    return f"tf.tile({text}, [{{}}])"


def _tiled(call: CallSite, items: list[Arg], text: str) -> str | Unmapped:
    """tf.tile wants as many numbers as the tensor has axes."""
    tensor = receiver(call)
    squeezed = _squeezed(call, tensor, len(items))
    if squeezed is not None:
        return squeezed.format(", ".join(item.text for item in items))
    rank = call.need_rank(tensor)
    if isinstance(rank, Unmapped):
        if tensor.kind not in ("tensor", None):
            return rank
        call.uses("shape_list")
        sizes = text if not items else f"[{', '.join(item.text for item in items)}]"
        return f"_{call.emits('tile')}({tensor.text}, {sizes})"  # the rank is known when it runs
    if not items:
        return f"tf.tile({tensor.text}, {text})"
    numbers = [item.text for item in items]
    if len(numbers) < rank and call.qualname.endswith("repeat"):
        rank = len(numbers)  # PyTorch takes no fewer numbers than axes: the tensor was seen elsewhere
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
RULES += both(
    "clone",
    ("input", "memory_format"),
    "{input}",
    ignore=("memory_format",),
    examples=[Example("torch.clone(a)", "a", "a: f32[2,3]")],
)
RULES += both(
    "detach",
    ("input",),
    "tf.stop_gradient({input})",
    inplace=True,
    examples=[Example("torch.detach(a)", "tf.stop_gradient(a)", "a: f32[2,3]")],
)


# -- moving elements ---------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    "roll",
    ".roll",
    args=("input", "shifts", "dims"),
    rank="same",
    examples=(
        Example(
            "torch.roll(a, shifts=(-1, n), dims=(1, 2))",
            "tf.roll(a, shift=(-1, n), axis=(1, 2))",
            "a: f32[2,3,4], n: 2",
        ),
        Example("torch.roll(a, 1, 1)", "tf.roll(a, shift=1, axis=1)", "a: f32[2,3]"),
        Example(
            "torch.roll(a, 2)",
            "tf.reshape(tf.roll(tf.reshape(a, [-1]), shift=2, axis=0), shape_list(a))",
            "a: f32[2,3]",
        ),
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
    if isinstance(rank, Unmapped):
        return rank
    if isinstance(axis, Unmapped):
        return axis
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
    return _leading(
        call, axis, f":{length.text}" if start.constant == 0 else f"{start.atom} : {start.atom} + {length.atom}"
    )


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
