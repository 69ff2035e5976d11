"""`nn.Parameter` as a weight that `build()` creates (guide.md G20): its shape, its initializer, the condition it stands under."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from scaffold.translate.buildplan import Weight
from scaffold.translate.engine import Engine
from scaffold.translate.names import bound_before

if TYPE_CHECKING:
    from scaffold.translate.constructor import Constructor


_ONE = "keras.initializers.Constant(1.0)"


def is_parameter(engine: Engine, value: ast.Call) -> bool:
    """True for `nn.Parameter(…)`."""
    return engine.source.qualname(value.func) == "torch.nn.Parameter"


def plan(constructor: Constructor, attr: str, call: ast.Call) -> list[str]:
    """Plan the weight; nothing of it is left in the constructor."""
    value = call.args[0] if call.args else call.keywords[0].value
    shape, initializer = shape_and_initializer(constructor, value)
    computed = shape is None and _is_tensor(constructor, value)
    initial = f"initial_{constructor.keras_name(attr)}"
    if computed:  # `torch.log(A)` with a local: the constructor keeps the value, which tells the shape
        shape, initializer = f"shape_list(self.{initial})", f"lambda shape, dtype=None: tf.cast(self.{initial}, dtype)"
        constructor.engine.uses.add("shape_list")
    if shape is None:
        constructor.engine.diagnose(
            "TFP130",
            attr,
            "the shape of this parameter is not written in its constructor",
            call,
            "add it in build() with add_weight",
        )
        return []
    frozen = any(k.arg == "requires_grad" and ast.unparse(k.value) == "False" for k in call.keywords)
    condition = _condition(constructor, call)
    constructor.plan.weights.append(
        Weight(constructor.keras_name(attr), checkpoint_name(attr), shape, initializer, not frozen, condition)
    )
    text = constructor.engine.expression(value) if computed else ""
    return [f"self.{initial} = ({text})" if "\n" in text else f"self.{initial} = {text}"] if computed else []


def initial_value(constructor: Constructor, call: ast.Call) -> list[str] | None:
    """`self.table.data.zero_()` behind the parameter it fills: its initializer, where there is one for it.

    Of `self.table.data.copy_(values)` the constructor keeps the values; of what `nn.init` does, nothing. None for any other call.
    """
    if (
        is_initialisation(call)
        or ast.unparse(call.func) == "self.weight.detach_"
        or _draws_for_child(constructor, call)
    ):
        return []
    found = re.fullmatch(r"self\.(\w+)\.data\.(\w+)_", ast.unparse(call.func))
    if found is None or found[1] not in constructor.info.parameters:
        return None
    attr, weights, lines = constructor.keras_name(found[1]), constructor.plan.weights, list[str]()
    initializer = '"zeros"' if found[2] == "zero" else ""
    if found[2] == "fill" and call.args:
        initializer = f"keras.initializers.Constant({constructor.for_build(call.args[0])})"
    elif found[2] == "copy" and len(call.args) == 1:
        lines = [f"self.initial_{attr} = {constructor.engine.expression(call.args[0])}"]
        initializer = f"lambda shape, dtype=None: tf.cast(self.initial_{attr}, dtype)"
    weights[:] = [replace(w, initializer=initializer or w.initializer) if w.attr == attr else w for w in weights]
    return lines


def _draws_for_child(constructor: Constructor, call: ast.Call) -> bool:
    """`self.dense.weight.data.normal_(std=…)`: what a sub-layer starts with, before a checkpoint is loaded."""
    found = re.fullmatch(r"self\.(\w+)\.(?:weight|bias)\.data\.(?:normal|uniform|zero|fill)_", ast.unparse(call.func))
    return found is not None and found[1] in constructor.info.children


def with_planned_shapes(constructor: Constructor, lines: list[str]) -> list[str]:
    """Lines of the constructor that ask for sizes of weights, which are made later: the sizes that they will have."""
    for weight in constructor.plan.weights:
        shape = ast.parse(weight.shape, mode="eval").body
        sizes = [ast.unparse(item) for item in shape.elts] if isinstance(shape, ast.Tuple) else []
        for place in range(-len(sizes), len(sizes)):
            asked = f"shape_list(self.{weight.attr})[{place}]"
            lines = [
                line.replace(asked, f"({sizes[place]})" if " " in sizes[place] else sizes[place]) for line in lines
            ]
    return lines


def for_initialising(constructor: Constructor, target: ast.expr, value: ast.expr) -> bool:
    """`weight = self.projection.weight.data`, a local that only `nn.init` is given."""
    if not isinstance(target, ast.Name) or not ast.unparse(value).endswith(".data"):
        return False
    uses = [
        n for n in ast.walk(constructor.function) if isinstance(n, ast.Name) and n.id == target.id and n is not target
    ]
    calls = [n for n in ast.walk(constructor.function) if isinstance(n, ast.Call) and is_initialisation(n)]
    return all(any(use in ast.walk(call) for call in calls) for use in uses)


def is_initialisation(call: ast.Call) -> bool:
    """`nn.init.normal_(…)`."""
    return ast.unparse(call.func).startswith(("nn.init.", "torch.nn.init."))


def made_by_method(constructor: Constructor, call: ast.Call) -> list[str] | None:
    """`self.make_weights(n, width)`, a method that ends in `self.weights = nn.Parameter(table)` for a table it computes.

    The constructor keeps the table, and `build()` makes the weight of it; None for any other call.
    """
    func, engine = call.func, constructor.engine
    is_own = isinstance(func, ast.Attribute) and ast.unparse(func.value) == "self"
    method = constructor.info.methods.get(func.attr) if is_own else None  # type: ignore[attr-defined]
    bound: dict[str, ast.expr] = {}
    for node in method.body if method is not None else ():
        if isinstance(node, ast.Assign):
            bound.setdefault(ast.unparse(node.targets[0]), node.value)
    made = {
        t: v for t, v in bound.items() if isinstance(v, ast.Call) and t.startswith("self.") and is_parameter(engine, v)
    }
    table = next((bound.get(ast.unparse(v.args[0])) for v in made.values() if v.args), None)
    if method is None or len(made) != 1 or not isinstance(table, ast.Call):
        return None
    given = dict(zip([a.arg for a in method.args.args[1:]], call.args, strict=False))
    given |= {k.arg: k.value for k in call.keywords if k.arg}
    tree = ast.parse(engine.expression(table), mode="eval")
    values = {name: ast.parse(engine.expression(node), mode="eval").body for name, node in given.items()}
    text = ast.unparse(_Filled(values).visit(tree))
    attr = next(iter(made)).removeprefix("self.")
    initial = f"initial_{attr}"
    initializer = f"lambda shape, dtype=None: tf.cast(self.{initial}, dtype)"
    frozen = f"self.{attr}.requires_grad = False" in ast.unparse(method)
    engine.uses.add("shape_list")
    shape = f"shape_list(self.{initial})"
    constructor.plan.weights.append(Weight(constructor.keras_name(attr), attr, shape, initializer, not frozen))
    return [f"self.{initial} = {text}"]


def returned_by_method(constructor: Constructor, attr: str, call: ast.expr) -> list[str] | None:
    """`self.table = self._make_table(config)`, a method that returns an `nn.Parameter`: the weight starts as what it returns.

    Where only one branch of the method makes a parameter that trains, the weight trains on that branch's condition.
    """
    engine, func = constructor.engine, call.func if isinstance(call, ast.Call) else None
    is_own = isinstance(func, ast.Attribute) and ast.unparse(func.value) == "self"
    method = constructor.info.methods.get(func.attr) if is_own else None  # type: ignore[union-attr]
    returned = {ast.unparse(n.value) for n in ast.walk(method or ast.Pass()) if isinstance(n, ast.Return) and n.value}
    made = [
        n.value
        for n in ast.walk(method or ast.Pass())
        if isinstance(n, ast.Assign)
        and ast.unparse(n.targets[0]) in returned
        and isinstance(n.value, ast.Call)
        and is_parameter(engine, n.value)
    ]
    if not made or len(returned) != 1:
        return None
    trained = [
        m for m in made if not any(k.arg == "requires_grad" and ast.unparse(k.value) == "False" for k in m.keywords)
    ]
    name = constructor.keras_name(attr)
    initial = f"self.initial_{name}"
    engine.uses.add("shape_list")
    initializer = f"lambda shape, dtype=None: tf.cast({initial}, dtype)"
    trains: bool | str = bool(trained)
    if trained and len(trained) < len(made):
        trains = _condition(constructor, trained[0]) if len(trained) == 1 else True
    constructor.plan.needs_config = True
    constructor.plan.weights.append(Weight(name, checkpoint_name(attr), f"shape_list({initial})", initializer, trains))
    return [f"{initial} = {engine.expression(call)}"]


class _Filled(ast.NodeTransformer):
    """Names replaced by expressions."""

    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)


def _is_tensor(constructor: Constructor, value: ast.expr) -> bool:
    """True for an initial value that is a tensor of one axis or more, none of it seen by the probe alone."""
    info = constructor.engine.type_of(value)
    return info.kind == "tensor" and info.rank != 0


def checkpoint_name(attr: str) -> str:
    """Name that the library looks a parameter up by: it reads `gamma` as `weight`, `beta` as `bias` (translator.md §2)."""
    return attr if attr in ("gamma", "beta") else attr.replace("gamma", "weight").replace("beta", "bias")


def _condition(constructor: Constructor, node: ast.AST) -> str:
    """The `if` around a parameter, so that build() asks the same question."""
    parent = constructor.engine.parent(node)
    child: ast.AST = node
    tests: list[str] = []
    while parent is not None and parent is not constructor.function:
        if isinstance(parent, (ast.If, ast.IfExp)):
            test = constructor.for_build(parent.test)
            inside = child is parent.body if isinstance(parent, ast.IfExp) else child in parent.body
            tests.append(test if inside else f"not ({test})")
        child, parent = parent, constructor.engine.parent(parent)
    return " and ".join(reversed(tests))


def shape_and_initializer(constructor: Constructor, value: ast.expr) -> tuple[str | None, str]:
    """Text of the shape and of the initializer of an initial value; no shape where it is not written out."""
    if isinstance(value, ast.BinOp):
        scaled = _scaled(constructor, value) if isinstance(value.op, (ast.Mult, ast.Div)) else (None, "")
        return scaled if scaled[0] is not None else _of_operation(constructor, value)
    if not isinstance(value, ast.Call):
        bound = _bound(constructor, value)
        return _scalar(constructor, value) if bound is None else shape_and_initializer(constructor, bound)
    name = constructor.engine.source.qualname(value.func) or ""
    leaf = name.split(".")[-1]
    if isinstance(value.func, ast.Attribute) and not name:
        return _of_method(constructor, value.func, value.args)
    arguments = [a for a in value.args if not isinstance(a, ast.Starred)]
    if leaf in ("zeros", "ones", "empty", "randn", "rand", "Tensor", "FloatTensor"):
        if len(arguments) == 1 and isinstance(arguments[0], (ast.Tuple, ast.List)):
            arguments = list(arguments[0].elts)
        items = ", ".join(constructor.for_build(a) for a in arguments)
        if len(arguments) == 1 and "tuple" in constructor.engine.type_of(arguments[0]).kinds:
            return f"{items} if isinstance({items}, (list, tuple)) else ({items},)", _initializer(constructor, leaf)
        shape = f"({items},)" if len(arguments) == 1 else f"({items})"
        return shape, _initializer(constructor, leaf)
    if leaf == "full" and len(arguments) >= 2:
        items = constructor.for_build(arguments[0])
        return items, f"keras.initializers.Constant({constructor.for_build(arguments[1])})"
    return _of_argument(constructor, leaf, arguments[0]) if arguments else (None, "")


def _bound(constructor: Constructor, value: ast.expr) -> ast.Call | None:
    """The call whose value a local of the constructor has."""
    assigned = (n for n in ast.walk(constructor.function) if isinstance(n, ast.Assign) and isinstance(value, ast.Name))
    bound = [n.value for n in assigned if ast.unparse(n.targets[0]) == ast.unparse(value)]
    return bound[0] if len(bound) == 1 and isinstance(bound[0], ast.Call) else None


def _of_method(constructor: Constructor, func: ast.Attribute, given: list[ast.expr]) -> tuple[str | None, str]:
    """`torch.empty(n).normal_()`, `torch.ones(n).unsqueeze(-1)`; no shape for any other method."""
    if func.attr.rstrip("_") in ("normal", "uniform", "fill", "to", "float", "zero"):
        return shape_and_initializer(constructor, func.value)
    return _with_axis(constructor, func.value, given[0]) if func.attr == "unsqueeze" and len(given) == 1 else (None, "")


def _with_axis(constructor: Constructor, value: ast.expr, place: ast.expr) -> tuple[str | None, str]:
    """`torch.ones(dim).unsqueeze(-1)`: an axis more, of an initial value whose sizes are written out."""
    text, initializer = shape_and_initializer(constructor, value)
    shape = ast.parse(text or "None", mode="eval").body
    axis = constructor.engine.constant(place)
    if not isinstance(shape, ast.Tuple) or not isinstance(axis, int):
        return None, ""
    sizes = [ast.unparse(item) for item in shape.elts]
    sizes.insert(axis if axis >= 0 else len(sizes) + 1 + axis, "1")
    return f"({', '.join(sizes)})", initializer


def _of_argument(constructor: Constructor, leaf: str, argument: ast.expr) -> tuple[str | None, str]:
    """`torch.tensor(0.5)`, `torch.log(10 * torch.ones(…))`, `nn.init.trunc_normal_(torch.zeros(…))`."""
    if leaf == "tensor":
        return _scalar(constructor, argument)
    if leaf in ("log", "exp", "sqrt"):
        return _function_of(constructor, leaf, argument)
    return shape_and_initializer(constructor, argument) if leaf == "trunc_normal_" else (None, "")


def _function_of(constructor: Constructor, leaf: str, inner: ast.expr) -> tuple[str | None, str]:
    """`torch.log(10 * torch.ones(…))`."""
    shape, initializer = shape_and_initializer(constructor, inner)
    constant = re.fullmatch(r"keras\.initializers\.Constant\((.*)\)", initializer.replace('"ones"', _ONE))
    return (shape, f"keras.initializers.Constant(math.{leaf}({constant[1]}))") if constant else (None, "")


def filled(constructor: Constructor, value: ast.expr) -> ast.expr:
    """What a buffer is made of: the value of a local that serves buffers alone, and so is not written to in between."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "clone":
        value = value.func.value
    if not isinstance(value, ast.Name):
        return value
    parents = constructor.engine.source.parents
    for node in ast.walk(constructor.function):
        if isinstance(node, ast.Name) and node.id == value.id and isinstance(node.ctx, ast.Load):
            around: ast.AST | None = node
            while around is not None and not isinstance(around, ast.stmt):
                around = parents.get(around)
            if around is None or not ast.unparse(around).startswith("self.register_buffer("):
                return value
    return bound_before(value, parents) or value


def is_random(constructor: Constructor, value: ast.expr) -> bool:
    """`torch.randn(…)`, or a number times it: what each model draws anew unless a checkpoint says it."""
    return _drawn(constructor, value) is not None


def _drawn(constructor: Constructor, value: ast.expr) -> tuple[ast.Call, ast.expr | None] | None:
    """The call of `torch.randn` and what it is multiplied with."""
    sides = (value.left, value.right) if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult) else (value,)
    for k, side in enumerate(sides):
        if isinstance(side, ast.Call) and constructor.engine.source.qualname(side.func) == "torch.randn":
            return side, sides[1 - k] if len(sides) == 2 else None
    return None


def of_buffer(constructor: Constructor, value: ast.expr) -> tuple[str | None, str]:
    """Shape and initializer of a buffer that is a weight which does not train."""
    drawn = _drawn(constructor, value)
    if drawn is None:
        return shape_and_initializer(constructor, value)
    deviation = "1.0" if drawn[1] is None else constructor.for_build(drawn[1])
    return shape_and_initializer(constructor, drawn[0])[0], f"keras.initializers.RandomNormal(stddev={deviation})"


def _initializer(constructor: Constructor, leaf: str) -> str:
    return f'"{leaf}"' if leaf in ("zeros", "ones") else _normal(constructor)


def _scaled(constructor: Constructor, value: ast.BinOp) -> tuple[str | None, str]:
    """`factor * torch.ones(…)` and `torch.ones(n) / n`."""
    if isinstance(value.op, ast.Div):
        dims, initial = shape_and_initializer(constructor, value.left)
        divisor = constructor.for_build(value.right)
        return (dims, f"keras.initializers.Constant(1 / {divisor})") if initial == '"ones"' else (None, "")
    for scaled, factor in ((value.left, value.right), (value.right, value.left)):
        shape, initializer = shape_and_initializer(constructor, scaled)
        if shape is not None and initializer == '"ones"':
            return shape, f"keras.initializers.Constant({constructor.for_build(factor)})"
    return None, ""


def _of_operation(constructor: Constructor, value: ast.BinOp) -> tuple[str | None, str]:
    """`scale * torch.randn(…)`: the shape of the one operand that has a shape; initial values do not outlive loading."""
    operands = (value.left, value.right)
    tensors = [v for v in operands if _is_tensor(constructor, v)]  # beside one, a number says nothing of the shape
    made = tensors or [v for v in operands if isinstance(v, (ast.Call, ast.Name, ast.BinOp))]
    found = [pair for v in made if (pair := shape_and_initializer(constructor, v))[0] is not None]
    return (found[0][0], _normal(constructor)) if len(found) == 1 else (None, "")


def plan_list(constructor: Constructor, attr: str, value: ast.Call) -> list[str] | None:
    """`nn.ParameterList(nn.Parameter(…) for _ in range(n))`: one weight each, named by its place."""
    only = value.args[0] if len(value.args) == 1 else None
    if not isinstance(only, (ast.ListComp, ast.GeneratorExp)) or not isinstance(only.elt, ast.Call):
        return None
    loop = only.generators[0]
    count = loop.iter.args[0] if isinstance(loop.iter, ast.Call) and len(loop.iter.args) == 1 else None
    initial = only.elt.args[0] if is_parameter(constructor.engine, only.elt) and only.elt.args else only.elt
    shape, initializer = shape_and_initializer(constructor, initial)
    if count is None or shape is None or ast.unparse(loop.iter).partition("(")[0] != "range":
        return None
    condition = _condition(constructor, value)
    weight = Weight(constructor.keras_name(attr), checkpoint_name(attr), shape, initializer, True, condition)
    constructor.plan.weights.append(replace(weight, count=constructor.for_build(count)))
    return []


def _scalar(constructor: Constructor, value: ast.expr) -> tuple[str | None, str]:
    if isinstance(value, (ast.List, ast.Tuple)) and len(value.elts) == 1:
        return "(1,)", f"keras.initializers.Constant({constructor.for_build(value.elts[0])})"
    if _is_tensor(constructor, value):
        return None, ""
    is_number = isinstance(value, ast.Call) and ast.unparse(value.func).startswith(("math.", "np."))
    if is_number or isinstance(value, (ast.Constant, ast.Attribute, ast.Name, ast.UnaryOp)):
        return "(1,)", f"keras.initializers.Constant({constructor.for_build(value)})"
    return None, ""


def _normal(constructor: Constructor) -> str:
    if constructor.engine.initializer:
        constructor.engine.uses.add("get_initializer")
        constructor.plan.needs_config = True
        return "get_initializer(self.config.initializer_range)"
    return '"random_normal"'
