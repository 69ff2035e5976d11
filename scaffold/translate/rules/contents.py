"""Tensors of numbers that are given: `torch.tensor`, `torch.from_numpy` and the constructors that name a dtype.

Source: torch's documentation, "Creation Ops". `tf.constant` takes no tensors, and a size may be one in a graph.
"""

from __future__ import annotations

import ast

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.names import bound_before, reads_shape
from scaffold.translate.rule import Example, Rule, Unmapped
from scaffold.translate.rules._family import PLACEMENT, cast_to, given, invoke, is_dimension, receiver, rewrites

RULES: list[Rule] = []


def _is_plain(call: CallSite, node: ast.AST | None) -> bool:
    """Made of Python numbers and strings only, so that `tf.constant` can hold it."""
    if isinstance(node, ast.Tuple | ast.List):
        return all(_is_plain(call, item) for item in node.elts)
    if isinstance(node, ast.ListComp):
        return _is_plain(call, node.elt)
    return node is not None and call.engine.type_of(node).kind in ("int", "float", "bool", "str")


def _has_size(call: CallSite, node: ast.AST) -> bool:
    """True for what depends on dimensions, also through `len(x)` and a local: a graph may have tensors there."""
    if reads_shape(node, call.engine.function_of(call.node)):
        return True
    return any(_is_length(call, part) or _is_size_in_a_local(call, part) for part in ast.walk(node))


def _is_length(call: CallSite, node: ast.AST) -> bool:
    counts = isinstance(node, ast.Call) and ast.unparse(node.func) == "len" and bool(node.args)
    return counts and call.engine.type_of(node.args[0]).kind == "tensor"  # type: ignore[attr-defined]


def _is_size_in_a_local(call: CallSite, node: ast.AST) -> bool:
    is_read = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    value = bound_before(node, call.engine.source.parents) if is_read else None  # type: ignore[arg-type]
    return value is not None and _has_size(call, value)


def _content(call: CallSite, data: Arg, dtype: str | None) -> str:
    """A tensor of numbers and lists of them, which may be sizes that only the graph knows when it runs, or tensors."""
    is_plain = _is_plain(call, data.node)
    if is_plain and data.node is not None and not _has_size(call, data.node):
        return invoke("tf.constant", data.text, dtype=dtype)
    if is_plain and dtype:
        return cast_to(data.text, dtype)  # a list with an integer's tensor becomes no tensor of another dtype by itself
    return invoke("tf.convert_to_tensor", data.text, dtype=dtype)


@rewrites(
    RULES,
    "tensor",
    "as_tensor",
    args=("data", "dtype", *PLACEMENT),
    dtype=None,
    examples=(
        Example("torch.tensor([1, 2, 3])", "tf.constant([1, 2, 3])"),
        Example("torch.tensor([1.5, n], device=d)", "tf.constant([1.5, n])", "n: 2.0, d: None"),
        Example("torch.tensor(0.5, dtype=torch.float32)", "tf.constant(0.5, dtype=tf.float32)"),
        Example("torch.tensor([a[0], a[1]])", "tf.convert_to_tensor([a[0], a[1]])", "a: f32[2]"),
        Example("torch.tensor(a.size(-1), dtype=torch.float)", "tf.cast(shape_list(a)[-1], tf.float32)", "a: f32[2,3]"),
        Example("torch.tensor([len(a), 2])", "tf.convert_to_tensor([shape_list(a)[0], 2])", "a: f32[2,3]"),
        Example(
            "torch.tensor([a.shape[1]], dtype=torch.float)", "tf.cast([shape_list(a)[1]], tf.float32)", "a: f32[2,3]"
        ),
    ),
)
def tensor(call: CallSite) -> str | Unmapped:
    """`tf.constant` for Python numbers, a cast for a tensor, `tf.convert_to_tensor` for what may hold tensors."""
    data, dtype = call.arg("data"), given(call, "dtype")
    if data.kind == "tensor" or (dtype and data.kind == "int" and is_dimension(call, data)):
        return cast_to(data.text, dtype)
    return _content(call, data, dtype)


@rewrites(
    RULES,
    ".new_tensor",
    args=("self", "data", "dtype", *PLACEMENT),
    examples=(Example("a.new_tensor([1, 2])", "tf.constant([1, 2], dtype=a.dtype)", "a: f32[2]", witness=False),),
)
def new_tensor(call: CallSite) -> str | Unmapped:
    """The dtype is taken to be the receiver's, as the models that call this expect."""
    data, dtype = call.arg("data"), given(call, "dtype", f"{receiver(call).atom}.dtype")
    if data.kind == "tensor":
        return cast_to(data.text, dtype)
    return _content(call, data, dtype)


RULES.append(
    Rule(
        torch="torch.from_numpy",
        args=("ndarray",),
        tf="tf.convert_to_tensor({ndarray})",
        dtype=None,
        rank=None,
        examples=(
            Example("torch.from_numpy(x)", "tf.convert_to_tensor(x)", "", "x = np.ones((2, 3), dtype='float32')"),
        ),
    )
)


def _typed(name: str, dtype: str, sample: str) -> None:
    @rewrites(
        RULES,
        name,
        args=("*data", "dtype", *PLACEMENT),
        dtype={"tf.float32": "float32", "tf.int32": "int64", "tf.bool": "bool"}[dtype],
        examples=(Example(f"torch.{name}({sample})", f"tf.constant({sample}, dtype={dtype})"),),
    )
    def typed(call: CallSite) -> str | Unmapped:
        """Numbers are sizes of an uninitialised tensor, anything else is its content."""
        data = call.varargs.get("data", [])
        if len(data) == 1 and data[0].kind != "int":
            if data[0].kind == "tensor":
                return cast_to(data[0].text, dtype)
            return _content(call, data[0], dtype)
        return invoke("tf.zeros", call.sequence("data"), dtype=dtype)


_typed("Tensor", "tf.float32", "[1.0, 2.0]")
_typed("FloatTensor", "tf.float32", "[1.0, 2.0]")
_typed("LongTensor", "tf.int32", "[1, 2]")
_typed("IntTensor", "tf.int32", "[1, 2]")
_typed("BoolTensor", "tf.bool", "[True, False]")
