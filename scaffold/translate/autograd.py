"""`torch.autograd.Function` classes as functions: what `forward` computes, differentiated by TensorFlow itself.

Such classes compute the same gradient with less memory, or clip it. A port takes over the value; the function's docstring
says so.
Source: torch's documentation, "Extending PyTorch: Extending torch.autograd".
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from scaffold.translate import reach
from scaffold.translate.truth import constants

if TYPE_CHECKING:
    from scaffold.translate.context import Context
    from scaffold.translate.engine import Engine
    from scaffold.translate.writer import BlockWriter

_SAVED = frozenset({"save_for_backward", "mark_non_differentiable", "set_materialize_grads", "mark_dirty"})


def classes(engine: Context) -> dict[str, ast.FunctionDef]:
    """Class → its `forward`."""
    found = {}
    for node in engine.source.tree.body:
        if isinstance(node, ast.ClassDef) and any(
            (engine.source.qualname(base) or "").endswith("autograd.Function") for base in node.bases
        ):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "forward" and method.args.args:
                    found[node.name] = method
    return found


def name_of(class_name: str) -> str:
    """`XSoftmax` → `_x_softmax`."""
    return "_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name).lower()


def call(engine: Engine, node: ast.Call) -> str | None:
    """`XSoftmax.apply(x, mask, -1)` as a call of the function."""
    func = node.func
    if not isinstance(func, ast.Attribute) or func.attr != "apply" or not isinstance(func.value, ast.Name):
        return None
    if func.value.id not in engine.autograd:
        return None
    from scaffold.translate.operators import arguments

    return f"{name_of(func.value.id)}({', '.join(arguments(engine, node))})"


def attribute(engine: Engine, node: ast.Attribute) -> str | None:
    """`ctx.dim`: the context is a bag of locals."""
    function = engine.function_of(node)
    if not isinstance(node.value, ast.Name) or function is None or function not in engine.autograd.values():
        return None
    return node.attr if node.value.id == function.args.args[0].arg else None


def saved(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`ctx.save_for_backward(x)`, and `ctx.dim = dim`, which the local of that name says already."""
    function = writer.engine.function_of(statement)
    if function is None or function not in writer.engine.autograd.values():
        return None
    value = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _SAVED:
        return []
    is_same = isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]).endswith(
        f".{ast.unparse(statement.value)}"
    )
    return [] if is_same else None


def written(engine: Engine, writer: BlockWriter, names: str) -> list[str]:
    """Functions for the classes whose function is called in `names`, the text of the file so far."""
    from scaffold.translate import signature
    from scaffold.translate.writer import indented

    lines: list[str] = []
    for name, method in engine.autograd.items():
        if not re.search(rf"\b{name_of(name)}\(", names + "\n".join(lines)):
            continue
        engine.current = None
        engine.forget()
        engine.settled = constants(method, engine.file_constants)
        entries = signature.parameters(engine, method)[1:]
        body = reach.without_kernel(method, engine.source.tree) or writer.body(method.body, method.body[0].lineno - 1)
        text = f'"""The value that `{name}` has in PyTorch; TensorFlow finds its gradient itself."""'
        lines += ["", "", *signature.header(name_of(name), entries), *indented([text, *body])]
    return lines
