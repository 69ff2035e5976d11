"""Assignments into tensors and methods that end in `_`: TensorFlow's tensors are immutable, so the name is bound anew."""

from __future__ import annotations

import ast
import re

from scaffold.translate import registry
from scaffold.translate.callsite import parenthesised
from scaffold.translate.engine import Engine
from scaffold.translate.passes import views
from scaffold.translate.subscripts import places_of
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
    text = assigned(writer, target, statement.value) if _assignable(engine.expression(target.value)) else None
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
    tensor, items = engine.expression(target.value), _items(engine, target) or views.with_dots(engine, target)
    is_mask = _is_mask(engine, target.slice)
    if not _assignable(tensor) or items is None or is_mask or any(engine.type_of(i).kind == "tensor" for i in items):
        return _refused(writer, statement, target)
    index = ", ".join(":" if ast.unparse(item) == ":" else engine.expression(item) for item in items)
    operator = ast.unparse(statement).removeprefix(ast.unparse(target)).split("=")[0].strip()
    new = f"{tensor}[{index}] {operator} {parenthesised(engine.expression(statement.value), statement.value)}"
    return writer.with_comment(statement, f"{tensor} = {views.assigned(engine, tensor, items, new)}")


def assigned(writer: BlockWriter, target: ast.Subscript, value: ast.expr) -> str | None:
    """The tensor with a value assigned into part of it; None where no operation is known for that."""
    engine = writer.engine
    if _is_mask(engine, target.slice):
        return _masked(engine, target, value)
    if places_of(engine, target.slice) and engine.type_of(value).kind == "tensor":
        tensor, places = engine.expression(target.value), f"tf.stack({engine.expression(target.slice)}, axis=-1)"
        return f"tf.tensor_scatter_nd_update({tensor}, {places}, tf.cast({engine.expression(value)}, {tensor}.dtype))"
    items = _items(engine, target)
    if items is None:
        open_rank = views.with_dots(engine, target)
        text = None if open_rank is None else engine.expression(target.value)
        return None if text is None else views.assigned(engine, text, open_rank or [], engine.expression(value))
    row = _masked_row(engine, target, value, items) or _points_of_row(engine, target, value, items)
    if row is not None:
        return row
    partial = [(axis, item) for axis, item in enumerate(items) if ast.unparse(item) != ":"]
    text = _one_axis(engine, target, value, *partial[0]) if len(partial) == 1 else None
    if text is not None:
        return text
    tensors = [i for i in items if not _is_slice(engine, i)]
    tensors = [i for i in tensors if engine.type_of(i).kind != "int" and engine.type_of(i).rank != 0]
    if [_is_list(engine, item) for item in tensors] == [True]:
        return views.assigned(engine, engine.expression(target.value), items, engine.expression(value))
    if any(engine.type_of(i).kind != "tensor" or engine.type_of(i).dtype in (None, "bool") for i in tensors):
        return None
    if len(tensors) > 1:
        points = _points(engine, target, value, items) if len(tensors) == len(items) else None
        return points or _broadcast_points(engine, target, value, items, len(tensors))
    return views.assigned(engine, engine.expression(target.value), items, engine.expression(value))


def _unpacked(writer: BlockWriter, statement: ast.Assign, target: ast.Tuple) -> list[str] | None:
    """`x[mask], y[mask] = f(…)` with a function of the file that returns one value for each place that is set."""
    engine = writer.engine
    indexed = [(k, e) for k, e in enumerate(target.elts) if isinstance(e, ast.Subscript)]
    parts = [(k, e) for k, e in indexed if engine.type_of(e.value).kind == "tensor"]
    if not parts:
        return None
    names = [engine.expression(e) for e in target.elts]
    for k, part in parts:
        names[k] = f"new_{ast.unparse(part.value)}"
    lines = writer.with_comment(statement, f"{', '.join(names)} = {engine.expression(statement.value)}")
    for k, part in parts:
        rank, mask = engine.type_of(part.value).rank, engine.type_of(part.slice).rank
        given = _returned_rank(engine, statement.value, k)
        known = rank is not None and mask is not None and given == rank - mask + 1
        if not known or not isinstance(part.value, ast.Name) or not _is_mask(engine, part.slice):
            return _refused(writer, statement, part)
        tensor, condition = part.value.id, engine.expression(part.slice)
        condition = (
            f"{parenthesised(condition)}[...{', None' * ((rank or 0) - (mask or 0))}]" if rank != mask else condition
        )
        scattered = f"_{_emitted(engine, 'masked_scatter')}({tensor}, {condition}, tf.cast({names[k]}, {tensor}.dtype))"
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


def _masked_row(engine: Engine, target: ast.Subscript, value: ast.expr, items: list[ast.expr]) -> str | None:
    """`x[i, mask] = v`: one row of the first axis, some places of it."""
    if len(items) != 2 or engine.type_of(items[0]).kind != "int" or not _is_mask(engine, items[1]):
        return None
    rank, mask, given = engine.type_of(target.value).rank, engine.type_of(items[1]).rank, engine.type_of(value)
    if rank is None or mask is None or given.kind != "tensor" or given.rank != rank - mask:
        return None
    tensor, place, new = engine.expression(target.value), engine.expression(items[0]), engine.expression(value)
    condition = f"{parenthesised(engine.expression(items[1]))}[...{', None' * (rank - 1 - mask)}]"
    row = f"_{_emitted(engine, 'masked_scatter')}({tensor}[{place}], {condition}, tf.cast({new}, {tensor}.dtype))"
    return f"tf.concat([{tensor}[:{place}], {row}[None], {tensor}[{place} + 1 :]], axis=0)"


def _points_of_row(engine: Engine, target: ast.Subscript, value: ast.expr, items: list[ast.expr]) -> str | None:
    """`x[i, j] = v` with a number and a vector of places."""
    infos = [engine.type_of(item) for item in items]
    if len(items) != 2 or infos[0].kind != "int" or infos[1].kind != "tensor" or infos[1].rank not in (None, 1):
        return None
    if not str(infos[1].dtype).startswith("int") or not isinstance(value, ast.Subscript):
        return None
    engine.uses.add("shape_list")
    tensor, place, places = (engine.expression(node) for node in (target.value, *items))
    points = f"tf.stack([tf.fill(shape_list({places}), {place}), tf.cast({places}, tf.int32)], axis=-1)"
    return f"tf.tensor_scatter_nd_update({tensor}, {points}, tf.cast({engine.expression(value)}, {tensor}.dtype))"


def _emitted(engine: Engine, name: str) -> str:
    engine.emits.add(name)
    return name


def _is_mask(engine: Engine, index: ast.expr) -> bool:
    """A boolean tensor: seen, compared or cast here, or a name that the function also binds to one."""
    if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.Invert):
        return _is_mask(engine, index.operand)
    info = engine.type_of(index)
    if info.kind is None and isinstance(index, ast.Call) and ast.unparse(index.func).endswith(".bool"):
        return True
    if info.kind == "tensor" and info.dtype == "bool":
        return True
    if isinstance(index, ast.Compare) and info.kind is None:
        return engine.type_of(index.left).kind in ("tensor", None)
    function = engine.function_of(index)
    if info.kind is not None or not isinstance(index, ast.Name) or function is None:
        return False
    bound = [n.value for n in ast.walk(function) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == index.id]
    return any("dtype=torch.bool" in ast.unparse(v) or engine.type_of(v).dtype == "bool" for v in bound)


def _is_slice(engine: Engine, item: ast.expr) -> bool:
    """`a:b`, or a variable that holds `slice(a, b)`: seen, or the members of what a loop runs over."""
    if isinstance(item, ast.Slice) or engine.type_of(item).detail == "builtins.slice":
        return True
    function = engine.function_of(item)
    if not isinstance(item, ast.Name) or engine.type_of(item).kind is not None or function is None:
        return False
    held = {
        ast.unparse(n.iter) for n in ast.walk(function) if isinstance(n, ast.For) and ast.unparse(n.target) == item.id
    }
    bound = [n.value for n in ast.walk(function) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) in held]
    return bool(bound) and all(
        isinstance(value, (ast.Tuple, ast.List))
        and all(isinstance(e, ast.Call) and ast.unparse(e.func) == "slice" for e in value.elts)
        for value in bound
    )


def _items(engine: Engine, target: ast.Subscript) -> list[ast.expr] | None:
    """The index, one item an axis, `...` written out; None where that is not known."""
    items = list(target.slice.elts) if isinstance(target.slice, ast.Tuple) else [target.slice]
    dots = [k for k, item in enumerate(items) if isinstance(item, ast.Constant) and item.value is Ellipsis]
    if not dots:
        return items if all(engine.constant(item) is not None for item in items) else None
    rank = engine.type_of(target.value).rank
    if rank is None or any(engine.constant(item) is None for item in items):
        return None
    whole = [ast.copy_location(ast.Slice(), target) for _ in range(rank - len(items) + 1)]
    return [*items[: dots[0]], *whole, *items[dots[0] + 1 :]]


def _masked(engine: Engine, target: ast.Subscript, value: ast.expr) -> str | None:
    """`x[mask] = v`: a number everywhere, or one value for each place that is set, in order."""
    tensor, info, mask = engine.expression(target.value), engine.type_of(target.value), engine.type_of(target.slice)
    condition, new = engine.expression(target.slice), engine.expression(value)
    given = engine.type_of(value).rank if engine.type_of(value).kind == "tensor" else 0
    rank = info.rank if isinstance(target.slice, ast.Compare) and mask.rank is None else mask.rank
    if rank is None and info.rank is not None and given:
        rank = info.rank - given  # one row for every place
    if None in (rank, info.rank) and engine.type_of(value).kind in ("int", "float"):
        return views.assign(engine, tensor, condition, new)
    if rank is None or info.rank is None:
        return None
    if rank != info.rank:
        condition = f"{parenthesised(condition)}[...{', None' * (info.rank - rank)}]"
    same = isinstance(value, ast.Subscript) and ast.unparse(value.slice) == ast.unparse(target.slice)
    if same and isinstance(value, ast.Subscript) and engine.type_of(value.value).rank == info.rank:
        return f"tf.where({condition}, tf.cast({engine.expression(value.value)}, {tensor}.dtype), {tensor})"
    if given is None:
        return None
    if not given or given == info.rank - rank:
        return f"tf.where({condition}, tf.cast({new}, {tensor}.dtype), {tensor})"
    engine.emits.add("masked_scatter")
    return f"_masked_scatter({tensor}, {condition}, tf.cast({new}, {tensor}.dtype))"


def _points(engine: Engine, target: ast.Subscript, value: ast.expr, items: list[ast.expr]) -> str | None:
    """`x[i, j] = v` with a tensor for each axis."""
    ranks = {engine.type_of(item).rank for item in items}
    rank = engine.type_of(target.value).rank
    if ranks != {1} or rank is None:
        return None
    tensor, new = engine.expression(target.value), engine.expression(value)
    points = f"tf.stack([{', '.join(f'tf.cast({engine.expression(i)}, tf.int32)' for i in items)}], axis=-1)"
    if engine.type_of(value).kind != "tensor" or engine.type_of(value).rank == 0:
        engine.uses.add("shape_list")
        size = f"shape_list({engine.expression(items[0])})"
        size += f" + shape_list({tensor})[{len(items)}:]" if rank > len(items) else ""
        new = f"tf.fill({size}, tf.cast({new}, {tensor}.dtype))"
    elif engine.type_of(value).rank != 1 + rank - len(items):
        return None
    return f"tf.tensor_scatter_nd_update({tensor}, {points}, {new})"


def _squeezed(engine: Engine, target: ast.Subscript, value: ast.expr) -> str | None:
    """`x` of `table[:, 0] = x.squeeze()`, which has no axis left where the batch is one."""
    bare = (
        isinstance(value, ast.Call) and not value.args and not value.keywords and isinstance(value.func, ast.Attribute)
    )
    if not bare or value.func.attr != "squeeze" or engine.type_of(target.value).rank != 2:  # type: ignore[attr-defined]
        return None
    return engine.expression(value.func.value)  # type: ignore[attr-defined]


def _broadcast_points(
    engine: Engine, target: ast.Subscript, value: ast.expr, items: list[ast.expr], count: int
) -> str | None:
    """`x[i, j, :] = v` with tensors for the first axes, of one rank but perhaps not of one shape."""
    ranks = {engine.type_of(item).rank for item in items[:count]}
    if len(ranks) != 1 or ranks & {None, 0} or any(ast.unparse(item) != ":" for item in items[count:]):
        return None
    index = ", ".join(engine.expression(item) for item in items[:count])
    emitted = _emitted(engine, "assign_at")
    return f"_{emitted}({engine.expression(target.value)}, ({index}), {engine.expression(value)})"


def _is_list(engine: Engine, item: ast.expr) -> bool:
    """A list of places: seen, or said by the annotation of a parameter that nothing was ever given for."""
    info, function = engine.type_of(item), engine.function_of(item)
    if info.kind not in (None, "none") or not isinstance(item, ast.Name) or function is None:
        return info.kind == "list"
    said = [ast.unparse(a.annotation) for a in function.args.args if a.arg == item.id and a.annotation is not None]
    return any(re.match(r"(Optional\[)?[Ll]ist\b", text) for text in said)


def _one_axis(engine: Engine, target: ast.Subscript, value: ast.expr, axis: int, item: ast.expr) -> str | None:
    """A slice or one place along one axis: what stands before it, the new part, what stands behind it."""
    tensor = engine.expression(target.value)
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
        rows = _squeezed(engine, target, value)
        new = f"tf.expand_dims({new}, axis={axis})" if rows is None else f"tf.reshape({rows}, [-1, 1])"
    given, wanted = engine.type_of(value), engine.type_of(target.value)
    if given.kind == "tensor" and given.dtype and wanted.dtype and given.dtype != wanted.dtype:
        new = f"tf.cast({new}, {tensor}.dtype)"
    pieces = [f"{tensor}[{lead}:{lower}]"] if lower not in (None, "0") else []
    pieces.append(new)
    if upper is not None:
        pieces.append(f"{tensor}[{lead}{upper}:]")
    return f"tf.concat([{', '.join(pieces)}], axis={axis})"
