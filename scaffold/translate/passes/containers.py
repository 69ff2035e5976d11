"""A call of an `nn.Sequential` becomes a loop over its layers, which a port keeps in a list; layers that take another's place.

Layers that are called differently (training, channels-last) are called one by one.
"""

from __future__ import annotations

import ast
import re

from scaffold.core.typedb import TypeInfo
from scaffold.translate import binding, mixed, registry
from scaffold.translate.callsite import Arg, CallSite, rewritten
from scaffold.translate.classes import Child
from scaffold.translate.mixed import CONTAINERS, literal_items
from scaffold.translate.names import replacement_of
from scaffold.translate.rule import LayerRule, Unmapped
from scaffold.translate.writer import BlockWriter, indented


def replaced_layer(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`self.attention = other` outside a constructor: the new layer took over sub-layers, which may have been built."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Name):
        return None
    target, function = statement.targets[0], writer.engine.function_of(statement)
    owner = writer.engine.class_of(statement)
    if function is None or owner is None or function.name == "__init__" or not isinstance(target, ast.Attribute):
        return None
    name = statement.value.id
    made = [
        n for n in ast.walk(function) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == name
    ]  # in this method, not handed in
    if not made or ast.unparse(target.value) != "self" or replacement_of(function, name, owner.children) != target.attr:
        return None
    text = writer.engine.expression(target)
    return [f"{name}.built = {text}.built", f"{text} = {name}"]


def numbered_table(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`self.table = {}`, then `self.table[i] = value` in a loop over a range: a list. Keras saves no keys but text."""
    function, owner = writer.engine.function_of(statement), writer.engine.class_of(statement)
    if not isinstance(statement, ast.Assign) or function is None or function.name != "__init__" or owner is None:
        return None
    target = statement.targets[0]
    table = ast.unparse(target.value if isinstance(target, ast.Subscript) else target)
    uses = [n for n in ast.walk(owner.node) if isinstance(n, ast.Attribute) and ast.unparse(n) == table]
    parents = [writer.engine.parent(use) for use in uses]
    emptied = [p for p in parents if isinstance(p, ast.Assign) and ast.unparse(p.value) == "{}"]
    items = [p for p in parents if isinstance(p, ast.Subscript) and p.value in uses]
    written = [writer.engine.parent(item) for item in items if isinstance(item.ctx, ast.Store)]
    if (
        len(emptied) != 1
        or len(written) != 1
        or len(uses) != len(emptied) + len(items)
        or not table.startswith("self.")
    ):
        return None
    item, loop = written[0], writer.engine.parent(written[0]) if written[0] is not None else None
    if not isinstance(item, ast.Assign) or not isinstance(loop, ast.For) or item not in loop.body:
        return None
    if not re.fullmatch(r"range\([^,]+\)", ast.unparse(loop.iter)) or not _by_number(item.targets[0], loop.target):
        return None
    if statement is emptied[0]:
        return [f"{table} = []"]
    return [f"{table}.append({_value(writer, item.value)})"] if statement is item else None


def _by_number(target: ast.expr, number: ast.expr) -> bool:
    return isinstance(target, ast.Subscript) and ast.unparse(target.slice) == ast.unparse(number)


def _value(writer: BlockWriter, value: ast.expr) -> str:
    if isinstance(value, ast.Tuple) and len(value.elts) > 1:  # which may stand without brackets
        return f"({', '.join(writer.engine.expression(item) for item in value.elts)})"
    return writer.engine.expression(value)


def sequential_call(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`x = f(self.layers(x))` → a loop that binds the value, then the statement with it."""
    if not isinstance(statement, (ast.Assign, ast.Return)) or statement.value is None:
        return None
    calls = [n for n in ast.walk(statement.value) if isinstance(n, ast.Call) and _is_container(writer, n)]
    if not calls:
        return None
    lines: list[str] = []
    inside = [call for call in calls if _in_comprehension(writer, call, statement)]
    for call in inside:
        _as_expression(writer, call)
    calls = [call for call in calls if call not in inside]
    if not calls:
        return None
    for call in reversed(calls):
        child = writer.engine.child_of(call.func)
        assert child is not None
        plain = (
            statement.value is call and isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
        )
        name = statement.targets[0].id if plain else f"{child.attr}_output"  # type: ignore[union-attr]
        argument = writer.engine.expression(call.args[0])
        if argument != name:
            lines.append(f"{name} = {argument}")
        lines += _applied(writer, call, child, name)
        if plain:
            return lines
        writer.engine.remember(call, name)
    return lines + writer.simple(statement)


def _in_comprehension(writer: BlockWriter, call: ast.Call, statement: ast.stmt) -> bool:
    """True for a call that has no statement of its own to be written in front of."""
    node = writer.engine.parent(call)
    while node is not None and node is not statement:
        if isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp, ast.Lambda)):
            return True
        node = writer.engine.parent(node)
    return False


def _as_expression(writer: BlockWriter, call: ast.Call) -> None:
    """The call as one expression: one layer's call in the other's, or a fold over members that are called alike."""
    engine, child = writer.engine, writer.engine.child_of(call.func)
    assert child is not None
    container, value = engine.expression(call.func), engine.expression(call.args[0])
    members = _members(writer, child, mixed.container(engine, child), container)
    steps = {_step(writer, call, member, "layer", "value") for _, member in members or [("", child)]}
    if len(steps) > 1:
        for layer, member in members:
            value = _step(writer, call, member, layer, value)
    else:
        value = f"functools.reduce(lambda value, layer: {steps.pop()}, {container}, {value})"
    engine.remember(call, value)


def _is_container(writer: BlockWriter, call: ast.Call) -> bool:
    child = writer.engine.child_of(call.func)
    return child is not None and child.is_list and len(call.args) == 1


def _applied(writer: BlockWriter, call: ast.Call, child: Child, name: str) -> list[str]:
    container = writer.engine.expression(call.func)
    members = _members(writer, child, mixed.container(writer.engine, child), container)
    alike = {_step(writer, call, member, "layer_module", name) for _, member in members or [("", child)]}
    flat = all(layer.count("[") == container.count("[") + 1 for layer, _ in members)
    if len(alike) < 2 and flat:
        values = f"{container}.values()" if any(layer.endswith('"]') for layer, _ in members) else container
        if child.depth == 0 and mixed.at_times_single(writer.engine, child):
            values = f"{values} if isinstance({values}, list) else [{values}]"
        return [f"for layer_module in {values}:", f"    {name} = {alike.pop()}"]
    lines = [f"{name} = {_step(writer, call, member, layer, name)}" for layer, member in members]
    single = [c for c in child.calls if not any(mixed.levels(writer.engine, c))]
    if child.depth or not single or not members or not mixed.at_times_single(writer.engine, child):
        return lines
    lines = [f"if isinstance({container}, list):", *indented(lines)]
    if all(writer.engine.constructor_name(c) == "torch.nn.Identity" for c in single):
        return lines
    alone = Child(child.attr, writer.engine.constructor_name(single[0]) or "", calls=tuple(single))
    return [*lines, "else:", f"    {name} = {_step(writer, call, alone, container, name)}"]


def _members(writer: BlockWriter, child: Child, place: ast.Call | None, text: str) -> list[tuple[str, Child]]:
    """The layers of a container that is written out in one place, those of inner containers too; none for any other."""
    engine = writer.engine
    items = literal_items(engine, place) if place is not None else None
    found = []
    for key, item in items or ():
        layer = f"{text}[{key}]" if key.isdigit() else f'{text}["{key}"]'
        inner = isinstance(item, ast.Call) and engine.source.qualname(item.func) in CONTAINERS
        if inner and isinstance(item, ast.Call):
            found += _members(writer, child, item, layer)
        else:
            qualname = engine.constructor_name(item) if isinstance(item, ast.Call) else None
            calls = (item,) if isinstance(item, ast.Call) else ()
            found.append((layer, Child(child.attr, qualname or "", calls=calls)))
    return found


def _step(writer: BlockWriter, call: ast.Call, child: Child, layer: str, name: str) -> str:
    """Call of one layer on the value so far."""
    engine = writer.engine
    if len(child.calls) > 1 and mixed.is_mixed(engine, child):
        return f"{layer}({name})"
    rule = registry.find(child.qualname)
    if isinstance(rule, LayerRule) and (rule.call_rewrite is not None or rule.call is not None):
        value = Arg(None, name, engine.type_of(call.args[0]))
        bound = {"input": value, "layer": Arg(None, layer, TypeInfo(()))}
        unseen = value.rank is None and not any(o.rank for o in value.info.seen)
        if rule.call_rank and value.rank not in rule.call_rank and not unseen:  # Keras refuses another rank
            engine.diagnose("TFP110", rule.torch, f"called with rank {value.rank}, known for {rule.call_rank}", call)
        if rule.call_rewrite is None:
            return binding.fill(rule.call or "", {"layer": layer, "input": name})
        result = rewritten(rule.call_rewrite, CallSite(engine, call, rule.torch, bound, {"inputs": [value]}))
        if not isinstance(result, Unmapped):
            return result
        engine.diagnose(result.code, rule.torch, result.message, call, result.help)
    training = ", training=training" if engine.trains(child) else ""
    return f"{layer}({name}{training})"
