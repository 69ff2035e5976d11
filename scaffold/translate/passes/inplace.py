"""Assignments into tensors and methods that end in `_`: TensorFlow's tensors are immutable, so the name is bound anew."""

from __future__ import annotations

import ast

from scaffold.translate import registry
from scaffold.translate.writer import BlockWriter


def in_place_method(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`x.masked_fill_(m, v)` as a statement becomes `x = …`."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return None
    call = statement.value
    if not (
        isinstance(call.func, ast.Attribute) and call.func.attr.endswith("_") and not call.func.attr.startswith("_")
    ):
        return None
    receiver = call.func.value
    if not isinstance(receiver, (ast.Name, ast.Attribute)) or registry.find(f"torch.Tensor.{call.func.attr}") is None:
        return None
    if writer.engine.qualname_of(call) != f"torch.Tensor.{call.func.attr}":
        return None
    target = writer.engine.expression(receiver)
    if not _assignable(target):
        return _refused(writer, statement, receiver)
    return writer.with_comment(statement, f"{target} = {writer.engine.expression(call)}")


def _assignable(text: str) -> bool:
    """True for a name or an attribute: the weight of a layer may have become a transposition, which nothing is assigned to."""
    return isinstance(ast.parse(text, mode="eval").body, (ast.Name, ast.Attribute))


def _refused(writer: BlockWriter, statement: ast.stmt, place: ast.AST) -> list[str]:
    writer.engine.diagnose(
        "TFP120",
        "assignment",
        "an assignment into part of a tensor",
        place,
        "build the tensor with tf.concat, tf.where or tf.tensor_scatter_nd_update",
    )
    return writer.simple(statement)


def item_assignment(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`x[mask] = v` and `x[:, a:b] = v`."""
    if not (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Subscript)
    ):
        return None
    target = statement.targets[0]
    engine = writer.engine
    if engine.type_of(target.value).kind != "tensor" or not isinstance(target.value, (ast.Name, ast.Attribute)):
        return None
    text = _assigned(writer, target, statement.value) if _assignable(engine.expression(target.value)) else None
    if text is None:
        return _refused(writer, statement, target)
    return writer.with_comment(statement, f"{engine.expression(target.value)} = {text}")


def _assigned(writer: BlockWriter, target: ast.Subscript, value: ast.expr) -> str | None:
    engine = writer.engine
    tensor = engine.expression(target.value)
    info = engine.type_of(target.value)
    index = target.slice
    new = engine.expression(value)
    mask = engine.type_of(index)
    if mask.kind == "tensor" and mask.dtype == "bool":
        if engine.type_of(value).kind == "tensor" and engine.type_of(value).rank != 0:
            return None
        condition = engine.expression(index)
        if mask.rank is None or info.rank is None:
            return None
        condition += "[..., None]" * (info.rank - mask.rank) if condition.isidentifier() else ""
        if mask.rank != info.rank and not engine.expression(index).isidentifier():
            return None
        return f"tf.where({condition}, tf.cast({new}, {tensor}.dtype), {tensor})"
    return _slice_assigned(writer, target, value)


def _slice_assigned(writer: BlockWriter, target: ast.Subscript, value: ast.expr) -> str | None:
    engine = writer.engine
    tensor = engine.expression(target.value)
    items = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
    partial = [(axis, item) for axis, item in enumerate(items) if ast.unparse(item) != ":"]
    if len(partial) != 1 or any(isinstance(i, ast.Constant) and i.value is Ellipsis for i in items):
        return None
    axis, item = partial[0]
    lead = ":, " * axis
    if isinstance(item, ast.Slice) and item.step is None:
        lower = engine.expression(item.lower) if item.lower is not None else None
        upper = engine.expression(item.upper) if item.upper is not None else None
    elif engine.type_of(item).kind == "int":
        number = engine.constant(item)
        lower = engine.expression(item)
        upper = None if number == -1 else str(number + 1) if isinstance(number, int) else f"{lower} + 1"
    else:
        return None
    new = engine.expression(value)
    part = f"{tensor}[{lead}{lower or ''}:{upper or ''}]"
    if engine.type_of(value).kind != "tensor":
        new = f"tf.fill(shape_list({part}), tf.cast({new}, {tensor}.dtype))"
        engine.uses.add("shape_list")
    elif not isinstance(item, ast.Slice):
        new = f"tf.expand_dims({new}, axis={axis})"
    pieces = [f"{tensor}[{lead}:{lower}]"] if lower not in (None, "0") else []
    pieces.append(new)
    if upper is not None:
        pieces.append(f"{tensor}[{lead}{upper}:]")
    return f"tf.concat([{', '.join(pieces)}], axis={axis})"
