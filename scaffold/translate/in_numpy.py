"""Functions that draw a mask in NumPy, as SpecAugment does: they stay in NumPy, and run when the graph does.

PyTorch's code reads tensors' values into them (`.detach().tolist()`), which no graph has while it is traced.
"""

from __future__ import annotations

import ast
import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine

_TENSOR_ONLY = re.compile(r"\.(?:detach|cpu|numpy)\(\)")


def draws_a_mask(node: ast.stmt) -> bool:
    """A function of the module that returns an array, draws random numbers in NumPy and makes a boolean mask."""
    if not isinstance(node, ast.FunctionDef) or node.returns is None or ast.unparse(node.returns) != "np.ndarray":
        return False
    text = ast.unparse(node)
    return (
        "np.random." in text
        and "dtype=bool" in text
        and not any("torch." in ast.unparse(statement) for statement in node.body)
    )


def body(engine: Engine, node: ast.FunctionDef) -> list[str]:
    """The statements below the docstring as they are, without what turns a tensor into an array."""
    first = node.body[1] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body[0]
    lines = engine.source.lines[first.lineno - 1 : node.end_lineno]
    return _TENSOR_ONLY.sub("", textwrap.dedent("\n".join(lines))).split("\n")


def call(engine: Engine, node: ast.Call, func: ast.Name) -> str | None:
    """`_in_numpy(mask_indices, (batch, length), …)` for a call with the mask's shape and keywords; None for any other."""
    made = any(draws_a_mask(n) for n in engine.source.tree.body if getattr(n, "name", None) == func.id)
    if not made or len(node.args) != 1 or any(keyword.arg is None for keyword in node.keywords):
        return None
    engine.emits.add("in_numpy")
    options = [f"{k.arg}={engine.expression(k.value)}" for k in node.keywords]
    return f"_in_numpy({', '.join([func.id, engine.expression(node.args[0]), *options])})"
