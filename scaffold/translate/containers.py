"""Lists of sub-layers whose members are built with sizes of their own, hold lists themselves, or are at times a single layer.

Source: translator.md §1.4 (a layer is built with the first arguments of PyTorch's constructor).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.translate import binding, buildplan, registry
from scaffold.translate.rule import LayerRule, Unmapped

if TYPE_CHECKING:
    from scaffold.translate.constructor import Constructor
    from scaffold.translate.engine import Engine


def plan_sizes(constructor: Constructor, attr: str, calls: tuple[ast.Call, ...]) -> bool:
    """Plan the build of members whose input size a loop variable decides; True when they are such members.

    The sizes are kept in a list beside the layers.
    """
    call = calls[0] if len(calls) == 1 else None
    size = loop_size(constructor, call) if call is not None else None
    if call is None or size is None:
        return False
    argument, shape = size
    name = constructor.keras_name(attr)
    comprehension = _comprehension(constructor, call)
    text = constructor.engine.expression(argument)
    if comprehension is not None:
        loops = " ".join(_loop_text(constructor, g) for g in comprehension.generators)
        constructor.engine.extra_init.append(f"self.{name}_sizes = [{text} {loops}]")
    buildplan.add(constructor.plan, buildplan.Built(name, shape, True, sizes=f"{name}_sizes"))
    return True


def loop_size(constructor: Constructor, call: ast.Call) -> tuple[ast.expr, str] | None:
    """The argument that a loop variable decides, and the build shape with `size` in its place."""
    rule = registry.find(constructor.engine.constructor_name(call) or "")
    changing = _loop_variables(constructor, call)
    if not isinstance(rule, LayerRule) or rule.build is None or not changing:
        return None
    bound = binding.bind(rule.args, list(call.args), call.keywords)
    if isinstance(bound, Unmapped):
        return None
    for name, value in bound[0].items():
        used = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
        if f"{{{name}}}" in rule.build and used & changing:
            shape = rule.build.replace(f"{{{name}}}", "size")
            return value, shape
    return None


def _loop_variables(constructor: Constructor, call: ast.Call) -> set[str]:
    """Names that the loops around a call bind, or that are assigned in them."""
    found: set[str] = set()
    current = constructor.engine.parent(call)
    while current is not None and current is not constructor.function:
        if isinstance(current, ast.ListComp | ast.GeneratorExp):
            found |= {n.id for g in current.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        elif isinstance(current, ast.For):
            found |= {n.id for n in ast.walk(current) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        current = constructor.engine.parent(current)
    return found


def _comprehension(constructor: Constructor, call: ast.Call) -> ast.ListComp | ast.GeneratorExp | None:
    parent = constructor.engine.parent(call)
    return parent if isinstance(parent, ast.ListComp | ast.GeneratorExp) and parent.elt is call else None


def _loop_text(constructor: Constructor, loop: ast.comprehension) -> str:
    return f"for {ast.unparse(loop.target)} in {constructor.engine.expression(loop.iter)}"


def loop(constructor: Constructor, attr: str) -> str:
    """What `build()` loops over for a list that holds lists, or that is a single layer in some configurations."""
    name = constructor.keras_name(attr)
    child = constructor.info.children[attr]
    called = {constructor.engine.constructor_name(c) for c in child.calls}
    nested = child.nested or any(prefix.startswith(f"{attr}.{{") for prefix in constructor.list_owner.values())
    members = f"for layers in self.{name} for layer in layers" if nested else f"for layer in self.{name}"
    if any(
        isinstance(r := registry.find(q or ""), LayerRule) and "{name}" not in r.tf and r.build is None for q in called
    ):
        functions = [q for q in called if q and q.startswith("torch.nn.") and q != "torch.nn.Dropout"]
        if len(functions) < len(called) or len(called) > 1:
            return f"[layer {members} if isinstance(layer, keras.layers.Layer)]"
    if nested:
        return f"[layer {members}]"
    kinds = set()
    for node in ast.walk(constructor.function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == f"self.{attr}":
            qualname = constructor.engine.source.qualname(node.value.func) if isinstance(node.value, ast.Call) else None
            kinds.add(
                qualname in ("torch.nn.ModuleList", "torch.nn.Sequential") or not isinstance(node.value, ast.Call)
            )
    return f"self.{name} if isinstance(self.{name}, list) else [self.{name}]" if len(kinds) == 2 else ""


def list_owners(function: ast.FunctionDef) -> dict[str, str]:
    """Local lists of a constructor that end up in a module list → what the names of their members start with.

    `blocks.append(nn.ModuleList(layers))`: members of the inner list are named after their place in both.
    """
    found: dict[str, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            for argument in node.value.args if isinstance(node.value, ast.Call) else ():
                inner = argument.value if isinstance(argument, ast.Starred) else argument
                if isinstance(inner, ast.Name):
                    found[inner.id] = node.targets[0].attr
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.func, ast.Attribute):
            continue
        outer, inner = node.func.value, node.args[0]
        inner = inner.args[0] if isinstance(inner, ast.Call) and len(inner.args) == 1 else inner
        if node.func.attr != "append" or not isinstance(outer, ast.Name) or outer.id not in found:
            continue
        if isinstance(inner, ast.Name) and inner.id not in found and _is_list(function, inner.id):
            found[inner.id] = f"{found[outer.id]}.{{len({outer.id})}}"
    return found


def _is_list(function: ast.FunctionDef, name: str) -> bool:
    """True for a local that the constructor binds to a list display."""
    bound = (n for n in ast.walk(function) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == name)
    return any(isinstance(n.value, ast.List | ast.ListComp) for n in bound)


def member_name(engine: Engine, call: ast.Call, attr: str, text: str) -> str:
    """Name of what `x.append(layer)` or `x.add_module(str(i), layer)` adds to a list."""
    if len(call.args) == 1:
        return f"{attr}.{{len({text})}}"
    key = call.args[0]
    if isinstance(key, ast.Constant):
        return f"{attr}.{key.value!s}"
    if isinstance(key, ast.Call) and ast.unparse(key.func) == "str":
        return f"{attr}.{{{engine.expression(key.args[0])}}}"
    rendered = engine.expression(key)
    return f"{attr}.{rendered[2:-1]}" if isinstance(key, ast.JoinedStr) else f"{attr}.{{{rendered}}}"


def destination(constructor: Constructor, target: ast.expr, value: ast.expr) -> str | None:
    """The name of a sub-module that a local holds until it is put into a list or an attribute; None for any other."""
    engine, name = constructor.engine, target.id if isinstance(target, ast.Name) else ""
    if not name or not isinstance(value, ast.Call) or engine.constructor_name(value) is None:
        return None
    for node in ast.walk(constructor.function):
        if isinstance(node, ast.Assign) and ast.unparse(node.value) == name:
            place = node.targets[0]
            if isinstance(place, ast.Attribute) and place.attr in constructor.info.children:
                return place.attr if ast.unparse(place.value) == "self" else None
        if isinstance(node, ast.Name) and node.id == name and node in engine.handed:
            return engine.handed[node]
        if not isinstance(node, ast.Call) or not node.args or ast.unparse(node.args[-1]) != name:
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "add_module"):
            receiver = node.func.value
            attr = receiver.attr if isinstance(receiver, ast.Attribute) else ast.unparse(receiver)
            attr = constructor.list_owner.get(attr, attr if isinstance(receiver, ast.Attribute) else "")
            if attr:
                return member_name(engine, node, attr, engine.expression(receiver))
    return None
