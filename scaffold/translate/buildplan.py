"""What a constructor leaves for `build()`, and the explicit method itself (eras.md §0, 4.37: safetensors loading relies on it).

Build shapes are the PyTorch constructors' own first arguments (translator.md §1.4), so no shape inference is needed.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scaffold.translate import binding, containers, mixed, nested, registry, variants
from scaffold.translate.callsite import Arg
from scaffold.translate.mixed import literal_items
from scaffold.translate.rule import LayerRule, Unmapped
from scaffold.translate.rules import stateless_layers
from scaffold.translate.writer import indented

if TYPE_CHECKING:
    from scaffold.translate.constructor import Constructor
    from scaffold.translate.engine import Engine


@dataclass(frozen=True, slots=True)
class Built:
    """One entry of `build()`: a sub-layer with the shape it is built with, a list of alike ones, or single members.

    `members` holds (index text, shape) of a list or dictionary whose members are built with different shapes. `sizes` names
    the attribute that holds a `size` for each member, which the shape then speaks of. `loop` is what a list is looped over,
    where that is not the attribute itself; the condition for there to be `members`, which are a single layer at times. What is
    `at_times` a layer is a plain function in another branch.
    """

    attr: str
    shape: str
    is_list: bool = False
    members: tuple[tuple[str, str], ...] = ()
    sizes: str = ""
    loop: str = ""
    at_times: bool = False


@dataclass(frozen=True, slots=True)
class Weight:
    """One `nn.Parameter`: the `add_weight` call of `build()`. `count`: so many of them, in a list."""

    attr: str
    name: str
    shape: str
    initializer: str
    trainable: bool | str = True  # or the condition on which it is
    condition: str = ""
    count: str = ""


@dataclass(slots=True)
class Plan:
    """What a constructor leaves for `build()`."""

    built: list[Built] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    stored: dict[str, str] = field(default_factory=dict)  # constructor local → attribute that keeps it
    shared: set[str] = field(default_factory=set)  # attributes that may hold another layer's embedding
    needs_config: bool = False


_MODULE = "torch.nn.Module"


def plan_child(constructor: Constructor, attr: str, value: ast.expr) -> None:
    """Plan the build of a sub-layer, or of the members of a container."""
    engine, child = constructor.engine, constructor.info.children[attr]
    name = constructor.keras_name(attr)
    if nested.varies(constructor, attr):
        nested.plan(constructor, attr, value)
        return
    items = literal_items(engine, value)
    if items and not (
        mixed.at_times_single(engine, child) and containers.varies(constructor, attr)
    ):  # an empty container gets its members later
        members = _members(constructor, items)
        if members:
            add(constructor.plan, _of_members(constructor, attr, members))
        return
    if isinstance(value, ast.Name) and all(engine.function_of(c) is not constructor.function for c in child.calls):
        made = [engine.constructor_name(c) for c in child.calls]
        if all(name in engine.classes or name == "torch.nn.Embedding" for name in made):  # handed over
            add(constructor.plan, Built(name, "None"))
        elif all(_is_square(engine, call) for call in child.calls):
            add(constructor.plan, Built(name, f"[None, None, self.{name}.units]"))
        return
    if containers.plan_sizes(constructor, attr, child.calls):
        return
    if containers.varies(constructor, attr):
        containers.plan_shapes(constructor, attr, value)
        return
    _plan_branches(constructor, attr, value)


def _of_members(constructor: Constructor, attr: str, members: tuple[tuple[str, str], ...]) -> Built:
    """The entry of a container that is written out; at times it is a single layer, which then has a shape of its own."""
    engine, child, name = constructor.engine, constructor.info.children[attr], constructor.keras_name(attr)
    if not mixed.at_times_single(engine, child):
        return Built(name, "", True, members)
    alone = _shapes(constructor, [c for c in child.calls if not mixed.levels(engine, c)])
    return Built(name, alone[0] if len(alone) == 1 else "", True, members, loop=f"isinstance(self.{name}, list)")


def _is_square(engine: Engine, call: ast.Call) -> bool:
    """`nn.Linear(width, width)`, whose input has the size that the layer tells."""
    sizes = [ast.unparse(a) for a in call.args[:2]]
    return engine.constructor_name(call) == "torch.nn.Linear" and len(sizes) == 2 and sizes[0] == sizes[1]


def _plan_branches(constructor: Constructor, attr: str, value: ast.expr) -> None:
    """Plan the build of what one or several branches of the constructor make."""
    engine, child, name = constructor.engine, constructor.info.children[attr], constructor.keras_name(attr)
    parts = [constructor.function, *(constructor.info.methods[name] for name in constructor.info.inlined)]
    made = [c for c in child.calls if engine.function_of(c) in parts]
    shapes = _shapes(constructor, made)
    if len(shapes) > 1 and not child.is_list and isinstance(value, (ast.Call, ast.IfExp)):
        engine.extra_init.append(f"self.{name}_shape = {shape_here(constructor, value)}")
        shapes = [f"self.{name}_shape"]
    if len(shapes) > 1:
        _two_sizes(constructor, attr)
    if shapes:
        rules = (registry.find(engine.constructor_name(call) or "") for call in made)
        functions = any(isinstance(rule, LayerRule) and stateless_layers.is_function(rule) for rule in rules)
        loop = containers.loop(constructor, attr)
        add(
            constructor.plan, Built(name, shapes[0], child.is_list, loop=loop, at_times=functions and not child.is_list)
        )


def shape_here(constructor: Constructor, value: ast.expr, absent: str = "None") -> str:
    """The build shape of what a branch makes, written with the constructor's own names; `absent` where nothing is built."""
    if isinstance(value, ast.IfExp):
        body, other = (shape_here(constructor, v, absent) for v in (value.body, value.orelse))
        return f"{body} if {variants.condition(constructor.engine, value.test)} else {other}"
    constructor.verbatim = True
    shape = build_shape(constructor, value) if isinstance(value, ast.Call) else None
    constructor.verbatim = False
    return shape if shape is not None else absent


def add(plan: Plan, entry: Built) -> None:
    if entry.attr not in [built.attr for built in plan.built]:
        plan.built.append(entry)


def _members(constructor: Constructor, items: list[tuple[str, ast.expr]]) -> tuple[tuple[str, str], ...]:
    found = []
    for key, item in items:
        parts = (item.body, item.orelse) if isinstance(item, ast.IfExp) else (item,)
        calls = [part for part in parts if isinstance(part, ast.Call)]
        shapes = _shapes(constructor, calls)
        if len(shapes) > 1:
            _two_sizes(constructor, key)
        if shapes:
            found.append((key if key.isdigit() else f'"{key}"', shapes[0]))
    return tuple(found)


def _shapes(constructor: Constructor, calls: Sequence[ast.Call]) -> list[str]:
    """The different shapes that these are built with; those of layers with weights where there are such."""
    shapes = list(dict.fromkeys(s for c in calls if (s := build_shape(constructor, c)) is not None))
    return [s for s in shapes if s != "None"] or shapes


def _two_sizes(constructor: Constructor, subject: str) -> None:
    constructor.engine.diagnose(
        "TFP131",
        subject,
        "built with different input sizes in different branches",
        constructor.function,
        "write its build() entry by hand",
    )


def build_shape(constructor: Constructor, call: ast.Call, origin: ast.Call | None = None) -> str | None:
    """Text of the shape that a constructor call's layer is built with; None for what needs no building.

    `origin`: the call that stands in the file, where `call` is what a derived class makes of it.
    """
    qualname = constructor.engine.constructor_name(call)
    if qualname is None:
        return None
    derived = _as_base(constructor.engine, qualname, call)
    if derived is not None:
        return build_shape(constructor, derived, origin or call)
    rule = registry.find(qualname)
    if not isinstance(rule, LayerRule):
        return "None" if qualname in constructor.engine.classes or qualname.startswith("transformers.") else None
    if rule.build is None:
        return None
    bound = binding.bind(rule.args, list(call.args), call.keywords)
    if isinstance(bound, Unmapped):
        return None
    values: dict[str, Arg | str] = {
        k: constructor.for_build(v) for k, v in bound[0].items() if f"{{{k}}}" in rule.build
    }
    if "normalized_shape" in values:
        return _norm_shape(constructor, origin or call, bound[0]["normalized_shape"])
    channels = next((k for k in ("num_channels", "num_features") if k in values), None)
    if channels is not None:  # the axis after the batch's, of as many axes as the layer is called with
        rank = constructor.engine.called_rank(constructor.info, origin or call) or rule.build.count(",") + 1
        return "[" + ", ".join(["None", str(values[channels]), *["None"] * (rank - 2)]) + "]"
    return binding.fill(rule.build, values)


def _as_base(engine: Engine, name: str, call: ast.Call) -> ast.Call | None:
    """The constructor call of `nn.LayerNorm` that `class Norm(nn.LayerNorm)` makes of its own arguments; None otherwise.

    A class without a constructor of its own takes the arguments of the torch layer that it derives from.
    """
    info = engine.classes.get(name)
    if info is None or not info.bases or not info.bases[0].startswith("torch.nn.") or info.bases[0] == _MODULE:
        return None
    base = next((b for b in info.node.bases if engine.source.qualname(b) == info.bases[0]), None)
    if base is None:
        return None
    if info.init is None:
        return ast.copy_location(ast.Call(func=base, args=call.args, keywords=call.keywords), call)
    rule = registry.find(info.bases[0])
    calls = [n for n in ast.walk(info.init) if isinstance(n, ast.Call) and ast.unparse(n.func).endswith(".__init__")]
    given = binding.bind(tuple(a.arg for a in info.init.args.args[1:]), list(call.args), call.keywords)
    if len(calls) != 1 or isinstance(given, Unmapped) or not isinstance(rule, LayerRule) or rule.build is None:
        return None
    handed = binding.bind(
        rule.args,
        [a for a in calls[0].args if ast.unparse(a) != "self" and not isinstance(a, ast.Starred)],
        [k for k in calls[0].keywords if k.arg is not None],
    )
    if isinstance(handed, Unmapped):
        return None
    defaults = _defaults(info.init)
    made = ast.Call(func=base, args=[], keywords=[])
    for name, value in handed[0].items():
        if f"{{{name}}}" in rule.build:
            here = given[0].get(value.id, defaults.get(value.id)) if isinstance(value, ast.Name) else None
            if here is None:
                return None
            made.keywords.append(ast.keyword(name, here))
    engine.source.parents[made] = engine.source.parents[call]
    return ast.copy_location(made, call)


def _defaults(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """Parameter → its default."""
    arguments = function.args.args[len(function.args.args) - len(function.args.defaults) :]
    return {a.arg: d for a, d in zip(arguments, function.args.defaults, strict=True)}


def _norm_shape(constructor: Constructor, call: ast.Call, node: ast.expr) -> str:
    """LayerNormalization keeps a positive axis from the rank it is built with, which must be the rank it is called with."""
    only = node.elts[0] if isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) == 1 else node
    rank = constructor.engine.called_rank(constructor.info, call) or 3
    return "[" + ", ".join(["None"] * (rank - 1) + [constructor.for_build(only)]) + "]"


def build_method(plan: Plan, holder: str = "self") -> list[str]:
    """`build()` as lines without indentation; nothing when there is nothing to build. `holder` gets the weights."""
    if not plan.built and not plan.weights:
        return []
    guard = ["if self.built:", "    return", "self.built = True"]
    # a model builds itself again when its embeddings are resized, and would lose what its weights hold
    guard_first = holder != "self" and bool(plan.weights)
    lines = [*guard] if guard_first else []
    for weight in plan.weights:
        name = f'f"{weight.name}.{{i}}"' if weight.count else f'"{weight.name}"'
        arguments = f"shape={weight.shape}, initializer={weight.initializer}, trainable={weight.trainable}, name={name}"
        made = f"{holder}.add_weight({arguments})"
        add = f"self.{weight.attr} = " + (f"[{made} for i in range({weight.count})]" if weight.count else made)
        lines += [f"if {weight.condition}:", f"    {add}"] if weight.condition else [add]
    lines += [*([""] if plan.weights else []), *([] if guard_first else guard)]
    for entry in plan.built:
        unbuilt = f" and not self.{entry.attr}.built" if entry.attr in plan.shared else ""
        held = f'getattr(self, "{entry.attr}", None)'
        is_layer = f"isinstance({held}, keras.layers.Layer)" if entry.at_times else f"{held} is not None"
        lines += [f"if {is_layer}{unbuilt}:", *indented(_entry(entry))]
    return ["def build(self, input_shape=None):", *indented(lines)]


def _entry(entry: Built) -> list[str]:
    target = f"self.{entry.attr}"
    if entry.members:
        lines = []
        for index, shape in entry.members:
            lines += [f"with tf.name_scope({target}[{index}].name):", f"    {target}[{index}].build({shape})"]
        alone = ["else:", f"    with tf.name_scope({target}.name):", f"        {target}.build({entry.shape})"]
        return [f"if {entry.loop}:", *indented(lines), *(alone if entry.shape else [])] if entry.loop else lines
    if entry.sizes:
        loop = f"for layer, size in zip({entry.loop or target}, self.{entry.sizes}):"
        if entry.shape == "size":  # False: nothing to build
            inner = ["with tf.name_scope(layer.name):", "    layer.build(size)"]
            return [loop, "    if size is not False:", *indented(inner, 2)]
    elif entry.is_list:
        loop = f"for layer in {entry.loop or target}:"
    if entry.is_list:
        return [loop, "    with tf.name_scope(layer.name):", f"        layer.build({entry.shape})"]
    return [f"with tf.name_scope({target}.name):", f"    {target}.build({entry.shape})"]
