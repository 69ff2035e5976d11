"""Names of the members of lists: a place in a list, a key, a local that is put into one later.

Source: translator.md §1.2 (the weight path is made of `name=` alone).
"""

from __future__ import annotations

import ast
import itertools
from typing import TYPE_CHECKING

from scaffold.translate import buildplan, mixed, reparametrised

if TYPE_CHECKING:
    from scaffold.translate.constructor import Constructor
    from scaffold.translate.engine import Engine
    from scaffold.translate.writer import BlockWriter


def below(name: str, key: object) -> str:
    """Name of a member of what is called `name`."""
    return f"{name}.{key}" if name else str(key)


def in_name(key: ast.expr, text: str) -> str:
    """A dictionary's key, with its text in TensorFlow, as a part of a name that may be an f-string."""
    if isinstance(key, ast.Constant):
        return str(key.value)
    inner = ast.unparse(key.args[0]) if isinstance(key, ast.Call) and ast.unparse(key.func) == "str" else text
    return text[2:-1] if isinstance(key, ast.JoinedStr) else f"{{{inner}}}"


def of_container(constructor: Constructor, node: ast.Call, name: str) -> str:
    """A container of sub-modules as a list, or as a dictionary where its members have keys."""
    items = mixed.literal_items(constructor.engine, node)
    if items is not None and not any(key.isdigit() for key, _ in items) and items:
        return "{" + ", ".join(f'"{key}": {constructor.value(item, f"{name}.{key}")}' for key, item in items) + "}"
    if items is not None:
        return "[" + ", ".join(constructor.value(item, f"{name}.{key}") for key, item in items) + "]"
    if len(node.args) > 1:
        return summed(constructor, _joined(constructor, node.args, name), name)[0]
    only = node.args[0].value if isinstance(node.args[0], ast.Starred) else node.args[0]
    if isinstance(only, ast.GeneratorExp):
        return comprehension(constructor, ast.copy_location(ast.ListComp(only.elt, only.generators), only), name)
    if isinstance(only, ast.ListComp):
        return constructor.value(only, name)
    if isinstance(only, ast.BinOp) and isinstance(only.op, ast.Add):
        return summed(constructor, only, name)[0]
    if (
        isinstance(only, ast.Name)
        and _is_filled_by_key(constructor, only)
        and ast.unparse(node.func).endswith("Sequential")
    ):
        why = "a dictionary that is filled elsewhere gives its members' order and names"
        constructor.engine.diagnose("TFP101", "torch.nn.Sequential", why, node, "write a list of named layers")
    return constructor.engine.expression(only)


def _is_filled_by_key(constructor: Constructor, local: ast.Name) -> bool:
    """True where a constructor has `local[key] = layer`."""
    targets = (t for n in ast.walk(constructor.function) if isinstance(n, ast.Assign) for t in n.targets)
    return any(isinstance(t, ast.Subscript) and ast.unparse(t.value) == local.id for t in targets)


def _joined(constructor: Constructor, parts: list[ast.expr], name: str) -> ast.expr:
    """`a, *b, c` as the sum of lists `[a] + b + [c]`; what follows a list of unknown length has no known place."""
    lists = [p.value if isinstance(p, ast.Starred) else ast.copy_location(ast.List([p], ast.Load()), p) for p in parts]
    whole = lists[0]
    for before, part in itertools.pairwise(lists):
        if not isinstance(before, (ast.List, ast.Tuple)):
            constructor.engine.diagnose(
                "TFP130", name, "the place of this member is not known", part, "name it by hand"
            )
        whole = ast.copy_location(ast.BinOp(whole, ast.Add(), part), parts[0])
    return whole


def summed(constructor: Constructor, node: ast.expr, name: str, first: int = 0) -> tuple[str, int]:
    """`[a] + ([b] if c else []) + …`: members are numbered on; the text and how many members there are at most."""
    if isinstance(node, ast.BinOp):
        left, count = summed(constructor, node.left, name, first)
        right, more = summed(constructor, node.right, name, first + count)
        return f"{left} + {right}", count + more
    if isinstance(node, ast.IfExp):
        body, count = summed(constructor, node.body, name, first)
        other, _ = summed(constructor, node.orelse, name, first)
        return f"({body} if {constructor.engine.expression(node.test)} else {other})", count
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [constructor.value(item, f"{name}.{first + k}") for k, item in enumerate(node.elts)]
        return f"[{', '.join(items)}]", len(items)
    if isinstance(node, ast.ListComp):
        return comprehension(constructor, node, name, first), 0
    return constructor.engine.expression(node), 0


def comprehension(constructor: Constructor, node: ast.ListComp, name: str, first: int | str = 0) -> str:
    """A comprehension over sub-modules, whose places count from `first`, a number or an expression."""
    generator = node.generators[0]
    target, iterable = generator.target, generator.iter
    text = constructor.engine.expression(iterable)
    is_range = isinstance(iterable, ast.Call) and ast.unparse(iterable.func) == "range"
    if is_range and isinstance(target, ast.Name) and len(iterable.args) == 1:  # type: ignore[attr-defined]
        index = "i" if target.id == "_" else target.id
        loop = f"for {index} in {text}"
    elif isinstance(iterable, ast.Call) and ast.unparse(iterable.func) == "enumerate" and isinstance(target, ast.Tuple):
        index = ast.unparse(target.elts[0])
        index = "i" if index == "_" else index
        loop = f"for {index}, {ast.unparse(target.elts[1])} in {text}"
    else:
        index = "i" if "i" not in {n.id for n in ast.walk(node.elt) if isinstance(n, ast.Name)} else "layer_index"
        loop = f"for {index}, {ast.unparse(target)} in enumerate({text})"
    conditions = "".join(f" if {constructor.engine.expression(c)}" for c in generator.ifs)
    place = f"{{{index} + {first}}}" if first else f"{{{index}}}"
    return f"[{constructor.value(node.elt, below(name, place))} {loop}{conditions}]"


def registers(loop: ast.For) -> str | None:
    """The attribute of `for i, layer in enumerate(self.layers): self.add_module(str(i), layer)`; None for any other loop."""
    call = loop.body[0].value if len(loop.body) == 1 and isinstance(loop.body[0], ast.Expr) else None
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != "self.add_module":
        return None
    items = (
        loop.iter.args[0] if isinstance(loop.iter, ast.Call) and ast.unparse(loop.iter.func) == "enumerate" else None
    )
    is_own = isinstance(items, ast.Attribute) and ast.unparse(items.value) == "self"
    return items.attr if is_own and ast.unparse(call.args[0]).startswith("str(") else None  # type: ignore[union-attr]


def registered_one_by_one(function: ast.FunctionDef) -> frozenset[str]:
    """Lists whose members are sub-modules of the class itself, named by their place."""
    loops = (registers(node) for node in ast.walk(function) if isinstance(node, ast.For))
    return frozenset(attr for attr in loops if attr is not None)


def member_name(engine: Engine, call: ast.Call, attr: str, text: str) -> str:
    """Name of what `x.append(layer)` or `x.add_module(str(i), layer)` adds to a list, `self.add_module(…)` to the class."""
    before = f"{attr}." if attr else ""
    if len(call.args) == 1:
        return f"{before}{{len({text})}}"
    key = call.args[0]
    if isinstance(key, ast.Constant):
        return f"{before}{key.value!s}"
    if isinstance(key, ast.Call) and ast.unparse(key.func) == "str":
        return f"{before}{{{engine.expression(key.args[0])}}}"
    if (
        isinstance(key, ast.Call) and ast.unparse(key.func).endswith("'.format") and not key.keywords
    ):  # `"layer_{}".format(i)`
        pieces = str(key.func.value.value).split("{}")  # type: ignore[attr-defined]
        values = [f"{{{engine.expression(a)}}}" for a in key.args]
        return before + "".join(a + b for a, b in zip(pieces, [*values, ""], strict=False))
    rendered = engine.expression(key)
    return f"{before}{rendered[2:-1]}" if isinstance(key, ast.JoinedStr) else f"{before}{{{rendered}}}"


def _place(constructor: Constructor, node: ast.Name) -> str | None:
    """`layers.0` for `first` in `self.layers = nn.Sequential(first, …)`, in a list within the container too."""
    engine = constructor.engine
    holder = engine.parent(node)
    call = engine.parent(holder) if isinstance(holder, (ast.List, ast.Tuple)) else holder
    if not isinstance(call, ast.Call) or engine.source.qualname(call.func) not in mixed.CONTAINERS:
        return None
    items = holder.elts if isinstance(holder, (ast.List, ast.Tuple)) else call.args
    statement = engine.parent(call)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    before = any(isinstance(a, ast.Starred) for a in items[: items.index(node)])
    return f"{target.attr}.{items.index(node)}" if isinstance(target, ast.Attribute) and not before else None


def _is_registration(node: ast.AST) -> bool:
    """`self.add_module(key, layer)`, which names a layer whatever else it is put into."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "self.add_module"


def destination(constructor: Constructor, target: ast.expr, value: ast.expr) -> str | None:
    """The name of a sub-module that a local holds until it is put into a list or an attribute; None for any other."""
    name = target.id if isinstance(target, ast.Name) else ""
    if not name or not isinstance(value, ast.Call) or constructor.engine.constructor_name(value) is None:
        return None
    nodes = sorted(ast.walk(constructor.function), key=lambda n: not _is_registration(n))
    return next((place for node in nodes if (place := _named_by(constructor, node, name)) is not None), None)


def _named_by(constructor: Constructor, node: ast.AST, name: str) -> str | None:
    """The name that a node gives to what a local holds."""
    engine = constructor.engine
    if isinstance(node, ast.Name) and node.id == name:
        return engine.handed.get(node) or _place(constructor, node)
    if isinstance(node, ast.Assign) and name == ast.unparse(
        reparametrised.normalised(engine, node.value) or node.value
    ):
        place = node.targets[0]
        attr = place.attr if isinstance(place, ast.Attribute) and ast.unparse(place.value) == "self" else ""
        return attr if attr in constructor.info.children else None
    if not isinstance(node, ast.Call) or not node.args or ast.unparse(node.args[-1]) != name:
        return None
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in ("append", "add_module"):
        return None
    if _is_registration(node):
        return member_name(engine, node, "", "")
    receiver = node.func.value
    text = receiver.attr if isinstance(receiver, ast.Attribute) else ast.unparse(receiver)
    owner = constructor.list_owner.get(text, text if isinstance(receiver, ast.Attribute) else "")
    return member_name(engine, node, owner, engine.expression(receiver)) if owner else None


def set_by_name(constructor: Constructor, writer: BlockWriter, statement: ast.stmt, call: ast.Call) -> list[str] | None:
    """`setattr(self, f"embed_{i}", nn.Embedding(…))`: a sub-module of that name, kept in a list as well for `build()`.

    `self.add_module(f"conv_{i}", nn.Conv2d(…))` is the same.
    """
    owner, arguments = ast.unparse(call.func).removesuffix(".add_module"), call.args
    if isinstance(call.func, ast.Name):
        owner, arguments = ast.unparse(arguments[0]) if arguments else "", arguments[1:]
    if len(arguments) != 2 or owner != "self":
        return None
    key, made = arguments
    if not isinstance(made, ast.Call) or constructor.engine.constructor_name(made) is None:
        return None
    text = constructor.engine.expression(key)
    name = (
        str(key.value)
        if isinstance(key, ast.Constant)
        else text[2:-1]
        if isinstance(key, ast.JoinedStr)
        else f"{{{text}}}"
    )
    lines = writer.with_comment(statement, f"setattr(self, {text}, {constructor.value(made, name)})")
    shape = buildplan.build_shape(constructor, made)
    if shape is None:
        return lines
    buildplan.add(constructor.plan, buildplan.Built("named_layers", shape, True))
    return [*lines, f'self.named_layers = getattr(self, "named_layers", []) + [getattr(self, {text})]']
