"""The tensor with a value assigned into part of it, for every kind of index that an operation is known for."""

from __future__ import annotations

import ast
import re

from scaffold.translate.callsite import parenthesised
from scaffold.translate.engine import Engine
from scaffold.translate.passes import views
from scaffold.translate.subscripts import places_of


def assigned(engine: Engine, target: ast.Subscript, value: ast.expr) -> str | None:
    """The tensor with a value assigned into part of it; None where no operation is known for that."""
    if is_mask(engine, target.slice):
        return _masked(engine, target, value)
    if places_of(engine, target.slice) and engine.type_of(value).kind == "tensor":
        tensor, places = engine.expression(target.value), f"tf.stack({engine.expression(target.slice)}, axis=-1)"
        return f"tf.tensor_scatter_nd_update({tensor}, {places}, tf.cast({engine.expression(value)}, {tensor}.dtype))"
    items = items_of(engine, target)
    if items is None:
        open_rank = views.with_dots(engine, target)
        text = None if open_rank is None else engine.expression(target.value)
        return None if text is None else views.assigned(engine, text, open_rank or [], engine.expression(value))
    if (filled := _between(engine, target, value, items)) is not None:
        return filled
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


def _between(engine: Engine, target: ast.Subscript, value: ast.expr, items: list[ast.expr]) -> str | None:
    """`x[a:b, c:d] = 0` with tensors as bounds: the part has a size that XLA does not know, the whole has not."""
    slices = [item for item in items if isinstance(item, ast.Slice) and item.step is None]
    bounds = [(item.lower, item.upper) for item in slices]
    kinds = {engine.type_of(bound).kind for pair in bounds for bound in pair if bound is not None}
    if (
        len(slices) != len(items)
        or "tensor" not in kinds
        or engine.type_of(value).kind not in ("int", "float", "literal")
    ):
        return None
    texts = ((engine.expression(a) if a else "0", engine.expression(b) if b else "None") for a, b in bounds)
    pairs = ", ".join(f"({start}, {end})" for start, end in texts)
    return (
        f"_{emitted(engine, 'fill_between')}({engine.expression(target.value)}, [{pairs}], {engine.expression(value)})"
    )


def _masked_row(engine: Engine, target: ast.Subscript, value: ast.expr, items: list[ast.expr]) -> str | None:
    """`x[i, mask] = v`: one row of the first axis, some places of it."""
    if len(items) != 2 or engine.type_of(items[0]).kind != "int" or not is_mask(engine, items[1]):
        return None
    rank, mask, given = engine.type_of(target.value).rank, engine.type_of(items[1]).rank, engine.type_of(value)
    if rank is None or mask is None or given.kind != "tensor" or given.rank != rank - mask:
        return None
    tensor, place, new = engine.expression(target.value), engine.expression(items[0]), engine.expression(value)
    condition = f"{parenthesised(engine.expression(items[1]))}[...{', None' * (rank - 1 - mask)}]"
    row = f"_{emitted(engine, 'masked_scatter')}({tensor}[{place}], {condition}, tf.cast({new}, {tensor}.dtype))"
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


def emitted(engine: Engine, name: str) -> str:
    """The name of an emitted function, which the file gets."""
    engine.emits.add(name)
    return name


def is_mask(engine: Engine, index: ast.expr) -> bool:
    """A boolean tensor: seen, compared or cast here, or a name that the function also binds to one."""
    if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.Invert):
        return is_mask(engine, index.operand)
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


def items_of(engine: Engine, target: ast.Subscript) -> list[ast.expr] | None:
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
    name = emitted(engine, "assign_at")
    return f"_{name}({engine.expression(target.value)}, ({index}), {engine.expression(value)})"


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
    if given.kind == "tensor" and isinstance(item, ast.Slice) and wanted.rank == 1 and given.rank != 1:
        new = f"tf.reshape({new}, [-1])"  # PyTorch leaves out axes of size one in front
    if given.kind == "tensor" and given.dtype and wanted.dtype and given.dtype != wanted.dtype:
        new = f"tf.cast({new}, {tensor}.dtype)"
    pieces = [f"{tensor}[{lead}:{lower}]"] if lower not in (None, "0") else []
    pieces.append(new)
    if upper is not None:
        pieces.append(f"{tensor}[{lead}{upper}:]")
    return f"tf.concat([{', '.join(pieces)}], axis={axis})"
