"""Lists whose members are called differently: a convolution beside an activation, a dropout beside a linear layer.

A list that is written out in one place and only ever called as a whole is unrolled (`passes/containers.py`). In any other
the members must be called alike: convolutions then put the channels last by themselves, and `training` is left to Keras,
which hands it on from the layer around (translator.md §1.3).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.translate import registry
from scaffold.translate.classes import Child
from scaffold.translate.names import loop_pairs
from scaffold.translate.rule import LayerRule

if TYPE_CHECKING:
    from scaffold.translate.context import Context


CONTAINERS = ("torch.nn.ModuleList", "torch.nn.Sequential", "torch.nn.ModuleDict")


def literal_items(context: Context, node: ast.expr) -> list[tuple[str, ast.expr]] | None:
    """(index or key, member) of a container written out: `nn.Sequential(a, b)`, `nn.ModuleDict(OrderedDict([("k", a)]))`."""
    if isinstance(node, ast.Call) and context.source.qualname(node.func) in CONTAINERS:
        if len(node.args) != 1 or (isinstance(node.args[0], ast.Starred) and not _is_display(node.args[0].value)):
            plain = not any(isinstance(a, ast.Starred) for a in node.args)
            return [(str(k), a) for k, a in enumerate(node.args)] if plain else None
        only = node.args[0].value if isinstance(node.args[0], ast.Starred) else node.args[0]
        if isinstance(only, ast.Call) and ast.unparse(only.func).endswith("OrderedDict") and only.args:
            return _pairs(only.args[0])
        if isinstance(only, ast.Dict):
            return [(str(ast.literal_eval(k)), v) for k, v in zip(only.keys, only.values, strict=True) if k is not None]
        if isinstance(only, (ast.List, ast.Tuple)):
            return [(str(k), a) for k, a in enumerate(only.elts)]
        is_member = isinstance(only, ast.Call) and context.source.qualname(node.func) == "torch.nn.Sequential"
        return [("0", only)] if is_member else None
    return None


def _is_display(node: ast.expr) -> bool:
    return isinstance(node, (ast.List, ast.Tuple))


def _pairs(node: ast.expr) -> list[tuple[str, ast.expr]] | None:
    found = []
    for item in node.elts if isinstance(node, (ast.List, ast.Tuple)) else ():
        if not (isinstance(item, ast.Tuple) and len(item.elts) == 2 and isinstance(item.elts[0], ast.Constant)):
            return None
        found.append((str(item.elts[0].value), item.elts[1]))
    return found or None


def levels(context: Context, constructor: ast.AST) -> list[ast.Call | None]:
    """The containers around a constructor call, innermost first; None for one that is filled elsewhere (`x.append(…)`)."""
    found: list[ast.Call | None] = []
    node: ast.AST | None = constructor
    while isinstance(
        parent := context.parent(node) if node is not None else None,
        (ast.Call, ast.List, ast.Tuple, ast.Starred, ast.ListComp, ast.GeneratorExp),
    ):
        if isinstance(parent, ast.Call):
            name = context.source.qualname(parent.func)
            if name in CONTAINERS:
                found.append(parent)
            elif isinstance(parent.func, ast.Attribute) and parent.func.attr in ("append", "add_module"):
                return [*found, None]
            elif not ast.unparse(parent.func).endswith("OrderedDict"):
                return found
        node = parent
    if isinstance(node, (ast.List, ast.ListComp)):  # a list that no container is made of
        found.append(None)
    return found


def container(context: Context, child: Child) -> ast.Call | None:
    """The one place where a list of sub-modules is written out; None where there are several, or none."""
    found: set[ast.Call | None] = set()
    for constructor in child.calls:
        around = levels(context, constructor)
        place = len(around) - 1 - child.depth
        found.add(around[place] if 0 <= place < len(around) else None)
    return found.pop() if len(found) == 1 else None


def member(context: Context, child: Child, index: ast.expr) -> Child | None:
    """The very member of a list that is written out, for an index that is; None for any other."""
    if child.nested or not isinstance(index, ast.Constant) or not isinstance(index.value, int):
        return None
    place = container(context, child)
    items = literal_items(context, place) if place is not None and _is_written_out(place) else None
    if not items or not -len(items) <= index.value < len(items):
        return None
    item = items[index.value][1]
    name = context.constructor_name(item) if isinstance(item, ast.Call) else None
    return Child(child.attr, name, False, (item,)) if isinstance(item, ast.Call) and name is not None else None


def is_mixed(context: Context, child: Child) -> bool:
    """True when the members of a child's innermost list are called one by one in code that does not tell them apart."""
    if child.is_list and not child.depth and _is_handed_about(context, child):
        return True
    if len({_form(context, call) for call in child.calls}) < 2:
        return False
    around = [levels(context, call) for call in child.calls]
    if not any(around):
        return False
    innermost = {places[0] if places else None for places in around}
    return len(innermost) > 1 or not _is_written_out(innermost.pop()) or _is_taken_apart(context, child)


def whole(context: Context, node: ast.Attribute, text: str) -> str | None:
    """A `nn.Sequential` that is a value in a list (`[self.up, self.down]`) as a function of one tensor."""
    child = context.child_of(node) if isinstance(context.parent(node), (ast.List, ast.Tuple)) else None
    if child is None or not child.is_list or not _in_container(context, child, "Sequential"):
        return None
    return f"(lambda x: functools.reduce(lambda value, layer: layer(value), {text}, x))"


def _in_container(context: Context, child: Child, kind: str) -> bool:
    """True when a list of sub-modules is a container of this kind."""
    outer = [next((c for c in reversed(levels(context, call)) if c is not None), None) for call in child.calls]
    return bool(outer) and all(c is not None and ast.unparse(c.func).endswith(kind) for c in outer)


def _is_handed_about(context: Context, child: Child) -> bool:
    """True when the class puts a whole `nn.Sequential` into a list of things to call."""
    owner = context.class_of(child.calls[0]) if child.calls else None
    return any(
        isinstance(node, ast.Attribute)
        and ast.unparse(node) == f"self.{child.attr}"
        and isinstance(context.parent(node), (ast.List, ast.Tuple))
        and isinstance(node.ctx, ast.Load)
        for node in (ast.walk(owner.node) if owner is not None else ())
    ) and _in_container(context, child, "Sequential")


def _is_written_out(node: ast.Call | None) -> bool:
    """`nn.Sequential(a, b)`: every member stands for itself."""
    loops = (ast.ListComp, ast.GeneratorExp, ast.Name)
    items = (a.value if isinstance(a, ast.Starred) else a for a in node.args) if node is not None else ()
    return node is not None and not any(isinstance(a, loops) for a in items)


def _form(context: Context, call: ast.Call) -> str:
    """How the layer that a constructor makes is called."""
    name = context.constructor_name(call) or ""
    rule = registry.find(name)
    if isinstance(rule, LayerRule) and (rule.call is not None or rule.call_rewrite is not None):
        return name
    return "trains" if context.trains(Child("", name)) else "plain"


def _is_taken_apart(context: Context, child: Child) -> bool:
    """True when some loop of the class runs over the innermost list."""
    owner = context.class_of(child.calls[0])
    for node in ast.walk(owner.node) if owner is not None else ():
        if isinstance(node, (ast.For, ast.comprehension)):
            for _, iterable in loop_pairs(node):
                other = context.child_of(iterable)
                if other is not None and other.attr == child.attr and other.is_list and not other.nested:
                    return True
    return False


def at_times_single(context: Context, child: Child) -> bool:
    """True for an attribute that is a list in some configurations and one layer in others."""
    owner = context.class_of(child.calls[0]) if child.calls else None
    kinds = set()
    for node in ast.walk(owner.init) if owner is not None and owner.init is not None else ():
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == f"self.{child.attr}":
            for value in (node.value.body, node.value.orelse) if isinstance(node.value, ast.IfExp) else (node.value,):
                name = context.source.qualname(value.func) if isinstance(value, ast.Call) else None
                if not isinstance(value, ast.Constant):
                    kinds.add(name in CONTAINERS or not isinstance(value, ast.Call))
    return len(kinds) == 2
