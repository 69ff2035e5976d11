"""Channels-last shortcuts: a convolution's output that becomes a sequence never goes back to channels first."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine


def tokens(engine: Engine, node: ast.Call) -> str | None:
    """`self.projection(x).flatten(2).transpose(1, 2)` as one reshape of the channels-last output; None for any other call."""
    flattened = _method(node, "transpose", ("1, 2", "2, 1"))
    convolution = _method(flattened, "flatten", ("2", "start_dim=2")) if isinstance(flattened, ast.Call) else None
    if not isinstance(convolution, ast.Call) or len(convolution.args) != 1:
        return None
    child = engine.child_of(convolution.func)
    if child is None or child.is_list or child.qualname != "torch.nn.Conv2d":
        return None
    value = engine.expression(convolution.args[0])
    layer = engine.expression(convolution.func)
    inner = f"tf.transpose({value}, perm=(0, 2, 3, 1))"
    padding = engine.padding_layer(convolution.func)
    if padding:
        inner = f"{padding}({inner})"
    engine.uses.add("shape_list")
    return f"tf.reshape({layer}({inner}), [shape_list({value})[0], -1, {layer}.filters])"


def _method(node: ast.AST, name: str, arguments: tuple[str, ...]) -> ast.expr | None:
    """The receiver of `receiver.name(arguments)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
        written = ", ".join([*map(ast.unparse, node.args), *(ast.unparse(k) for k in node.keywords)])
        return node.func.value if written in arguments else None
    return None
