"""Assignments through a view: in torch they change the tensor that is looked at, so here that one is bound anew as well.

Source of truth: torch's tensor views, https://pytorch.org/docs/stable/tensor_view.html.
"""

from __future__ import annotations

import ast

from scaffold.translate.engine import Engine

#: Methods whose result shares the receiver's memory and has its elements in the same order.
_RESHAPING = frozenset({"view", "reshape", "unsqueeze", "squeeze", "flatten", "contiguous"})
#: Views whose elements stand in another order, or that show the same one several times: not written through.
_OTHER = frozenset(
    {"transpose", "permute", "t", "expand", "narrow", "select", "unfold", "diagonal", "chunk", "split", "unbind"}
)


class UnwritableError(Exception):
    """The view is of a kind that cannot be written through."""


def write_back(engine: Engine, name: ast.expr) -> list[str]:
    """Statements that bring a change of the view `name` to the tensor behind it; none where nothing reads that one later.

    Raises UnwritableError.
    """
    function = engine.function_of(name)
    if function is None or not isinstance(name, ast.Name):
        return []
    bindings = {
        n.lineno: n.value
        for n in ast.walk(function)
        if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == name.id and n.lineno < name.lineno
    }
    view = bindings[max(bindings)] if bindings else None
    root = _root(engine, view) if view is not None else None
    if view is None or root is None or root.id == name.id or not _read_later(engine, root.id, name, function):
        return []
    return [f"{root.id} = {_through(engine, view, name.id)}"]


def _inner(engine: Engine, node: ast.expr) -> ast.expr | None:
    """What a view looks at; None for an expression that makes a new tensor."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _RESHAPING | _OTHER:
        return node.func.value
    if isinstance(node, ast.Subscript) and _is_basic(engine, node):
        return node.value
    return None


def _is_basic(engine: Engine, node: ast.Subscript) -> bool:
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return engine.type_of(node.value).kind == "tensor" and all(engine.type_of(i).kind != "tensor" for i in items)


def _root(engine: Engine, node: ast.expr) -> ast.Name | None:
    inner = _inner(engine, node)
    while inner is not None:
        node, inner = inner, _inner(engine, inner)
        if isinstance(node, ast.Name):
            return node
    return None


def _read_later(engine: Engine, name: str, place: ast.expr, function: ast.AST) -> bool:
    """True when the name is read below the place, or anywhere in a loop around it."""
    loops, current = [], engine.parent(place)
    while current is not None and current is not function:
        if isinstance(current, (ast.For, ast.While)):
            loops.append(current)
        current = engine.parent(current)
    reads = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    last = max((loop.end_lineno or 0 for loop in loops), default=0)
    first = min((loop.lineno for loop in loops), default=place.lineno)
    return any(n.lineno > (place.end_lineno or 0) or first < n.lineno <= last for n in reads)


def _through(engine: Engine, node: ast.expr, new: str) -> str:
    """The root with the value `new` of the view `node` in it."""
    inner = _inner(engine, node)
    if inner is None:
        return new
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _RESHAPING:
        engine.uses.add("shape_list")
        return _through(engine, inner, f"tf.reshape({new}, shape_list({engine.expression(inner)}))")
    if isinstance(node, ast.Subscript):
        items = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        return _through(engine, inner, assigned(engine, engine.expression(inner), items, new))
    raise UnwritableError


def assigned(engine: Engine, tensor: str, items: list[ast.expr], new: str) -> str:
    """`tensor[items] = new` as an expression, for the indices that `_assign` knows."""
    index = ", ".join(":" if ast.unparse(item) == ":" else engine.expression(item) for item in items)
    return assign(engine, tensor, f"np.s_[{index}]", new)


def assign(engine: Engine, tensor: str, index: str, new: str) -> str:
    """A call of the emitted function."""
    engine.emits.add("assign")
    engine.uses.add("shape_list")
    return f"_assign({tensor}, {index}, {new})"


def with_dots(engine: Engine, target: ast.Subscript) -> list[ast.expr] | None:
    """The items of `x[..., a:b]` with x of unknown rank; None for other indices."""
    items = list(target.slice.elts) if isinstance(target.slice, ast.Tuple) else [target.slice]
    dots = [item for item in items if isinstance(item, ast.Constant) and item.value is Ellipsis]
    plain = [item for item in items if isinstance(item, ast.Slice) or engine.type_of(item).kind == "int"]
    return items if len(dots) == 1 and len(plain) == len(items) - 1 else None


def holds_tensor(engine: Engine, target: ast.Subscript) -> bool:
    """True for a part of a tensor, or of what nothing is known of but that a call made it and that it has several axes."""
    kind = engine.type_of(target.value).kind
    if kind is not None or not isinstance(target.slice, ast.Tuple):
        return kind == "tensor"
    function, name = engine.function_of(target), ast.unparse(target.value)
    assigned_to = (n for n in ast.walk(function or ast.Pass()) if isinstance(n, ast.Assign))
    made = [n.value for n in assigned_to if ast.unparse(n.targets[0]) == name]
    known = all(isinstance(v, ast.Call) and not ast.unparse(v).startswith(("np.", "numpy.")) for v in made)
    return bool(made) and known and any(isinstance(item, ast.Slice) for item in target.slice.elts)
