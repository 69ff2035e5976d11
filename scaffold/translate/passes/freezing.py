"""Weights that are not trained, normalisation layers exchanged for frozen ones, loops that only initialise.

Keras freezes layers, not weights, and a layer has no weights before it is built: the loops over parameters become loops over the
layers that hold them. A batch normalisation that is not trainable uses its stored statistics, which is what PyTorch's models
exchange it for a "frozen" class for (https://keras.io/guides/transfer_learning/). `trainable = True` of a layer reaches all
layers below it, so there is such a class here too: PyTorch's has buffers, which stay as they are.
"""

from __future__ import annotations

import ast

from scaffold.translate.classes import Category, Child, ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.writer import BlockWriter, indented

_PARAMETERS = ("named_parameters", "parameters")
_EVERYTHING = ("modules", "named_modules", "children", "named_children", *_PARAMETERS)


def _loops_over(statement: ast.AST, methods: tuple[str, ...]) -> ast.expr | None:
    """What a loop `for … in X.parameters()` runs over."""
    call = statement.iter if isinstance(statement, ast.For) else None
    is_method = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and not call.args
    return call.func.value if is_method and call.func.attr in methods else None  # type: ignore[union-attr]


def _leaves(statements: list[ast.stmt]) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for statement in statements:
        inner = [*statement.body, *statement.orelse] if isinstance(statement, (ast.If, ast.For)) else None
        found += _leaves(inner) if inner is not None else [statement]
    return found


def _frozen(statement: ast.stmt) -> tuple[ast.expr, ast.expr] | None:
    """The parameter and the value of `p.requires_grad_(False)` and `p.requires_grad = False`."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
        target = statement.targets[0]
        return (target.value, statement.value) if target.attr == "requires_grad" else None
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "requires_grad_":
        return call.func.value, call.args[0] if call.args else ast.copy_location(ast.Constant(True), call)
    return None


def frozen_parameters(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`for name, p in X.named_parameters(): p.requires_grad_(False)`: X is frozen, or the layers below it with such a name."""
    holder = _loops_over(statement, _PARAMETERS)
    if holder is not None and isinstance(statement, ast.For):
        if not all(_frozen(leaf) or isinstance(leaf, ast.Pass) for leaf in _leaves(statement.body)):
            return None
        whole = _frozen(statement.body[0]) if len(statement.body) == 1 else None
        if whole is not None:
            return _frozen_holder(writer, holder, writer.engine.expression(whole[1]))
        pair = isinstance(statement.target, ast.Tuple)
        target = ast.unparse(statement.target).strip("()") if pair else f"_, {ast.unparse(statement.target)}"
        writer.engine.emits.add("named_layers")
        header = f"for {target} in named_layers({writer.engine.expression(holder)}):"
        body = writer.body(statement.body, statement.iter.end_lineno or statement.lineno)
        return [header, *indented(body)]
    found = _frozen(statement)
    if found is None:
        return None
    if isinstance(found[0], ast.Name) and _in_such_a_loop(writer, statement):
        return [f"{found[0].id}.trainable = {writer.engine.expression(found[1])}"]
    return _frozen_module(writer, found[0], found[1]) if isinstance(statement, ast.Expr) else None


def _frozen_holder(writer: BlockWriter, holder: ast.expr, value: str) -> list[str]:
    """A layer, or each one of a list or a dictionary of them."""
    engine = writer.engine
    child, text = engine.child_of(holder), engine.expression(holder)
    if child is None or not child.is_list:
        return [f"{text}.trainable = {value}"]
    members = f"{text}.values()" if _is_dictionary(engine, child) else text
    return [f"for member in {members}:", f"    member.trainable = {value}"]


def _is_dictionary(engine: Engine, child: Child) -> bool:
    """True for an `nn.ModuleDict`."""
    owner = engine.class_of(child.calls[0]) if child.calls else None
    return any(
        isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == f"self.{child.attr}"
        and isinstance(node.value, ast.Call)
        and engine.source.qualname(node.value.func) == "torch.nn.ModuleDict"
        for node in (ast.walk(owner.init) if owner is not None and owner.init is not None else ())
    )


def _frozen_module(writer: BlockWriter, module: ast.expr, value: ast.expr) -> list[str] | None:
    """`self.part.requires_grad_(False)`; None for anything but a sub-module, and the model itself.

    The whole model is frozen layer by layer: what is in a layer that is not trainable is not trained, whatever it says itself,
    and a part of the model may be made trainable afterwards.
    """
    engine = writer.engine
    child, text = engine.child_of(module), engine.expression(module)
    owner = engine.owner_of(module.value) if isinstance(module, ast.Attribute) else None
    line = f"{text}.trainable = {engine.expression(value)}"
    if child is not None and owner is not None:
        if (owner.name, child.attr) in engine.always_tied:
            return []
        is_tied = (owner.name, child.attr) in engine.tied_calls
        return [f"if {text} is not None:", *indented([line])] if is_tied else [line]
    if text != "self":
        return None
    engine.emits.add("named_layers")
    return ["for _, layer in named_layers(self):", *indented([f"layer.trainable = {engine.expression(value)}"])]


def _in_such_a_loop(writer: BlockWriter, statement: ast.stmt) -> bool:
    current: ast.AST | None = statement
    while current is not None:
        if _loops_over(current, _PARAMETERS) is not None:
            return True
        current = writer.engine.parent(current)
    return False


def initialising_loop(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`for m in self.modules(): if isinstance(m, nn.Conv2d): nn.init.…`: Keras' layers initialise themselves."""
    if _loops_over(statement, _EVERYTHING) is None or not isinstance(statement, ast.For):
        return None
    leaves = [ast.unparse(leaf) for leaf in _leaves(statement.body)]
    return [] if leaves and all(text.startswith(("nn.init.", "torch.nn.init.")) for text in leaves) else None


def frozen_class(function: ast.FunctionDef) -> str | None:
    """The class that a function puts in the place of every batch normalisation of a model; None for any other function."""
    text = ast.unparse(function)
    if "named_children()" not in text or "BatchNorm2d)" not in text or len(function.args.args) != 1:
        return None
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith("._modules[name]"):
            name = ast.unparse(node.value)
            made = (
                n.value for n in ast.walk(function) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == name
            )
            call = next(made, None)
            return call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else None
    return None


def freezing_function(function: ast.FunctionDef, frozen: ClassInfo) -> list[str]:
    """The frozen layer, and the function that makes one of every batch normalisation; `frozen` says with which epsilon."""
    argument = function.args.args[0].arg
    return [
        f"class {frozen.tf_name}(keras.layers.BatchNormalization):",
        '    """Batch normalization with fixed statistics and weights, also where the model around it is made trainable."""',
        "",
        "    @property",
        "    def trainable(self):",
        "        return False",
        "",
        "    @trainable.setter",
        "    def trainable(self, value):",
        "        pass",
        "",
        "",
        f"def {function.name}({argument}):",
        '    """Freezes every batch normalization below a layer: it uses its stored statistics and is not trained."""',
        f"    for layer in {argument}._flatten_layers():",
        "        if isinstance(layer, keras.layers.BatchNormalization):",
        f"            layer.__class__, layer.epsilon = {frozen.tf_name}, {_epsilon(frozen)}",
    ]


def _epsilon(frozen: ClassInfo) -> str:
    for node in ast.walk(frozen.node):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("epsilon", "eps", "self.eps"):
            return ast.unparse(node.value)
    return "1e-5"


def drop_frozen_classes(classes: dict[str, ClassInfo], functions: dict[str, ast.FunctionDef]) -> dict[str, ClassInfo]:
    """Function → the class it exchanges batch normalisations for; such a class is written with the function."""
    found = {}
    for name, function in functions.items():
        info = classes.get(frozen_class(function) or "")
        if info is not None:
            info.category = Category.DROPPED
            found[name] = info
    return found
