"""Assignments into tensors and methods that end in `_`: TensorFlow's tensors are immutable, so the name is bound anew."""

from __future__ import annotations

import ast

from scaffold.translate import registry
from scaffold.translate.callsite import parenthesised
from scaffold.translate.engine import Engine
from scaffold.translate.passes import parts, views
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
    if isinstance(call.func.value, ast.Subscript) and call.func.attr in ("copy_", "fill_") and len(call.args) == 1:
        return _into_part(writer, statement, call.func.value, call.args[0])
    receiver = call.func.value
    if registry.find(f"torch.Tensor.{call.func.attr}") is None:
        return None
    if writer.engine.qualname_of(call) != f"torch.Tensor.{call.func.attr}":
        return None
    if isinstance(receiver, ast.Subscript):  # `x[i].triu_()` is `x[i] = x[i].triu_()`
        return _into_part(writer, statement, receiver, call)
    if not isinstance(receiver, (ast.Name, ast.Attribute)):
        return _refused(writer, statement, receiver)
    target = writer.engine.expression(receiver)
    if not _assignable(target):
        return _refused(writer, statement, receiver)
    return writer.with_comment(statement, f"{target} = {writer.engine.expression(call)}")


def _into_part(writer: BlockWriter, statement: ast.Expr, part: ast.Subscript, value: ast.expr) -> list[str] | None:
    """`x[i, a:b].copy_(v)` is `x[i, a:b] = v`."""
    assignment = ast.copy_location(ast.Assign(targets=[part], value=value), statement)
    writer.source.parents[assignment] = writer.source.parents[statement]
    return item_assignment(writer, assignment)


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
    """`x[mask] = v`, `x[:, a:b] = v` and `x[:, 0] += v`; a tensor that `x` is a view of changes with it."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Subscript):
        return _augmented(writer, statement, statement.target)
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple):
        return _unpacked(writer, statement, statement.targets[0])
    if not (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Subscript)
    ):
        return None
    target = statement.targets[0]
    engine = writer.engine
    if isinstance(target.value, ast.Subscript) and engine.type_of(target.value).kind == "tensor":
        return _refused(writer, statement, target)  # a part of a part
    if _is_own_mask(engine, target, statement.value):
        tensor, mask, value = (engine.expression(part) for part in (target.value, target.slice, statement.value))
        return writer.with_comment(
            statement, f"{tensor} = tf.where({mask}, tf.cast({value}, {tensor}.dtype), {tensor})"
        )
    if not views.holds_tensor(engine, target) or not isinstance(target.value, (ast.Name, ast.Attribute)):
        return None
    text = parts.assigned(engine, target, statement.value) if _assignable(engine.expression(target.value)) else None
    if text is None:
        return _refused(writer, statement, target)
    try:
        behind = views.write_back(engine, target.value)
    except views.UnwritableError:
        return _refused(writer, statement, target)
    return [*writer.with_comment(statement, f"{engine.expression(target.value)} = {text}"), *behind]


def _is_own_mask(engine: Engine, target: ast.Subscript, value: ast.expr) -> bool:
    """`x[x == 0] = 1`, which no other type than a tensor can mean."""
    mask = target.slice
    compares = isinstance(mask, ast.Compare) and ast.unparse(mask.left) == ast.unparse(target.value)
    is_number = isinstance(value, ast.Constant) and isinstance(value.value, (int, float))
    known = engine.type_of(target.value)
    return (
        compares
        and is_number
        and isinstance(target.value, ast.Name)
        and known.kind in (None, "tensor")
        and not known.rank
    )


def item_of_a_dictionary(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`for key, loss in losses.items(): loss *= weight`: torch changes the tensor that the dictionary holds."""
    if not isinstance(statement, ast.AugAssign) or not isinstance(statement.target, ast.Name):
        return None
    engine, name = writer.engine, statement.target.id
    kind = engine.type_of(statement.target).kind
    if kind != "tensor" and (kind is not None or not isinstance(statement.op, ast.Mult)):  # a count, perhaps
        return None
    loop: ast.AST | None = engine.parent(statement)
    while loop is not None and not (isinstance(loop, ast.For) and name in ast.unparse(loop.target)):
        loop = engine.parent(loop)
    pair = loop.target if isinstance(loop, ast.For) else None
    items = loop.iter if isinstance(loop, ast.For) else None
    is_pair = isinstance(pair, ast.Tuple) and len(pair.elts) == 2 and ast.unparse(pair.elts[1]) == name
    of_dictionary = isinstance(items, ast.Call) and isinstance(items.func, ast.Attribute) and items.func.attr == "items"
    if not is_pair or not of_dictionary or not isinstance(pair, ast.Tuple):
        return None
    place = f"{engine.expression(items.func.value)}[{ast.unparse(pair.elts[0])}]"  # type: ignore[union-attr]
    return [*writer.simple(statement), f"{place} = {name}"]


def _augmented(writer: BlockWriter, statement: ast.AugAssign, target: ast.Subscript) -> list[str] | None:
    engine = writer.engine
    if not views.holds_tensor(engine, target) or not isinstance(target.value, (ast.Name, ast.Attribute)):
        return None
    tensor, items = engine.expression(target.value), parts.items_of(engine, target) or views.with_dots(engine, target)
    is_mask = parts.is_mask(engine, target.slice)
    if not _assignable(tensor) or items is None or is_mask or any(engine.type_of(i).kind == "tensor" for i in items):
        return _refused(writer, statement, target)
    index = ", ".join(":" if ast.unparse(item) == ":" else engine.expression(item) for item in items)
    operator = ast.unparse(statement).removeprefix(ast.unparse(target)).split("=")[0].strip()
    new = f"{tensor}[{index}] {operator} {parenthesised(engine.expression(statement.value), statement.value)}"
    return writer.with_comment(statement, f"{tensor} = {views.assigned(engine, tensor, items, new)}")


def _unpacked(writer: BlockWriter, statement: ast.Assign, target: ast.Tuple) -> list[str] | None:
    """`x[mask], y[mask] = f(…)` with a function of the file that returns one value for each place that is set."""
    engine = writer.engine
    indexed = [(k, e) for k, e in enumerate(target.elts) if isinstance(e, ast.Subscript)]
    tensors = [(k, e) for k, e in indexed if engine.type_of(e.value).kind == "tensor"]
    if not tensors:
        return None
    names = [engine.expression(e) for e in target.elts]
    for k, part in tensors:
        names[k] = f"new_{ast.unparse(part.value)}"
    lines = writer.with_comment(statement, f"{', '.join(names)} = {engine.expression(statement.value)}")
    for k, part in tensors:
        rank, mask = engine.type_of(part.value).rank, engine.type_of(part.slice).rank
        given = _returned_rank(engine, statement.value, k)
        known = rank is not None and mask is not None and given == rank - mask + 1
        if not known or not isinstance(part.value, ast.Name) or not parts.is_mask(engine, part.slice):
            return _refused(writer, statement, part)
        tensor, condition = part.value.id, engine.expression(part.slice)
        condition = (
            f"{parenthesised(condition)}[...{', None' * ((rank or 0) - (mask or 0))}]" if rank != mask else condition
        )
        scattered = (
            f"_{parts.emitted(engine, 'masked_scatter')}({tensor}, {condition}, tf.cast({names[k]}, {tensor}.dtype))"
        )
        lines.append(f"{tensor} = {scattered}")
    return lines


def _returned_rank(engine: Engine, call: ast.expr, place: int) -> int | None:
    """Rank of one of the values that a function of the file returns, where all its returns agree."""
    function = engine.functions.get(ast.unparse(call.func)) if isinstance(call, ast.Call) else None
    values = [n.value for n in ast.walk(function) if isinstance(n, ast.Return)] if function is not None else []
    ranks = {
        engine.type_of(value.elts[place]).rank if isinstance(value, ast.Tuple) and place < len(value.elts) else None
        for value in values
    }
    return ranks.pop() if len(ranks) == 1 else None
