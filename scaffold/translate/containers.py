"""Lists of sub-layers whose members are built with sizes of their own, hold lists themselves, or are at times a single layer.

Source: translator.md §1.4 (a layer is built with the first arguments of PyTorch's constructor).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.translate import binding, buildplan, mixed, nested, registry
from scaffold.translate.rule import LayerRule, Unmapped

if TYPE_CHECKING:
    from scaffold.translate.constructor import Constructor


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
    values = f"self.{name}.values()" if _is_dictionary(constructor, attr) else ""
    buildplan.add(constructor.plan, buildplan.Built(name, shape, True, sizes=f"{name}_sizes", loop=values))
    return True


def more_sizes(constructor: Constructor, attr: str, member: ast.expr) -> list[str]:
    """The statement that keeps the size of a member which is added to a list of alike ones; none where it does not vary."""
    size = loop_size(constructor, member) if isinstance(member, ast.Call) else None
    child = constructor.info.children.get(attr)
    if size is None or child is None or len(child.calls) != 1:
        return []
    sizes = f"{constructor.keras_name(attr)}_sizes"
    return [f'self.{sizes} = getattr(self, "{sizes}", []) + [{constructor.engine.expression(size[0])}]']


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


def varies(constructor: Constructor, attr: str) -> bool:
    """True for a list whose members are built with shapes of their own, so that these are kept beside them."""
    child = constructor.info.children.get(attr)
    if child is None or not child.is_list or child.nested or len(child.calls) < 2 or attr not in _flat(constructor):
        return False
    made = [c for c in child.calls if constructor.engine.function_of(c) is constructor.function]
    constructor.verbatim = True
    shapes = {buildplan.build_shape(constructor, c) for c in made} - {None, "None"}
    constructor.verbatim = False
    changing = any(loop_size(constructor, c) is not None for c in made)
    return len(made) == len(child.calls) and (len(shapes) > 1 or changing)


def _flat(constructor: Constructor) -> set[str]:
    """Lists that are filled by `append`, or written out in some branches: not by comprehensions."""
    engine = constructor.engine
    found: set[str] = set()
    left: set[str] = set()
    for child in constructor.info.children.values():
        for call in child.calls:
            around: list[ast.AST | None] = [engine.parent(call)]
            while isinstance(around[-1], (ast.Call, ast.List, ast.Tuple, ast.Starred, ast.ListComp, ast.GeneratorExp)):
                around.append(engine.parent(around[-1]))
            loops = any(isinstance(a, (ast.ListComp, ast.GeneratorExp)) for a in around)
            (left if loops else found).add(child.attr)
    return found - left


def plan_shapes(constructor: Constructor, attr: str, value: ast.expr) -> None:
    """Keep the shapes of the members of a list beside it, and plan the build with them."""
    name = constructor.keras_name(attr)
    items = [item for _, item in mixed.literal_items(constructor.engine, value) or ()]
    items = list(value.elts) if isinstance(value, (ast.List, ast.Tuple)) else items
    if not isinstance(value, ast.Call) or constructor.engine.source.qualname(value.func) in mixed.CONTAINERS:
        made = items
    else:
        made = [value]
    if made:
        shapes = ", ".join(kept_shape(constructor, item) for item in made)
        constructor.engine.extra_init.append(f"self.{name}_shapes = [{shapes}]")
    whole = (
        loop(constructor, attr) if mixed.at_times_single(constructor.engine, constructor.info.children[attr]) else ""
    )
    whole = f"self.{name} if isinstance(self.{name}, list) else [self.{name}]" if whole else ""
    buildplan.add(constructor.plan, buildplan.Built(name, "size", True, sizes=f"{name}_shapes", loop=whole))


def kept_shape(constructor: Constructor, item: ast.expr) -> str:
    """Shape of one member; False for what is not built."""
    return buildplan.shape_here(constructor, item, "False")


def more_shapes(constructor: Constructor, attr: str, items: list[ast.expr]) -> list[str]:
    """The statement that keeps the shapes of members which are added to a list; none where all have the same."""
    if nested.varies(constructor, attr):
        return nested.more(constructor, attr, items)
    if not varies(constructor, attr):
        return []
    name = f"{constructor.keras_name(attr)}_shapes"
    shapes = ", ".join(kept_shape(constructor, item) for item in items)
    return [f'self.{name} = getattr(self, "{name}", []) + [{shapes}]']


def _comprehension(constructor: Constructor, call: ast.Call) -> ast.ListComp | ast.GeneratorExp | None:
    parent = constructor.engine.parent(call)
    return parent if isinstance(parent, ast.ListComp | ast.GeneratorExp) and parent.elt is call else None


def _loop_text(constructor: Constructor, loop: ast.comprehension) -> str:
    return f"for {ast.unparse(loop.target)} in {constructor.engine.expression(loop.iter)}"


def loop(constructor: Constructor, attr: str) -> str:
    """What `build()` loops over for a list that holds lists, or that is a single layer in some configurations."""
    child = constructor.info.children[attr]
    is_dict = _is_dictionary(constructor, attr)
    name = f"self.{constructor.keras_name(attr)}{'.values()' if is_dict else ''}"
    single = mixed.at_times_single(constructor.engine, child)
    whole = f"{name} if isinstance({name}, list) else [{name}]" if single else name
    called = {constructor.engine.constructor_name(c) for c in child.calls}
    nested = child.nested or any(prefix.startswith(f"{attr}.{{") for prefix in constructor.list_owner.values())
    inside = f"({whole})" if single else whole
    members = f"for layers in {inside} for layer in layers" if nested else f"for layer in {inside}"
    if any(
        isinstance(r := registry.find(q or ""), LayerRule) and "{name}" not in r.tf and r.build is None for q in called
    ):
        functions = [q for q in called if q and q.startswith("torch.nn.") and q != "torch.nn.Dropout"]
        if len(functions) < len(called) or len(called) > 1:
            return f"[layer {members} if isinstance(layer, keras.layers.Layer)]"
    functions_too = any(_holds_functions(constructor, c) for c in child.calls) or _holds_none(constructor, attr)
    if functions_too and child.is_list and not nested:
        return f"[layer {members} if isinstance(layer, keras.layers.Layer)]"
    if nested:
        return f"[layer {members}{' if isinstance(layer, keras.layers.Layer)' if functions_too else ''}]"
    return whole if single or is_dict else ""


def _is_dictionary(constructor: Constructor, attr: str) -> bool:
    """True for an `nn.ModuleDict` that is filled by key, or made of a local that is."""
    assigned = (n for n in ast.walk(constructor.function) if isinstance(n, ast.Assign))
    empty = {ast.unparse(n.targets[0]) for n in assigned if ast.unparse(n.value) in ("{}", "dict()")}
    return any(
        isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == f"self.{attr}"
        and isinstance(node.value, ast.Call)
        and constructor.engine.source.qualname(node.value.func) == "torch.nn.ModuleDict"
        and (not node.value.args or ast.unparse(node.value.args[0]) == "{}" or ast.unparse(node.value.args[0]) in empty)
        for node in ast.walk(constructor.function)
    )


def _holds_functions(constructor: Constructor, call: ast.Call) -> bool:
    """True when `ACT2FN[…]`, or what the constructor is given, stands beside a layer in its container or list."""
    beside = constructor.engine.parent(call)
    if isinstance(beside, (ast.List, ast.Tuple)) and any(isinstance(e, (ast.Name, ast.Subscript)) for e in beside.elts):
        return True
    around = mixed.levels(constructor.engine, call)
    items = mixed.literal_items(constructor.engine, around[0]) if around and around[0] is not None else None
    return any(not isinstance(item, (ast.Call, ast.IfExp, ast.Name)) for _, item in items or ())


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


def _holds_none(constructor: Constructor, attr: str) -> bool:
    """`self.convs.append(None)`, and `self.convs = [None] * n` of another branch: nothing to build."""
    text = ast.unparse(constructor.function)
    return f"self.{attr}.append(None)" in text or f"self.{attr} = [None] *" in text
