"""Operators, subscripts and calls that no torch rule covers: shapes become lists, dtypes get explicit casts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.core.typedb import TypeInfo
from scaffold.translate import binding, composite, factories, foreign, in_numpy, mixed, python_calls, registry, upcasts
from scaffold.translate.callsite import Arg, CallSite, parenthesised, rewritten, tf_dtype
from scaffold.translate.infer import promote, widest
from scaffold.translate.names import is_dropped, popped_keywords, replacement_of, trained_parameter, unheard_keywords
from scaffold.translate.promotion import AS_DTYPE, COMPUTED, dtype_among
from scaffold.translate.rule import LayerRule, Unmapped
from scaffold.translate.variants import eager_function

if TYPE_CHECKING:
    from scaffold.translate.classes import ClassInfo
    from scaffold.translate.engine import Engine

_SEQUENCES = frozenset({"size", "tuple", "list"})


def as_list(engine: Engine, node: ast.expr) -> str:
    """A shape operand as a list."""
    if isinstance(node, ast.Tuple):
        return "[" + ", ".join(engine.expression(e) for e in node.elts) + "]"
    info = engine.type_of(node)
    text = parenthesised(engine.expression(node), node)
    return f"list({text})" if info.kind == "tuple" else text


#: What torch makes of the product and the sum of two masks.
_TRUTH: dict[type[ast.operator], str] = {ast.Mult: "logical_and", ast.Add: "logical_or"}


def binary(engine: Engine, node: ast.BinOp) -> str:
    """A binary operator: shape arithmetic on lists, tensors of one dtype."""
    left, right = engine.type_of(node.left), engine.type_of(node.right)
    if isinstance(node.op, ast.Add) and "size" in (left.kind, right.kind):
        return f"{as_list(engine, node.left)} + {as_list(engine, node.right)}"
    bitwise = isinstance(node.op, (ast.BitAnd, ast.BitOr, ast.BitXor))
    if "tensor" not in (left.kind, right.kind) or (bitwise and left.dtype == right.dtype):
        return engine.splice(node)
    logical = _TRUTH.get(type(node.op))
    if logical is not None and left.kind == right.kind == "tensor" and left.dtype == right.dtype == "bool":
        return f"tf.{logical}({engine.expression(node.left)}, {engine.expression(node.right)})"
    target = _common_dtype(node, left, right)
    if target is None:
        return replace_operands(engine, node, upcasts.casts(engine, node.left, node.right))
    texts = {}
    for operand, info in ((node.left, left), (node.right, right)):
        text = engine.expression(operand)
        if info.kind == "tensor" and info.dtype != target:
            beside = [engine.arg(side) for side in (node.left, node.right)]
            dtype = _of_a_bound(engine, node) if target == "float32" else None
            texts[operand] = f"tf.cast({text}, {dtype or dtype_among(beside, target)})"
    return replace_operands(engine, node, texts)


def _of_a_bound(engine: Engine, node: ast.BinOp) -> str | None:
    """`dtype` of `(1.0 - mask) * torch.finfo(dtype).min`: what is multiplied is made for that dtype."""
    product = engine.parent(node)
    if not isinstance(product, ast.BinOp) or not isinstance(product.op, ast.Mult) or not isinstance(node.op, ast.Sub):
        return None
    bound = product.right if product.left is node else product.left
    call = bound.value if isinstance(bound, ast.Attribute) and bound.attr == "min" else None
    is_finfo = isinstance(call, ast.Call) and engine.source.qualname(call.func) == "torch.finfo" and len(call.args) == 1
    text = engine.expression(call.args[0]) if is_finfo and isinstance(call, ast.Call) else None
    return COMPUTED if text == AS_DTYPE else text


def replace_operands(engine: Engine, node: ast.AST, texts: dict[ast.expr, str]) -> str:
    """An operation's text with other texts for some of its operands."""
    for operand, text in texts.items():
        engine._memo[id(operand)] = text
    return engine.splice(node)


def _common_dtype(node: ast.BinOp, left: TypeInfo, right: TypeInfo) -> str | None:
    """The dtype both tensor operands must be cast to, None when nothing needs casting."""
    tensors = [i for i in (left, right) if i.kind == "tensor"]
    dtypes = [widest(i) for i in tensors]
    if any("float" in str(dtype) for dtype in dtypes):
        # beside it, a mask may be of integers in one call and of truths in another
        dtypes = [dtype or next(iter(i.dtypes), None) for dtype, i in zip(dtypes, tensors, strict=True)]
    if None in dtypes:
        return None
    common = dtypes[0] if len(dtypes) == 1 else promote(*dtypes)
    number = None if len(tensors) == 2 else (right if left.kind == "tensor" else left)
    integral = common is not None and common.startswith(("int", "uint", "bool"))
    if integral and (isinstance(node.op, ast.Div) or (number is not None and number.kind == "float")):
        common = "float32"
    elif common == "bool":
        common = "int64" if number is None or number.kind == "int" else "float32"
    needs = any(_tf(i.dtype) != _tf(common) for i in tensors)
    return common if needs else None


def _tf(dtype: str | None) -> str | None:
    return tf_dtype(dtype) if dtype else None


# -- calls -----------------------------------------------------------------------------------------------------------


def arguments(engine: Engine, node: ast.Call) -> list[str]:
    """The call's arguments as text."""
    texts = [
        _argument(engine, a) if not isinstance(a, ast.Starred) else f"*{engine.expression(a.value)}" for a in node.args
    ]
    for keyword in node.keywords:
        if is_dropped(engine.function_of(node), keyword):
            continue
        value = _argument(engine, keyword.value)
        texts.append(f"{keyword.arg}={value}" if keyword.arg else f"**{value}")
    return texts


def _argument(engine: Engine, node: ast.expr) -> str:
    """An argument; a sub-module that the constructed layer keeps gets the name it is kept under."""
    if node not in engine.handed or engine.layer_name is None:
        return engine.expression(node)
    outer, engine.layer_name = engine.layer_name, f'"{engine.handed[node]}"'
    text = engine.expression(node)
    engine.layer_name = outer
    return text


def write_call(engine: Engine, node: ast.Call, func: str, extra: tuple[str, ...] = ()) -> str:
    """A call with extra arguments; one argument a line where the PyTorch file had it so."""
    texts = [*arguments(engine, node), *extra]
    segment = engine.source.segment(node)
    if segment.rstrip(")").rstrip().endswith(",") and "\n" in segment:
        return f"{func}(\n" + ",\n".join(texts) + ",\n)"
    return f"{func}({', '.join(texts)})"


def call_of_layer(engine: Engine, node: ast.Call, text: str, info: ClassInfo, extra: tuple[str, ...]) -> str:
    """A call of a layer of this file, without what it only warns of and with what Keras insists on."""
    node = _without_deprecated(engine, node, info)
    return write_call(engine, node, text, (*_first_argument(node, info), *extra))


def _first_argument(node: ast.Call, info: ClassInfo) -> tuple[str, ...]:
    """`input_ids=None` where a call leaves the first parameter to its default: Keras has no call without it."""
    function = info.methods.get("forward")
    parameters = function.args.args[1:] if function is not None else []
    optional = len(parameters) > 0 and len(function.args.defaults) == len(parameters)  # type: ignore[union-attr]
    given = bool(node.args) or any(k.arg in (None, parameters[0].arg) for k in node.keywords) if parameters else True
    return () if given or not optional or not node.keywords else (f"{parameters[0].arg}=None",)


def _without_deprecated(engine: Engine, node: ast.Call, info: ClassInfo) -> ast.Call:
    """The call without arguments that the class only takes in its `**kwargs`: deprecated ones, and options no port has."""
    gone = unheard_keywords(info.methods.get("forward"), node)
    if not gone:
        return node
    kept = ast.copy_location(ast.Call(node.func, node.args, [k for k in node.keywords if k.arg not in gone]), node)
    engine.source.parents[kept] = engine.source.parents[node]
    return kept


def plain_call(engine: Engine, node: ast.Call) -> str:
    """A call that is no torch function: sub-modules get `training`, constructors their name, `forward` becomes `call`."""
    func = node.func
    if isinstance(func, ast.Attribute) and func.attr == "forward":
        if node.args and ast.unparse(node.args[0]) == "self":  # nn.LayerNorm.forward(self, x)
            rest = ast.copy_location(ast.Call(func, node.args[1:], node.keywords), node)
            return f"super().call({', '.join(arguments(engine, rest))})"
        if isinstance(func.value, ast.Call) and ast.unparse(func.value) == "super()":
            return write_call(engine, node, "super().call", _training(engine, node, engine.class_of(node)))
        return module_call(engine, node, func.value)
    applied = composite.call(engine, node) or foreign.loaded(engine, node)
    applied = applied or _filtered(engine, node, func)
    if applied is not None:
        return applied
    popped = _popped(engine, node) or python_calls.rounded(engine, node) or python_calls.attribute_by_name(engine, node)
    if popped is not None:
        return popped
    if isinstance(func, ast.Name):
        return _named_call(engine, node, func)
    if isinstance(func, ast.Subscript) and (found := _by_table(engine, node, func)) is not None:
        return found
    owner = engine.class_of(node)
    if (
        isinstance(func, ast.Attribute)
        and isinstance(func.value, ast.Name)
        and func.value.id == "self"
        and owner
        and func.attr in engine.all_methods(owner)
    ):
        function = engine.function_of(node)
        building = function is not None and function.name == "__init__"  # which has no `training` to hand on
        extra = ("training=training",) if func.attr in owner.training_methods and not building else ()
        return write_call(engine, node, f"self.{func.attr}", extra)
    if engine.child_of(func) is not None or engine.type_of(func).kind == "module":
        return module_call(engine, node, func)
    return factories.made_by_method(engine, node) or engine.splice(node)


def _named_call(engine: Engine, node: ast.Call, func: ast.Name) -> str:
    """A call by a bare name: a class or function of this file, a built-in, a sub-module in a variable."""
    builtin = in_numpy.call(engine, node, func) or python_calls.call(engine, node, func)
    builtin = builtin or python_calls.checked_count(engine, node)
    if builtin is not None:
        return builtin
    if func.id in engine.classes or (func.id in engine.functions and not engine.is_local(func)):
        return chosen(engine, node, func.id)
    made = engine.constructor_name(node) if engine.is_local(func) else None
    if made in engine.classes:  # a parameter that holds the class
        return construct(engine, node, func.id, str(made))
    if engine.child_of(func) is not None or engine.type_of(func).kind == "module":
        return module_call(engine, node, func)
    return foreign.construct(engine, node, func) or _as_written(engine, node)


def _as_written(engine: Engine, node: ast.Call) -> str:
    """Any other call with its arguments translated: a function in a variable, of which no more is known."""
    dropped = any(is_dropped(engine.function_of(node), k) for k in node.keywords)
    name = eager_function(engine.function_of(node), ast.unparse(node.func), engine.functions)
    owner = engine.class_of(node) if name is not None and trained_parameter(engine.functions[name]) else None
    extra = _training(engine, node, owner)
    return write_call(engine, node, engine.expression(node.func), extra) if dropped or extra else engine.splice(node)


def _popped(engine: Engine, node: ast.Call) -> str | None:
    """`kwargs.pop("x")` where `x` has become an argument of its own: `unpack_inputs` knows only those."""
    function = engine.function_of(node)
    if function is None or function.name != "forward" or not node.args or not isinstance(node.args[0], ast.Constant):
        return None
    name = str(node.args[0].value)
    is_pop = function.args.kwarg is not None and ast.unparse(node.func) == f"{function.args.kwarg.arg}.pop"
    return name if is_pop and name in popped_keywords(function) else None


def construct(engine: Engine, node: ast.Call, tf_name: str, pt_name: str) -> str:
    """A constructor of a class of this file; sub-layers get the name their weights are matched by (G22)."""
    info = engine.classes[pt_name]
    base = registry.find(info.bases[0]) if info.bases and info.category.value == "subclass" else None
    if isinstance(base, LayerRule) and info.init is None:
        engine.deriving = True
        text = layer_constructor(engine, base, base.torch, node)
        engine.deriving = False
        made = text.partition("(")[0]
        if made.startswith(("keras.layers.", "TFModel")):
            return tf_name + text.removeprefix(made)
    if info.category.value in ("layer", "subclass", "model") and engine.layer_name is not None:
        name = tf_name if info.category.value != "model" else engine.main_layer_name(info)
        return write_call(engine, node, name, (*engine.constructor_extras(pt_name), f"name={engine.layer_name}"))
    place = _place_taken(engine, node)
    return write_call(engine, node, tf_name, (f'name="{place}"',) if place else ())


def _place_taken(engine: Engine, node: ast.Call) -> str | None:
    """The sub-module whose place a layer takes that a method constructs: its weights keep their names."""
    function, owner, statement = engine.function_of(node), engine.class_of(node), engine.parent(node)
    if function is None or owner is None or not isinstance(statement, ast.Assign):
        return None
    return replacement_of(function, ast.unparse(statement.targets[0]), owner.children)


def _by_table(engine: Engine, node: ast.Call, func: ast.Subscript) -> str | None:
    """`TABLE[kind](…)` of attention implementations, of which a port has one, or of other classes of the file."""
    if not isinstance(func.value, ast.Name):
        return None
    variants, name = engine.variants.get(func.value.id), engine.constructor_name(node)
    if variants is not None:
        return chosen(engine, node, variants["eager"])
    return construct(engine, node, engine.expression(func), name) if name in engine.classes else None


def chosen(engine: Engine, node: ast.Call, name: str) -> str:
    """`X_ATTENTION[kind](…)`: the eager class's constructor, or a call of the eager function."""
    if name in engine.classes:
        return construct(engine, node, engine.renames.get(name, name), name)
    function = engine.functions.get(name)
    trains = function is not None and trained_parameter(function) is not None
    place = (f"name={engine.layer_name}",) if name in engine.factories and engine.layer_name is not None else ()
    return write_call(engine, node, name, ("training=training",) if trains else place)


def _training(engine: Engine, node: ast.Call, info: object) -> tuple[str, ...]:
    return ("training=training",) if info is not None and getattr(info, "needs_training", False) else ()


def module_call(engine: Engine, node: ast.Call, func: ast.expr) -> str:
    """A call of a sub-module."""
    child = engine.child_of(func)
    text = engine.expression(func)
    class_name = child.class_name if child else (engine.type_of(func).detail or "").split(".")[-1]
    if isinstance(func, ast.Attribute) and child is not None:
        owner = engine.owner_of(func.value)
        if owner is not None and (owner.name, func.attr) in engine.tied_calls | engine.always_tied:
            return ties_call(engine, owner, func.attr, engine.expression(node.args[0]), write_call(engine, node, text))
    if child is not None and child.depth and mixed.is_mixed(engine, child):
        return write_call(engine, node, text)
    info = engine.classes.get(class_name)
    if info is not None:
        return engine.call_in_file(node, text, info)
    qualname = child.qualname if child else torch_name(engine.type_of(func).detail)
    rule = registry.find(qualname or "")
    if not isinstance(rule, LayerRule):
        return foreign.call(engine, node, text, child) or write_call(engine, node, text)
    if rule.call_rewrite is not None or rule.call is not None:
        return _layer_call(engine, rule, text, node)
    return write_call(engine, node, text, ("training=training",) if rule.training else ())


def _filtered(engine: Engine, node: ast.Call, func: ast.expr) -> str | None:
    """`backbone.forward_with_filtered_kwargs(x, …)` with the keywords that `forward` takes: asked for where backbones differ."""
    is_filtered = isinstance(func, ast.Attribute) and func.attr == "forward_with_filtered_kwargs"
    child = engine.child_of(func.value) if is_filtered else None  # type: ignore[attr-defined]
    if child is None or not isinstance(func, ast.Attribute) or any(k.arg is None for k in node.keywords):
        return None
    known = [engine.classes.get(engine.constructor_name(c) or "") for c in child.calls]
    taken = [{a.arg for a in i.methods["forward"].args.args} for i in known if i is not None and "forward" in i.methods]
    names = {k.arg for k in node.keywords}
    if len(taken) < len(known) or not taken:
        return None
    if any(names & other != names & taken[0] for other in taken):
        engine.emits.add("filtered_call")
        training = ("training=training",) if engine.trains(child) else ()
        return f"_filtered_call({', '.join([engine.expression(func.value), *arguments(engine, node), *training])})"
    call = ast.copy_location(ast.Call(func.value, node.args, [k for k in node.keywords if k.arg in taken[0]]), node)
    engine.source.parents[call] = engine.source.parents[node]
    return module_call(engine, call, func.value)


def ties_call(engine: Engine, owner: object, attr: str, argument: str, plain: str) -> str:
    """A tied output layer's call."""
    from scaffold.translate import ties

    return ties.call(engine, owner, attr, argument, plain)  # type: ignore[arg-type]


def torch_name(detail: str | None) -> str | None:
    """`torch.nn.modules.linear.Linear` → `torch.nn.Linear`."""
    if detail is None or not detail.startswith("torch.nn.modules."):
        return None
    return "torch.nn." + detail.split(".")[-1]


def _layer_call(engine: Engine, rule: LayerRule, text: str, node: ast.Call) -> str:
    inputs = [engine.arg(a) for a in node.args] + [engine.arg(k.value) for k in node.keywords]
    rank = inputs[0].rank if inputs else None
    unseen = rank is None and not any(o.rank for o in inputs[0].info.seen) if inputs else False
    if rule.call_rank and rank not in rule.call_rank and not unseen:  # Keras refuses another rank when it runs
        engine.diagnose("TFP110", rule.torch, f"called with rank {rank}, known for {rule.call_rank}", node)
        return write_call(engine, node, text)
    if rule.call_rewrite is not None:
        if not inputs:
            engine.diagnose("TFP102", rule.torch, "called without an argument", node, "check the call")
            return write_call(engine, node, text)
        bound = {"input": inputs[0], "layer": Arg(node.func, text, TypeInfo(()))}
        result = rewritten(rule.call_rewrite, CallSite(engine, node, rule.torch, bound, {"inputs": inputs}))
        if isinstance(result, Unmapped):
            engine.diagnose(result.code, rule.torch, result.message, node, result.help)
            return write_call(engine, node, text)
        return result
    if not inputs:
        return write_call(engine, node, text)
    return binding.fill(rule.call or "", {"layer": text, "input": inputs[0]})


def layer_constructor(engine: Engine, rule: LayerRule, qualname: str, node: ast.Call) -> str:
    """A torch layer's constructor as the Keras one."""
    site = engine.site(rule.args, qualname, node)
    if isinstance(site, Unmapped):
        engine.diagnose(site.code, qualname, site.message, node, site.help)
        return engine.splice(node)
    site.bound["name"] = Arg(None, engine.layer_name or '""', TypeInfo(()))
    if engine.constructing is not None and engine.constructing in engine.unbiased(node) and "bias" in rule.args:
        site.bound["bias"] = Arg(None, "False", TypeInfo(()))
    engine.layers |= set(rule.emit)
    for argument, why in rule.unsupported.items():
        if argument in site.bound and site.bound[argument].text != rule.harmless.get(argument, "None"):
            engine.diagnose("TFP102", qualname, f"argument `{argument}`: {why}", node)
    if rule.rewrite is not None:
        result = rewritten(rule.rewrite, site)
        if isinstance(result, Unmapped):
            engine.diagnose(result.code, qualname, result.message, node, result.help)
            return engine.splice(node)
        return result
    values: dict[str, Arg | str] = dict(rule.defaults)
    if engine.initializer:
        values["initializer"] = engine.initializer
        if "{initializer}" in rule.tf:
            engine.uses.add("get_initializer")
    values.update({k: v for k, v in site.bound.items() if k not in rule.ignore})
    try:
        return binding.fill(rule.tf, values)
    except KeyError as missing:
        engine.diagnose("TFP102", qualname, f"argument {missing} is not given and has no default", node)
        return engine.splice(node)
