"""Subscripts: slices stay, tensor indices become gathers, boolean masks `tf.boolean_mask`, tables of functions a function."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.translate import registry
from scaffold.translate.attributes import pick
from scaffold.translate.callsite import CallSite, parenthesised, rewritten
from scaffold.translate.names import bound_before
from scaffold.translate.rule import Rule, Unmapped

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine


#: A cache's lists of keys and of values → their place in a pair.
_PAIRS = {"key_cache": 0, "value_cache": 1}


def _activation_class(engine: Engine, node: ast.AST | None) -> ast.expr | None:
    """What `ACT2CLS[name]` asks the table of activations as classes for."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
        return None
    is_table = engine.source.imports.get(node.value.id, "").endswith("activations.ACT2CLS")
    return node.slice if is_table else None


def activation(engine: Engine, node: ast.Call) -> str | None:
    """`ACT2CLS[name]()`, the class in a local too: TensorFlow's table has functions, which nothing makes."""
    if node.args or node.keywords:
        return None
    if isinstance(node.func, ast.Name):
        bound = bound_before(node.func, engine.source.parents)
        return node.func.id if _activation_class(engine, bound) is not None else None
    name = _activation_class(engine, node.func)
    return None if name is None else f"{engine.activation_getter()}({engine.expression(name)})"


def _is_activation(engine: Engine, node: ast.Subscript, table: ast.Name) -> bool:
    """`ACT2FN[name]`, or a local's value `ACT2CLS[name]`."""
    if engine.source.imports.get(table.id, "").endswith("activations.ACT2FN"):
        return True
    return _activation_class(engine, node) is not None and isinstance(engine.parent(node), ast.Assign)


def subscript(engine: Engine, node: ast.Subscript) -> str:
    """Indexing: slices stay, tensor indices become gathers, boolean masks tf.boolean_mask."""
    value, index = node.value, node.slice
    if isinstance(value, ast.Name) and _is_activation(engine, node, value):
        return f"{engine.activation_getter()}({engine.expression(index)})"
    table = _table_lookup(engine, value, index)
    if table is not None:
        return table
    rule = engine.rule_for(value) if isinstance(value, ast.Call) else None
    if (
        isinstance(rule, Rule)
        and rule.result == "values_indices"
        and isinstance(index, ast.Constant)
        and index.value in (0, 1)
    ):
        return pick(engine.expression(value), 1 if index.value == 1 else 0)
    info = engine.type_of(value)
    if info.kind != "tensor" or not isinstance(node.ctx, ast.Load):
        return engine.splice(node)
    items = index.elts if isinstance(index, ast.Tuple) else [index]
    places = _places(engine, index)
    if places is not None:
        return f"tf.gather_nd({engine.expression(value)}, {places})"
    if len(items) == 2 and isinstance(items[0], ast.Call) and _is_range(engine, items[0]):
        return _row_wise(engine, node.value, items[0], items[1])
    single = _one_item(engine, node, items) or _mask_at_one_place(engine, node, items)
    if single is not None:
        return single
    advanced = [(k, item) for k, item in enumerate(items) if _is_index_tensor(engine, item)]
    if not advanced:
        return engine.splice(node)
    added = [k for k, item in enumerate(items) if engine.constant(item) is None]
    if added in ([0], [len(items) - 1]):  # `x[None, i]`, `x[i, j, None]`: the new axis afterwards
        rest = [item for k, item in enumerate(items) if k not in added]
        inner = _advanced(engine, node, rest, [(k - (added == [0]), item) for k, item in advanced])
        return f"{inner}[{'None' if added == [0] else '..., None'}]"
    return _advanced(engine, node, items, advanced)


def _is_range(engine: Engine, call: ast.Call) -> bool:
    """`torch.arange(n)` or `range(n)`."""
    return len(call.args) == 1 and (
        engine.qualname_of(call) == "torch.arange" or (isinstance(call.func, ast.Name) and call.func.id == "range")
    )


def _places(engine: Engine, index: ast.expr) -> str | None:
    """One row for each place: of a tuple of integer tensors, of `x[tuple(points.t())]`."""
    if places_of(engine, index):
        return f"tf.stack({engine.expression(index)}, axis=-1)"
    inner = index.args[0] if isinstance(index, ast.Call) and ast.unparse(index.func) == "tuple" and index.args else None
    transposed = isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == "t"
    points = inner.func.value if transposed else None  # type: ignore[union-attr]
    return engine.expression(points) if points is not None and engine.type_of(points).rank == 2 else None


def places_of(engine: Engine, index: ast.expr) -> bool:
    """True for a variable bound to a tuple of integer tensors, one an axis, or to such a tuple that a function returns."""
    function = engine.function_of(index)
    if not isinstance(index, ast.Name) or engine.type_of(index).kind != "tuple" or function is None:
        return False
    bound = [n.value for n in ast.walk(function) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == index.id]
    value = bound[0] if len(bound) == 1 else None
    if isinstance(value, ast.Call):
        owner, name = engine.class_of(index), ast.unparse(value.func)
        methods = engine.all_methods(owner) if owner is not None and name.startswith("self.") else engine.functions
        called = methods.get(name.removeprefix("self."))
        returned = [n.value for n in ast.walk(called) if isinstance(n, ast.Return)] if called is not None else []
        value = returned[0] if len(returned) == 1 else None
    items = [engine.type_of(item) for item in value.elts] if isinstance(value, ast.Tuple) else []
    return bool(items) and all(i.kind == "tensor" and str(i.dtype).startswith("int") and i.rank == 1 for i in items)


def _table_lookup(engine: Engine, value: ast.expr, index: ast.expr) -> str | None:
    """`TABLE[key]` of a table of functions that the library has for PyTorch only: its rule takes the key.

    Of a table of attention implementations it is the class itself, to be called later. A cache's list of keys is the first
    of each of its pairs.
    """
    if isinstance(value, ast.Attribute) and value.attr in _PAIRS:
        return f"{parenthesised(engine.expression(value.value))}[{engine.expression(index)}][{_PAIRS[value.attr]}]"
    if isinstance(value, ast.Name) and value.id in engine.variants:
        name = engine.variants[value.id]["eager"]
        return engine.renames.get(name, name)
    qualname = engine.source.qualname(value) if isinstance(value, ast.Name) else None
    rule = registry.find(qualname) if qualname and qualname.rpartition(".")[2].isupper() else None
    if not isinstance(rule, Rule) or rule.rewrite is None:
        return None
    call = ast.copy_location(ast.Call(func=value, args=[index], keywords=[]), value)
    text = rewritten(rule.rewrite, CallSite(engine, call, rule.torch, {rule.args[0]: engine.arg(index)}, {}))
    return None if isinstance(text, Unmapped) else text


def _row_wise(engine: Engine, value: ast.expr, rows: ast.Call, column: ast.expr) -> str:
    """`x[torch.arange(n), i]`: one item a row; an index that may be the number -1 is made a vector of non-negative ones."""
    text, index = engine.expression(value), engine.expression(column)
    if engine.type_of(column).kinds == {"tensor"} and engine.type_of(column).rank == 1:
        return f"tf.gather({text}, {index}, batch_dims=1)"
    engine.uses.add("shape_list")
    count = engine.expression(rows.args[0])
    index = f"tf.broadcast_to({parenthesised(index, column)} % shape_list({text})[1], [{count}])"
    return f"tf.gather({text}, {index}, batch_dims=1)"


def _mask_at_one_place(engine: Engine, node: ast.Subscript, items: list[ast.expr]) -> str | None:
    """`x[i, mask]` and `x[mask, i]` with a number and a mask of one axis."""
    if len(items) != 2:
        return None
    infos = [engine.type_of(item) for item in items]
    masks = [i.kind == "tensor" and i.dtype == "bool" and i.rank == 1 for i in infos]
    if sorted((i.kind or "") for i in infos) != ["int", "tensor"] or not any(masks):
        return None
    text = parenthesised(engine.expression(node.value))
    first, second = (engine.expression(item) for item in items)
    return (
        f"tf.boolean_mask({text}[:, {second}], {first})" if masks[0] else f"tf.boolean_mask({text}[{first}], {second})"
    )


def _is_index_tensor(engine: Engine, item: ast.expr) -> bool:
    if isinstance(item, (ast.Slice, ast.Constant)):
        return False
    info = engine.type_of(item)
    return (info.kind == "tensor" and info.rank != 0) or (info.kind == "list" and not _holds_slices(engine, item))


def _holds_slices(engine: Engine, item: ast.expr) -> bool:
    """`places` after `places = [slice(None)] * axis + [slice(None, 1)]`, an index as it is."""
    function = engine.function_of(item)
    if not isinstance(item, ast.Name) or function is None:
        return False
    bound = [n.value for n in ast.walk(function) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == item.id]
    return any(isinstance(n, ast.Call) and ast.unparse(n.func) == "slice" for v in bound for n in ast.walk(v))


def _one_item(engine: Engine, node: ast.Subscript, items: list[ast.expr]) -> str | None:
    """`x[..., [-2], :]` keeps the axis: a slice of one item."""
    text, found = [], False
    for item in items:
        number = engine.constant(item.elts[0]) if isinstance(item, ast.List) and len(item.elts) == 1 else None
        if isinstance(number, int) and not isinstance(number, bool):
            found = True
            text.append(f"{number}:" if number == -1 else f"{number}:{number + 1}")
        elif isinstance(item, ast.Slice) or engine.constant(item) in (Ellipsis, None):
            text.append(engine.expression(item))
        else:
            return None
    return f"{parenthesised(engine.expression(node.value))}[{', '.join(text)}]" if found else None


def _advanced(engine: Engine, node: ast.Subscript, items: list[ast.expr], advanced: list[tuple[int, ast.expr]]) -> str:
    text = engine.expression(node.value)
    axis, item = advanced[0]
    plain = all(
        isinstance(other, ast.Slice) and ast.unparse(other) == ":"
        for k, other in enumerate(items)
        if (k, other) not in advanced
    )
    index = engine.expression(item)
    if len(advanced) == 1 and plain:
        if engine.type_of(item).dtype == "bool":
            return (
                f"tf.boolean_mask({text}, {index})" if axis == 0 else f"tf.boolean_mask({text}, {index}, axis={axis})"
            )
        return f"tf.gather({text}, {index})" if axis == 0 else f"tf.gather({text}, {index}, axis={axis})"
    if len(advanced) == 2 and [k for k, _ in advanced] == [0, 1] and plain:
        other = engine.expression(items[1])
        if _broadcasts(engine, items[0], items[1]):
            index, other = f"{index} + tf.zeros_like({other})", f"{other} + tf.zeros_like({index})"
        return f"tf.gather_nd({text}, tf.stack([{index}, {other}], axis=-1))"
    engine.diagnose(
        "TFP121",
        "indexing",
        "this combination of tensor indices has no TensorFlow form",
        node,
        "use tf.gather_nd on explicit indices",
    )
    return engine.splice(node)


def _broadcasts(engine: Engine, one: ast.expr, other: ast.expr) -> bool:
    """True for indices that were seen of different shapes; `tf.stack` wants one."""
    shapes = [[o.shape for o in engine.type_of(item).seen if o.kind == "tensor"] for item in (one, other)]
    return all(all(shape is not None for shape in found) and found for found in shapes) and set(shapes[0]) != set(
        shapes[1]
    )
