"""Comparisons: shapes against lists, tensors of one dtype, truth values and whole numbers against numbers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.core.typedb import TypeInfo
from scaffold.translate.callsite import tf_dtype
from scaffold.translate.infer import promote
from scaffold.translate.names import popped_keywords, reads_shape
from scaffold.translate.operators import as_list, replace_operands
from scaffold.translate.promotion import dtype_among

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine


def _tf(dtype: str | None) -> str | None:
    return tf_dtype(dtype) if dtype else None


def compare(engine: Engine, node: ast.Compare) -> str:
    """A comparison: shapes against lists, tensors of one dtype."""
    keyword = _in_keywords(engine, node) or _same_shape(engine, node)
    if keyword is not None:
        return keyword
    operands = [node.left, *node.comparators]
    infos = [engine.type_of(o) for o in operands]
    if isinstance(node.ops[0], (ast.Is, ast.IsNot)):
        return engine.splice(node)
    if any(i.kind == "size" for i in infos) and not isinstance(node.ops[0], (ast.In, ast.NotIn)):
        texts = {
            o: as_list(engine, o) for o in operands if isinstance(o, ast.Tuple) or engine.type_of(o).kind == "tuple"
        }
        return replace_operands(engine, node, texts)
    tensors = [(o, i) for o, i in zip(operands, infos, strict=True) if i.kind == "tensor"]
    if len(operands) == 2 and len(tensors) == 2 and all(i.dtype for _, i in tensors):
        common = promote(tensors[0][1].dtype, tensors[1][1].dtype)
        if common is not None and any(_tf(i.dtype) != _tf(common) for _, i in tensors):
            dtype = dtype_among([engine.arg(o) for o in operands], common)
            casts = {o: f"tf.cast({engine.expression(o)}, {dtype})" for o, i in tensors if _tf(i.dtype) != _tf(common)}
            return replace_operands(engine, node, casts)
    numbers = [i for i in infos if i.kind in ("int", "float")]
    ordered = isinstance(node.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) or numbers
    if ordered and len(operands) == 2 and len(tensors) == 1 and "bool" in tensors[0][1].dtypes:
        # TensorFlow has no order of truth values, and none of them equals a number;
        # a mask may be of these in one call and of integers in the next
        tensor, info = tensors[0]
        wide = "tf.float32" if any("float" in dtype for dtype in info.dtypes) else "tf.int32"
        return replace_operands(engine, node, {tensor: f"tf.cast({engine.expression(tensor)}, {wide})"})
    whole = [t for t in tensors if t[1].dtypes and all(d.startswith("int") for d in t[1].dtypes)]
    if len(operands) == 2 and len(tensors) == 1 and whole and any(_may_be_float(i) for i in infos):
        return replace_operands(engine, node, {whole[0][0]: f"tf.cast({engine.expression(whole[0][0])}, tf.float32)"})
    return _of_sizes(engine, node) or engine.splice(node)


def _may_be_float(info: TypeInfo) -> bool:
    """A floating number, or what is an integer in one call and a floating tensor in the next."""
    return info.kind == "float" or (info.kind is None and any(dtype.startswith("float") for dtype in info.dtypes))


def _of_sizes(engine: Engine, node: ast.Compare) -> str | None:
    """`0 in output_shape`: sizes that are tensors in a graph cannot be compared while it is traced."""
    if not isinstance(node.ops[0], (ast.In, ast.NotIn)) or not isinstance(node.left, ast.Constant):
        return None
    sizes = node.comparators[0]
    if node.left.value != 0 or not isinstance(sizes, ast.Name) or not reads_shape(sizes, engine.function_of(node)):
        return None
    operator = "in" if isinstance(node.ops[0], ast.In) else "not in"
    text = engine.expression(sizes)
    return f"0 {operator} [size for size in {text} if not tf.is_tensor(size)]"


def _in_keywords(engine: Engine, node: ast.Compare) -> str | None:
    """`"x" in kwargs` of such an argument."""
    function = engine.function_of(node)
    if (
        function is None
        or function.name != "forward"
        or function.args.kwarg is None
        or not isinstance(node.left, ast.Constant)
    ):
        return None
    is_test = isinstance(node.ops[0], ast.In) and ast.unparse(node.comparators[0]) == function.args.kwarg.arg
    return f"{node.left.value} is not None" if is_test and node.left.value in popped_keywords(function) else None


def _same_shape(engine: Engine, node: ast.Compare) -> str | None:
    """`if a.shape != b.shape:` of two tensors, as an emitted function; None for any other comparison.

    A graph may not know the lengths, and lists of tensors cannot be compared. Checks that raise are another pass's.
    """
    branch = engine.parent(node)
    tensors = [_owner(side) for side in (node.left, *node.comparators)]
    if not isinstance(branch, ast.If) or isinstance(branch.body[0], ast.Raise) or None in tensors:
        return None
    sizes = [engine.type_of(side).kind == "size" for side in (node.left, *node.comparators)]
    if len(tensors) != 2 or not all(sizes) or not isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
        return None
    engine.emits.add("same_shape")
    texts = ", ".join(engine.expression(t) for t in tensors if t is not None)
    return f"{'not ' if isinstance(node.ops[0], ast.NotEq) else ''}_same_shape({texts})"


def _owner(node: ast.expr) -> ast.expr | None:
    """`x` of `x.shape` and `x.size()`."""
    if isinstance(node, ast.Call):
        is_size = isinstance(node.func, ast.Attribute) and node.func.attr == "size" and not (node.args or node.keywords)
        return node.func.value if is_size else None  # type: ignore[attr-defined]
    return node.value if isinstance(node, ast.Attribute) and node.attr == "shape" else None
