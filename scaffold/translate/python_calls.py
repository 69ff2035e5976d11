"""Calls of Python's own functions, where a port asks something else of them.

Source of truth: translator.md §1.3 (dimensions may be tensors in graph mode).
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from scaffold.core.typedb import UNKNOWN
from scaffold.translate import registry
from scaffold.translate.names import depends_on_length, reads_shape
from scaffold.translate.rule import Rule

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine


def call(engine: Engine, node: ast.Call, func: ast.Name) -> str | None:
    """Python's own functions, where a port asks something else of them."""
    if func.id == "isinstance" and len(node.args) == 2:
        kind = engine.source.qualname(node.args[1])
        if kind == "torch.Tensor":
            return f"tf.is_tensor({engine.expression(node.args[0])})"
        kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else []
        rest = [k for k in kinds if engine.source.qualname(k) != "torch.Tensor"]
        if rest and len(rest) < len(kinds):
            value, others = engine.expression(node.args[0]), ", ".join(engine.expression(k) for k in rest)
            return f"(tf.is_tensor({value}) or isinstance({value}, ({others},)))"
        if kind == "torch.nn.Identity":  # as rules/layers.py writes it
            return f"isinstance({engine.expression(node.args[0])}, keras.layers.Activation)"
    if func.id == "hasattr" and ast.unparse(node.args[0]) == "self" and isinstance(node.args[1], ast.Constant):
        owner = engine.class_of(node)
        name = str(node.args[1].value)
        return f'hasattr(self, "{owner.attribute_names.get(name, name) if owner else name}")'
    if len(node.args) == 1 and func.id in ("all", "int", "len", "list", "tuple"):
        return _numbers(engine, node) or _of_tensor(engine, node.args[0], func.id)
    if func.id == "getattr" and engine.child_of(node) is not None:  # a member of a dictionary
        return f"{engine.expression(node.args[0])}[{engine.expression(node.args[1])}]"
    if func.id == "partial" and len(node.args) == 1:
        return _partial(engine, node)
    if func.id in ("max", "min") and len(node.args) == 1 and not node.keywords:
        return _extreme_of_lengths(engine, node.args[0], func.id)
    return _extreme(engine, node, func.id) if func.id in ("max", "min") and len(node.args) == 2 else None


def checked_count(engine: Engine, node: ast.Call) -> str | None:
    """`range(n)` after `if n != self.n: raise …`, of a dimension, which a graph need not know: the number that it must be."""
    function, count = engine.function_of(node), ast.unparse(node.args[0]) if node.args else ""
    is_range = ast.unparse(node.func) == "range" and len(node.args) == 1
    if function is None or not is_range or not reads_shape(node.args[0], function):
        return None
    for check in function.body:
        test = check.test if isinstance(check, ast.If) and isinstance(check.body[0], ast.Raise) else None
        if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.NotEq) or check.lineno > node.lineno:
            continue
        own = test.comparators[0]
        if len(test.ops) == 1 and ast.unparse(test.left) == count and re.fullmatch(r"self\.\w+", ast.unparse(own)):
            return f"range({engine.expression(own)})"
    return None


def attribute_by_name(engine: Engine, node: ast.Call) -> str | None:
    """`self.__getattr__(name)`, a method that only PyTorch's modules have."""
    is_method = isinstance(node.func, ast.Attribute) and node.func.attr == "__getattr__" and len(node.args) == 1
    return f"getattr({engine.expression(node.func.value)}, {engine.expression(node.args[0])})" if is_method else None  # type: ignore[attr-defined]


def _of_tensor(engine: Engine, argument: ast.expr, name: str) -> str | None:
    """Functions of anything iterable, of a tensor or its shape: neither is iterated over in a graph."""
    kind, text = engine.type_of(argument).kind, engine.expression(argument)
    if name == "all":
        of_shape = kind == "size" and isinstance(argument, ast.Attribute) and argument.attr == "shape"
        return f"(0 not in {engine.expression(argument.value)}.shape)" if of_shape else None  # type: ignore[attr-defined]
    if name == "int":
        return _whole(engine, argument, text) if kind == "int" else None
    if kind != "tensor":
        return None
    if name == "len":
        engine.uses.add("shape_list")
        return f"shape_list({text})[0]"
    return f"{name}(tf.unstack({text}))"


def _whole(engine: Engine, number: ast.expr, text: str) -> str | None:
    """`int` of dimensions, which may be tensors in a graph: a name and a sum are whole, a product if both its factors are."""
    function = engine.function_of(number)
    if function is None or function.name == "__init__":
        return None
    if isinstance(number, ast.Name):
        return text
    if not isinstance(number, ast.BinOp):
        return None
    if isinstance(number.op, ast.Mult):
        engine.emits.add("as_int")
        return f"_as_int({text})"
    return f"({text})" if isinstance(number.op, (ast.Add, ast.Sub)) else None


def _numbers(engine: Engine, node: ast.Call) -> str | None:
    """`torch.tensor(list(range(n))[::-1])`: Python counts to no dimension that a graph does not know."""
    counted = node.args[0]
    if not isinstance(counted, ast.Call) or (ast.unparse(node.func), ast.unparse(counted.func)) != ("list", "range"):
        return None
    user = engine.parent(node)
    user = engine.parent(user) if isinstance(user, ast.Subscript) else user
    if not isinstance(user, ast.Call) or engine.source.qualname(user.func) != "torch.tensor":
        return None
    return f"tf.range({', '.join(engine.expression(bound) for bound in counted.args)})"


def rounded(engine: Engine, node: ast.Call) -> str | None:
    """`math.ceil(fraction * n)` with a dimension: a tensor in a graph, and then of whole numbers that no fraction goes with."""
    name, function = ast.unparse(node.func), engine.function_of(node)
    number = node.args[0] if len(node.args) == 1 and name in ("int", "math.ceil", "math.floor") else None
    is_product = isinstance(number, ast.BinOp) and isinstance(number.op, (ast.Mult, ast.Div))
    if not is_product or not isinstance(number, ast.BinOp) or not reads_shape(number, function):
        return None
    for factor in _factors(number):
        if isinstance(factor, (ast.Name, ast.Subscript)) and reads_shape(factor, function):
            engine.emits.add("as_float")
            engine.remember(factor, f"_as_float({engine.expression(factor)})")
    engine.emits.add("as_int" if name == "int" else "rounded")
    text = engine.expression(number)
    return f"_as_int({text})" if name == "int" else f"_rounded({text}, up={name == 'math.ceil'})"


def _factors(product: ast.expr) -> list[ast.expr]:
    """What an expression multiplies and divides, from left to right."""
    if isinstance(product, ast.BinOp) and isinstance(product.op, (ast.Mult, ast.Div)):
        return [*_factors(product.left), *_factors(product.right)]
    return [product]


def _partial(engine: Engine, node: ast.Call) -> str | None:
    """`self.transform = partial(torch.fft.fftn, dim=(1, 2))`: a function of its own where torch's has a rule."""
    function, parent, owner = node.args[0], engine.parent(node), engine.class_of(node)
    rule = registry.find(engine.source.qualname(function) or "")
    if not isinstance(rule, Rule) or not isinstance(parent, ast.Assign) or owner is None:
        return None
    name = ast.unparse(parent.targets[0])
    calls = [n for n in ast.walk(owner.node) if isinstance(n, ast.Call) and ast.unparse(n.func) == name and n.args]
    argument = ast.copy_location(ast.Name("tensor", ast.Load()), node)
    argument.end_lineno, argument.end_col_offset = argument.lineno, argument.col_offset  # not what the probe saw here
    engine.given["tensor"] = engine.type_of(calls[0].args[0]) if calls else UNKNOWN
    call = ast.copy_location(ast.Call(function, [argument], node.keywords), node)
    for keyword in node.keywords:
        engine.source.parents[keyword] = node
    text = engine.expression(call)
    del engine.given["tensor"]
    return f"lambda tensor: {text}"


def _extreme_of_lengths(engine: Engine, argument: ast.expr, name: str) -> str | None:
    """`max(x.shape[0] for x in tensors)`."""
    is_loop = isinstance(argument, (ast.GeneratorExp, ast.ListComp))
    if not is_loop or not reads_shape(argument.elt, engine.function_of(argument)):  # type: ignore[attr-defined]
        return None
    text = engine.expression(argument)
    return f"functools.reduce(tf.{name}imum, {text if text[0] in '[(' and text[-1] in '])' else f'[{text}]'})"


def _is_handed_shapes(engine: Engine, function: ast.FunctionDef | None) -> bool:
    """True in a function of the file that is called with shapes: `largest([list(x.shape) for x in xs])`."""
    if function is None or engine.functions.get(function.name) is not function:
        return False
    calls = (
        n for n in ast.walk(engine.source.tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == function.name
    )
    return any(isinstance(n, ast.Attribute) and n.attr == "shape" for c in calls for a in c.args for n in ast.walk(a))


def _extreme(engine: Engine, node: ast.Call, name: str) -> str:
    """`max(0, x.size(1) - n)`: tensors, and dimensions that are some in graph mode, Python's own functions cannot compare."""
    function = engine.function_of(node)
    of_a_graph = _is_handed_shapes(engine, function) or any(
        reads_shape(a, function) or depends_on_length(a, function) or engine.type_of(a).kind == "tensor"
        for a in node.args
    )
    if not of_a_graph:
        return engine.splice(node)
    return f"tf.{name}imum({', '.join(engine.expression(a) for a in node.args)})"
