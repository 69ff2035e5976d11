"""Tables of positions that grow in a call: a layer's method makes them in the constructor, and anew for longer inputs.

PyTorch keeps the longer table on the layer. A TensorFlow graph has no such memory, so the method returns what it makes: the
constructor keeps it, a call uses it as a local.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from scaffold.translate.classes import ClassInfo
from scaffold.translate.context import Context
from scaffold.translate.engine import Engine
from scaffold.translate.names import reads_shape
from scaffold.translate.passes.rotary import as_local
from scaffold.translate.promotion import COMPUTED
from scaffold.translate.writer import BlockWriter


def _makers(engine: Context, info: ClassInfo) -> dict[str, list[str]]:
    """Method → attributes it sets, of the methods that only set attributes and run in the constructor and below a condition."""
    methods = engine.all_methods(info)
    found = {}
    for name, method in methods.items():
        made = _made(method)
        tried = bool(made) and not _holds_weights(engine, method)
        if tried and {"constructor", "growth"} == {_place(engine, call) for call in _calls(methods, name)}:
            found[name] = list(made)
    return found


def _holds_weights(engine: Context, method: ast.FunctionDef) -> bool:
    """True when a method makes an `nn.Parameter`: weights are loaded."""
    calls = [node for node in ast.walk(method) if isinstance(node, ast.Call)]
    return any(engine.source.qualname(call.func) == "torch.nn.Parameter" for call in calls)


def _calls(methods: dict[str, ast.FunctionDef], name: str) -> list[ast.Call]:
    nodes = [node for method in methods.values() for node in ast.walk(method)]
    return [n for n in nodes if isinstance(n, ast.Call) and ast.unparse(n.func) == f"self.{name}"]


def _place(engine: Context, call: ast.Call) -> str | None:
    """Where a maker is called: as a statement of a constructor or of a call, or as all that a condition of `forward` does."""
    statement, function = engine.parent(call), engine.function_of(call)
    if not isinstance(statement, ast.Expr) or function is None:
        return None
    above = engine.parent(statement)
    if above is function:
        return "constructor" if function.name == "__init__" else "call"
    alone = isinstance(above, ast.If) and above.body == [statement] and not above.orelse
    return "growth" if alone and function.name == "forward" and engine.parent(above) is function else None  # type: ignore[arg-type]


@lru_cache(maxsize=512)
def _made(method: ast.FunctionDef) -> tuple[str, ...]:
    """Attributes that a method sets at its top level, in order; none when it returns something."""
    if method.name in ("__init__", "forward") or any(isinstance(node, ast.Return) for node in ast.walk(method)):
        return ()
    return tuple(dict.fromkeys(name for name, _ in map(_setting, method.body) if name))


def _setting(statement: ast.stmt) -> tuple[str, ast.expr | None]:
    """Attribute and value of `self.x = v` and `self.register_buffer("x", v, persistent=False)`."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
            return target.attr, statement.value
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and ast.unparse(call.func) == "self.register_buffer" and len(call.args) == 2:
        temporary = any(k.arg == "persistent" and ast.unparse(k.value) == "False" for k in call.keywords)
        if temporary and isinstance(call.args[0], ast.Constant):
            return str(call.args[0].value), call.args[1]
    return "", None


def made_or_grown(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """A maker's own assignments, its call in the constructor, and the condition under which a call needs more."""
    engine = writer.engine
    info, function = engine.class_of(statement), engine.function_of(statement)
    if info is None or function is None or not isinstance(statement, (ast.Assign, ast.Expr, ast.If)):
        return None
    makers = _makers(engine, info)
    if function.name in makers and engine.parent(statement) is function:
        attr, value = _setting(statement)
        if value is None:
            return None
        lines = writer.with_comment(statement, f"{attr} = {engine.expression(value)}")
        as_local(writer, statement, attr, attr)
        return lines
    inner = statement.body[0] if isinstance(statement, ast.If) and len(statement.body) == 1 else statement
    call = inner.value if isinstance(inner, ast.Expr) else None
    name = ast.unparse(call.func).removeprefix("self.") if isinstance(call, ast.Call) else ""
    if name not in makers or not isinstance(call, ast.Call):
        return None
    made, text = makers[name], engine.expression(call)
    kept = [f"self.{info.attribute_names.get(attr, attr)}" for attr in made]
    if not isinstance(statement, ast.If):
        return writer.with_comment(statement, f"{', '.join(kept)} = {text}")
    test = writer.header(statement.test)
    used = _read_after(function, statement, made)
    for attr in used:
        as_local(writer, statement, attr, attr)
    before = [f"{attr} = {place}" for attr, place in zip(made, kept, strict=True) if attr in used]
    targets = ", ".join(attr if attr in used else "_" for attr in made)
    after = [f"{attr} = tf.cast({attr}, {COMPUTED})" for attr in used if _is_floating(engine, info, name, attr)]
    return [*before, f"if {test}:", f"    {targets} = {text}", *after]


def _is_floating(engine: Engine, info: ClassInfo, maker: str, attr: str) -> bool:
    """True for a buffer of floats, which a policy of mixed precision does not reach as it reaches weights."""
    settings = (_setting(s) for s in engine.all_methods(info)[maker].body if isinstance(s, ast.Expr))
    return any(name == attr and "float" in (engine.type_of(value).dtype or "") for name, value in settings if value)


def made_for_each_input(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """A maker that returns where the table of an earlier call is long enough: what it makes is the input's alone.

    In a graph that serves inputs of any length there is no earlier call to ask, and no table that all of them share.
    """
    engine = writer.engine
    info, function = engine.class_of(statement), engine.function_of(statement)
    makers = _remade(engine, info) if info is not None else {}
    if not makers or function is None or engine.parent(statement) is not function:
        return None
    (attr, value), call = _setting(statement), statement.value if isinstance(statement, ast.Expr) else None
    if function.name in makers:
        if isinstance(statement, ast.If) and _is_long_enough(statement, makers[function.name][0]):
            return []
        return writer.with_comment(statement, f"{attr} = {engine.expression(value)}") if value is not None else None
    if isinstance(value, ast.Constant) and [attr] in makers.values():
        return []
    name = ast.unparse(call.func).removeprefix("self.") if isinstance(call, ast.Call) else ""
    if name not in makers or call is None:
        return None
    if function.name == "__init__":
        return []
    attr = makers[name][0]
    text = engine.expression(call)
    as_local(writer, statement, attr, attr)
    return writer.with_comment(statement, f"{attr} = {text}")


def _remade(engine: Context, info: ClassInfo) -> dict[str, list[str]]:
    """Method → the one attribute it sets, of such makers; the constructor calls them, too."""
    methods, found = engine.all_methods(info), {}
    for name, method in methods.items():
        attr, _ = _setting(method.body[-1])  # every statement asks: what most methods lack comes first
        if not attr or not any(_is_long_enough(s, attr) for s in method.body if isinstance(s, ast.If)):
            continue
        returns = [node for node in ast.walk(method) if isinstance(node, ast.Return)]
        alone = len(returns) == 1 and not _holds_weights(engine, method)
        if alone and {"constructor", "call"} == {_place(engine, call) for call in _calls(methods, name)}:
            found[name] = [attr]
    return found


def _is_long_enough(statement: ast.If, attr: str) -> bool:
    """True for `if self.table is not None: if self.table.size(1) >= x.size(1): …; return`."""
    inner = statement.body[-1]
    if ast.unparse(statement.test) != f"self.{attr} is not None" or statement.orelse or not isinstance(inner, ast.If):
        return False
    compared = inner.test if isinstance(inner.test, ast.Compare) and len(inner.test.ops) == 1 else None
    of_table = (
        compared is not None and isinstance(compared.ops[0], ast.GtE) and f"self.{attr}." in ast.unparse(compared.left)
    )
    return of_table and isinstance(inner.body[-1], ast.Return) and inner.body[-1].value is None and not inner.orelse


def _state(engine: Engine, function: ast.FunctionDef) -> list[str]:
    """Tensors of the layer that a method replaces (`self.weights = …`) and no other one knows of, in order."""
    info = engine.class_of(function)
    if function.name == "__init__" or info is None or info.init is None or function.name in _makers(engine, info):
        return []
    made = {name for name, _ in map(_setting, info.init.body) if name}
    found = []
    for node in ast.walk(function):
        name, value = _setting(node) if isinstance(node, ast.Assign) else ("", None)
        own = value is not None and name in made - set(info.children) - set(info.parameters)
        of_call = value is not None and (engine.type_of(value).kind == "tensor" or reads_shape(value, function))
        if own and of_call and not _shared(info, function, name):
            found.append(name)
    return list(dict.fromkeys(found))


def _shared(info: ClassInfo, function: ast.FunctionDef, attr: str) -> bool:
    others = [m for name, m in info.methods.items() if name != "__init__" and m is not function]
    return any(isinstance(n, ast.Attribute) and ast.unparse(n) == f"self.{attr}" for m in others for n in ast.walk(m))


def own_state(writer: BlockWriter, function: ast.FunctionDef) -> list[str]:
    """First statements of a method that replaces tensors of its layer: it works on locals."""
    info, found = writer.engine.class_of(function), _state(writer.engine, function)
    for node in ast.walk(function) if found else ():
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self" and node.attr in found:
            writer.engine.remember(node, node.attr)
    names = info.attribute_names if info is not None else {}
    return [f"{attr} = self.{names.get(attr, attr)}" for attr in found]


def _read_after(function: ast.FunctionDef, statement: ast.stmt, made: list[str]) -> list[str]:
    """Of what a maker makes, what the function reads below a statement."""
    reads = {ast.unparse(n) for n in ast.walk(function) if isinstance(n, ast.Attribute) and n.lineno > statement.lineno}
    return [attr for attr in made if f"self.{attr}" in reads]


def returned(writer: BlockWriter, function: ast.FunctionDef) -> list[str]:
    """The last statement of a maker."""
    info = writer.engine.class_of(function)
    makers = {**_makers(writer.engine, info), **_remade(writer.engine, info)} if info is not None else {}
    made = makers.get(function.name, [])
    return ["", f"return {', '.join(made)}"] if made else []
