"""Joining tensors and taking them apart.

Source: torch's documentation, "Indexing, Slicing, Joining, Mutating Ops". `split(n)` gives sizes in torch, a count in TensorFlow.
"""

from __future__ import annotations

import ast

from scaffold.translate import iteration
from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import items_of, promoted, receiver, rewrites, simple

RULES: list[Rule] = []


def joined(call: CallSite, name: str) -> str:
    """A list display with its items cast to one dtype, or the text of any other sequence."""
    items = items_of(call, call.arg(name))
    if items is None:
        return call.text(name)
    texts = promoted(*items)
    given = [k for k, item in enumerate(items) if _is_given_mask(call, item)]
    if len(items) == 2 and len(given) == 1 and texts[given[0]] == items[given[0]].text:
        texts[1 - given[0]] = f"tf.cast({texts[1 - given[0]]}, {texts[given[0]]}.dtype)"
    return f"[{', '.join(texts)}]"


def _is_given_mask(call: CallSite, item: Arg) -> bool:
    """A mask that callers hand over, in numbers of any type; torch's functions promote what they join."""
    function = call.engine.function_of(item.node) if item.node is not None else None
    names = {a.arg for a in [*function.args.args, *function.args.kwonlyargs]} if function is not None else set()
    public = function is not None and function.name in ("forward", "generate")
    return public and item.text in names and item.text.endswith("mask")


@rewrites(
    RULES,
    "cat",
    "concat",
    "concatenate",
    args=("tensors", "dim", "out"),
    dtype=None,
    examples=(
        Example("torch.cat([a, b], dim=-1)", "tf.concat([a, b], axis=-1)", "a: f32[2,3], b: f32[2,4]"),
        Example("torch.cat((a, b), 1)", "tf.concat([a, b], axis=1)", "a: f32[2,3], b: f32[2,4]"),
        Example("torch.cat((a, b))", "tf.concat([a, b], axis=0)", "a: f32[2,3], b: f32[1,3]"),
        Example(
            "torch.cat([a, m], dim=-1)", "tf.concat([a, tf.cast(m, a.dtype)], axis=-1)", "a: f32[2,3], m: bool[2,4]"
        ),
        Example("torch.cat(s, dim=1)", "tf.concat(s, axis=1)", "a: f32[2,3]", "s = [a, a]"),
        Example("torch.cat([a for _ in range(4)], dim=1)", "tf.tile(a, [1, 4])", "a: f32[2,3]"),
        Example("torch.cat(b.size(0) * [a])", "tf.tile(a, [shape_list(b)[0], 1])", "a: f32[2,3], b: f32[4]"),
        Example("torch.cat([torch.arange(n) for n in i])", "tf.ragged.range(i).flat_values", "i: i64(1,5)[3]"),
    ),
)
def cat(call: CallSite) -> str | Unmapped:
    """The axis is 0 when it is not given; one tensor several times over is tiled, since the number may not be known."""
    counts = iteration.counted(call.engine, call.arg("tensors").node)
    if counts is not None:
        return f"tf.ragged.range({counts}).flat_values"
    copies = iteration.repeated(call.engine, call.arg("tensors").node)
    axis = call.constant("dim", 0)
    rank = call.engine.type_of(copies[0]).rank if copies else None
    if copies and rank and isinstance(axis, int):
        number = call.engine.expression(copies[1])
        multiples = ", ".join(number if k == axis % rank else "1" for k in range(rank))
        return f"tf.tile({call.engine.expression(copies[0])}, [{multiples}])"
    return f"tf.concat({joined(call, 'tensors')}, axis={call.text('dim', '0')})"


@rewrites(
    RULES,
    "stack",
    args=("tensors", "dim", "out"),
    dtype=None,
    examples=(
        Example("torch.stack([a, b], dim=1)", "tf.stack([a, b], axis=1)", "a: f32[2,3], b: f32[2,3]"),
        Example("torch.stack((a, b))", "tf.stack([a, b])", "a: f32[2,3], b: f32[2,3]"),
        Example("torch.stack(s, -1)", "tf.stack(s, axis=-1)", "a: f32[2,3]", "s = [a, a]"),
    ),
)
def stack(call: CallSite) -> str | Unmapped:
    """The axis is 0 in both when it is not given; a loop over the rows of tensors is mapped."""
    rows = iteration.mapped(call.engine, call.arg("tensors").node) if call.constant("dim", 0) == 0 else None
    if rows is not None:
        return rows
    axis = f", axis={call.text('dim')}" if call.has("dim") else ""
    return f"tf.stack({joined(call, 'tensors')}{axis})"


def _rank_of_items(call: CallSite) -> int | None:
    items = items_of(call, call.arg("tensors")) or []
    ranks = {item.rank for item in items}
    return ranks.pop() if len(ranks) == 1 else None


@rewrites(
    RULES,
    "hstack",
    args=("tensors",),
    dtype=None,
    examples=(
        Example("torch.hstack((a, b))", "tf.concat([a, b], axis=1)", "a: f32[2,3], b: f32[2,4]"),
        Example("torch.hstack([a, b])", "tf.concat([a, b], axis=0)", "a: f32[2], b: f32[3]"),
    ),
)
def hstack(call: CallSite) -> str | Unmapped:
    """Along the second axis, for vectors along the only one."""
    rank = _rank_of_items(call)
    if rank is None:
        return call.refuse("TFP110", "the rank of the tensors is not known", "use torch.cat in the PyTorch file")
    return f"tf.concat({joined(call, 'tensors')}, axis={0 if rank == 1 else 1})"


@rewrites(
    RULES,
    "vstack",
    args=("tensors",),
    dtype=None,
    examples=(
        Example("torch.vstack((a, b))", "tf.concat([a, b], axis=0)", "a: f32[2,3], b: f32[1,3]"),
        Example("torch.vstack([a, b])", "tf.stack([a, b])", "a: f32[3], b: f32[3]"),
    ),
)
def vstack(call: CallSite) -> str | Unmapped:
    """Along the first axis, vectors as rows."""
    rank = _rank_of_items(call)
    if rank is None:
        return call.refuse("TFP110", "the rank of the tensors is not known", "use torch.cat in the PyTorch file")
    return f"tf.stack({joined(call, 'tensors')})" if rank == 1 else f"tf.concat({joined(call, 'tensors')}, axis=0)"


# -- taking apart ------------------------------------------------------------------------------------------------------


def unpacked_into(call: CallSite) -> int | None:
    """Number of names the result is unpacked into, None when it is kept whole or starred."""
    parent = call.engine.parent(call.node)
    if not isinstance(parent, ast.Assign) or parent.value is not call.node:
        return None
    target = parent.targets[0]
    if isinstance(target, ast.Tuple | ast.List) and not any(isinstance(e, ast.Starred) for e in target.elts):
        return len(target.elts)
    return None


def _count(call: CallSite, tensor: Arg, size: Arg, axis: str) -> str:
    """How many pieces of `size` there are: the names they go to, else computed, else what the probe saw."""
    names = unpacked_into(call)
    if names is not None:
        return str(names)
    if simple(tensor) or call.result.rank is None:
        extent = f"{call.shape(tensor)}[{axis}]"
        return extent if size.constant == 1 else f"{extent} // {size.atom}"
    return str(call.result.rank)


@rewrites(
    RULES,
    "split",
    ".split",
    args=("tensor", "split_size_or_sections", "dim"),
    result="tuple",
    examples=(
        Example("torch.split(a, [1, n], dim=-1)", "tf.split(a, [1, n], axis=-1)", "a: f32[2,4], n: 3"),
        Example("torch.split(a, n, dim=1)", "tf.split(a, shape_list(a)[1] // n, axis=1)", "a: f32[2,6], n: 3"),
        Example("torch.split(a, 1, dim=-1)", "tf.split(a, shape_list(a)[-1], axis=-1)", "a: f32[2,3]"),
        Example("torch.split(a, 2)", "tf.split(a, shape_list(a)[0] // 2, axis=0)", "a: f32[4,3]"),
    ),
)
def split(call: CallSite) -> str | Unmapped:
    """A list holds the sizes in both; a number is a size in torch and a count in TensorFlow."""
    tensor, sections = receiver(call), call.arg("split_size_or_sections")
    axis = call.text("dim", "0")
    if sections.kind in ("list", "tuple", "size") or isinstance(sections.node, ast.List | ast.Tuple):
        return f"tf.split({tensor.text}, {_list(call, sections)}, axis={axis})"
    return f"tf.split({tensor.text}, {_count(call, tensor, sections, axis)}, axis={axis})"


def _list(call: CallSite, sections: Arg) -> str:
    if isinstance(sections.node, ast.Tuple):
        return f"[{', '.join(call.engine.expression(item) for item in sections.node.elts)}]"
    return sections.text


@rewrites(
    RULES,
    "split_with_sizes",
    ".split_with_sizes",
    args=("tensor", "split_sizes", "dim"),
    result="tuple",
    examples=(
        Example("torch.split_with_sizes(a, (1, n), dim=-1)", "tf.split(a, [1, n], axis=-1)", "a: f32[2,4], n: 3"),
    ),
)
def split_with_sizes(call: CallSite) -> str | Unmapped:
    """A list of sizes, as in TensorFlow."""
    sections = _list(call, call.arg("split_sizes"))
    return f"tf.split({receiver(call).text}, {sections}, axis={call.text('dim', '0')})"


@rewrites(
    RULES,
    "chunk",
    "tensor_split",
    ".chunk",
    ".tensor_split",
    args=("input", "chunks", "dim"),
    result="tuple",
    safety=Safety.REVIEW,
    note="torch makes the last pieces smaller where the axis does not divide; tf.split raises.",
    examples=(
        Example("torch.chunk(a, 2, dim=-1)", "tf.split(a, 2, axis=-1)", "a: f32[2,6]"),
        Example("torch.chunk(a, n)", "tf.split(a, n, axis=0)", "a: f32[6,2], n: 3"),
    ),
)
def chunk(call: CallSite) -> str | Unmapped:
    """A number of equal pieces."""
    if not isinstance(call.constant("chunks"), int) and call.arg("chunks").kind in ("list", "tuple"):
        return call.refuse(
            "TFP102", "pieces are given by their borders", "use torch.split with sizes in the PyTorch file"
        )
    return f"tf.split({receiver(call).text}, {call.text('chunks')}, axis={call.text('dim', '0')})"


@rewrites(
    RULES,
    "unbind",
    ".unbind",
    args=("input", "dim"),
    result="tuple",
    examples=(
        Example("torch.unbind(a, dim=1)", "tf.unstack(a, axis=1)", "a: f32[2,3]"),
        Example("torch.unbind(a)", "tf.unstack(a)", "a: f32[2,3]"),
    ),
)
def unbind(call: CallSite) -> str | Unmapped:
    """The axis is 0 in both when it is not given."""
    axis = f", axis={call.text('dim')}" if call.has("dim") else ""
    return f"tf.unstack({receiver(call).text}{axis})"


@rewrites(
    RULES,
    "meshgrid",
    args=("*tensors", "indexing"),
    result="tuple",
    dtype=None,
    examples=(
        Example('torch.meshgrid(a, b, indexing="ij")', 'tf.meshgrid(a, b, indexing="ij")', "a: f32[2], b: f32[3]"),
        Example('torch.meshgrid([a, b], indexing="xy")', 'tf.meshgrid(a, b, indexing="xy")', "a: f32[2], b: f32[3]"),
        Example('torch.meshgrid(s, indexing="ij")', 'tf.meshgrid(*s, indexing="ij")', "a: f32[2]", "s = [a, a]"),
    ),
)
def meshgrid(call: CallSite) -> str | Unmapped:
    """torch counts rows first unless told otherwise, TensorFlow columns."""
    tensors = call.varargs.get("tensors", [])
    single = len(tensors) == 1 and not isinstance(tensors[0].node, ast.Starred) and tensors[0].kind != "tensor"
    if single and isinstance(tensors[0].node, ast.Tuple | ast.List):
        items = ", ".join(item.text for item in call.items("tensors"))
    else:
        items = f"*{tensors[0].atom}" if single else ", ".join(tensor.text for tensor in tensors)
    return f"tf.meshgrid({items}, indexing={call.text('indexing', chr(34) + 'ij' + chr(34))})"


RULES.append(
    Rule(
        torch="transformers.pytorch_utils.meshgrid",
        args=("*tensors", "indexing"),
        tf="",
        rewrite=meshgrid,
        result="tuple",
        dtype=None,
        note="The library's own spelling of torch.meshgrid.",
    )
)
RULES.append(
    Rule(
        torch="torch.nn.utils.rnn.pad_sequence",
        args=("sequences", "batch_first", "padding_value"),
        tf="",
        rewrite=lambda call: _padded(call),
        dtype=None,
        note="Rows of different lengths, filled up at the end.",
        examples=(
            Example(
                "torch.nn.utils.rnn.pad_sequence([a, b], batch_first=True, padding_value=-1.0)",
                "_pad_sequence([a, b], padding_value=-1.0)",
                "a: f32[2,3], b: f32[4,3]",
            ),
            Example(
                "torch.nn.utils.rnn.pad_sequence(s, batch_first=True)",
                "_pad_sequence(s)",
                "i: i64[3]",
                "s = [i, i[:1]]",
            ),
        ),
    )
)


def _padded(call: CallSite) -> str | Unmapped:
    if call.constant("batch_first", False) is not True:
        return call.refuse("TFP102", "argument `batch_first` must be True", "transpose afterwards")
    value = f", padding_value={call.text('padding_value')}" if call.has("padding_value") else ""
    return f"_{call.emits('pad_sequence')}({call.text('sequences')}{value})"
