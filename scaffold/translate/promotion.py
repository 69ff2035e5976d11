"""The dtype that torch promotes to, as text: that of the floating tensor beside it, which need not be float32.

Source: torch's documentation, "Tensor Attributes: torch.dtype". A policy of mixed precision halves what layers compute, so
a mask is cast to the dtype of what it meets. TensorFlow promotes nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from scaffold.translate.callsite import Arg, tf_dtype

#: What a layer computes in: a policy may have it differ from its weights' dtype.
COMPUTED = "self.compute_dtype"
#: The same where its bounds are asked for: Keras has the name alone.
AS_DTYPE = f"tf.as_dtype({COMPUTED})"
#: What may be asked about a weight that is not computed with.
ABOUT = frozenset({"shape", "dtype", "device", "data", "size", "requires_grad"})
#: Functions whose first argument has the result's dtype.
_KEEP = frozenset(
    f"tf.{name}" for name in "expand_dims reshape transpose squeeze tile repeat broadcast_to gather reduce_sum".split()
)


def dtype_among(args: Iterable[Arg], dtype: str) -> str:
    """`x.dtype` where one of the tensors has that floating dtype and a name; else `tf.float32`."""
    names = (named(arg.text) for arg in args if "float" in dtype and arg.kind == "tensor" and arg.dtype == dtype)
    return next((name for name in names if name is not None), tf_dtype(dtype))


def named(text: str) -> str | None:
    """`x.dtype` for a tensor's text `x`, `x[:, None]`, `1.0 - x`, `tf.transpose(x)`; None for any other.

    A weight has no such name: Keras converts it on reading, but its `dtype` is that in which it is kept.
    """
    try:
        return _named(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError:
        return None


def table_of(embeddings: str, dtype: str = COMPUTED) -> str:
    """The weight of an embedding layer to compute with: Keras converts what such a layer looks up, but not its weight."""
    return f"tf.cast({embeddings}.embeddings, {dtype})"


def _named(node: ast.expr) -> str | None:
    if isinstance(node, ast.Subscript) and _is_part(node.slice):
        return _named(node.value)
    if isinstance(node, ast.BinOp):
        numbers = [isinstance(side, ast.Constant) for side in (node.left, node.right)]
        return _named(node.right if numbers[0] else node.left) if any(numbers) else None
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name == "tf.cast" and len(node.args) == 2:
            return ast.unparse(node.args[1])
        return _named(node.args[0]) if name in _KEEP and node.args else None
    is_name = isinstance(node, (ast.Name, ast.Attribute)) and not ast.unparse(node).startswith("self.")
    return f"{ast.unparse(node)}.dtype" if is_name else None


def _is_part(index: ast.expr) -> bool:
    """True for an index that only a tensor takes."""
    items = index.elts if isinstance(index, ast.Tuple) else [index]
    return len(items) > 1 or isinstance(items[0], ast.Constant) and items[0].value in (None, ...)
