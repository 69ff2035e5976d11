"""`__init__`: sub-layers with their names, parameters moved to `build()`, buffers as constants, the build plan.

Source: translator.md §1.2 and §1.4 (the weight path is made of `name=` alone; build shapes are PyTorch's constructor arguments).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from scaffold.translate import binding, registry
from scaffold.translate.callsite import Arg
from scaffold.translate.classes import Category, ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.names import local_names
from scaffold.translate.rule import LayerRule, Unmapped
from scaffold.translate.writer import BlockWriter, indented

#: Attribute values that need `self.config` in a build shape are rewritten to it.
_CONFIG = "config"
#: Attributes that only PyTorch's trainer or head pruning reads.
_NO_MEANING = frozenset({"gradient_checkpointing", "pruned_heads", "is_parallelizable", "model_parallel", "device_map"})


@dataclass(frozen=True, slots=True)
class Built:
    """One entry of `build()`: a sub-layer (or list of them) and the shape it is built with."""

    attr: str
    shape: str
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Weight:
    """One `nn.Parameter`: the `add_weight` call of `build()`."""

    attr: str
    name: str
    shape: str
    initializer: str
    trainable: bool = True
    condition: str = ""


@dataclass(slots=True)
class Plan:
    """What a constructor leaves for `build()`."""

    built: list[Built] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    stored: dict[str, str] = field(default_factory=dict)  # constructor local → attribute that keeps it
    needs_config: bool = False


class Constructor:
    """Writes one class's `__init__` body and plans its `build()`."""

    def __init__(self, engine: Engine, info: ClassInfo, function: ast.FunctionDef) -> None:
        self.engine = engine
        self.info = info
        self.function = function
        self.plan = Plan()
        self.locals = local_names(function) - {"self"}
        self.list_owner: dict[str, str] = {}
        self.stored_before: set[str] = set()
        self._find_lists()

    def _find_lists(self) -> None:
        """Local lists that end up in a module list: their members are named after the attribute."""
        for node in ast.walk(self.function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute) and isinstance(node.value, ast.Call):
                for argument in node.value.args:
                    inner = argument.value if isinstance(argument, ast.Starred) else argument
                    if isinstance(inner, ast.Name):
                        self.list_owner[inner.id] = node.targets[0].attr

    # -- statements --------------------------------------------------------------------------------------------------

    def statement(self, writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
        """The pass that runs first in a constructor."""
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            return self._call(writer, statement, statement.value)
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                return self._attribute(writer, statement, target, statement.value)
            if isinstance(target, ast.Attribute) and target.attr in ("bias", "weight", "requires_grad"):
                return []  # tying: see ties.py
        return None

    def _call(self, writer: BlockWriter, statement: ast.Expr, call: ast.Call) -> list[str] | None:
        name = ast.unparse(call.func)
        if name == "super().__init__":
            return self._super(call)
        if name == "self.register_buffer":
            return self._buffer(writer, statement, call)
        if name in ("self.register_parameter", "self.add_module", "setattr", "nn.init.normal_") or name.startswith(("nn.init.", "torch.nn.init.")):
            return [] if "init" in name else None
        if isinstance(call.func, ast.Attribute) and call.func.attr == "append" and call.args:
            return self._append(writer, statement, call)
        return None

    def _super(self, call: ast.Call) -> list[str]:
        if self.info.category in (Category.MODEL, Category.BASE) and not self.engine.as_layer:
            return ["super().__init__(config, *inputs, **kwargs)"]
        if self.info.category is Category.SUBCLASS:
            return self._super_of_torch_layer(call)
        parents = [b for b in self.info.bases if b in self.engine.classes]
        if parents and self.info.category is Category.LAYER:
            arguments = ", ".join([*self._arguments(call), "**kwargs"])
            return [f"super().__init__({arguments})"]
        return ["super().__init__(**kwargs)"]

    def _arguments(self, call: ast.Call) -> list[str]:
        from scaffold.translate.operators import arguments

        return arguments(self.engine, call)

    def _super_of_torch_layer(self, call: ast.Call) -> list[str]:
        base = next((b for b in self.info.bases if b.startswith("torch.nn.")), "")
        rule = registry.find(base)
        if not isinstance(rule, LayerRule):
            return [f"super().__init__({', '.join([*self._arguments(call), '**kwargs'])})"]
        self.engine.layer_name = '""'
        text = self.engine.construct_layer(rule, base, call)
        self.engine.layer_name = None
        parsed = ast.parse(text, mode="eval").body
        assert isinstance(parsed, ast.Call)
        kept = [ast.get_source_segment(text, k.value) for k in parsed.keywords if k.arg != "name"]
        names = [k.arg for k in parsed.keywords if k.arg != "name"]
        keywords = [f"{n}={v}" for n, v in zip(names, kept, strict=True)]
        return [f"super().__init__({', '.join([*keywords, '**kwargs'])})"]

    def _buffer(self, writer: BlockWriter, statement: ast.Expr, call: ast.Call) -> list[str] | None:
        if not call.args or not isinstance(call.args[0], ast.Constant):
            return None
        attr = str(call.args[0].value)
        value = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "tensor"), None)
        if value is None:
            return None
        return writer.with_comment(statement, f"self.{self._keras_name(attr)} = {self.engine.expression(value)}")

    def _append(self, writer: BlockWriter, statement: ast.Expr, call: ast.Call) -> list[str] | None:
        assert isinstance(call.func, ast.Attribute)
        receiver = call.func.value
        attr = None
        if isinstance(receiver, ast.Name) and receiver.id in self.list_owner:
            attr = self.list_owner[receiver.id]
        elif isinstance(receiver, ast.Attribute) and receiver.attr in self.info.children:
            attr = receiver.attr
        if attr is None:
            return None
        text = self.engine.expression(receiver)
        value = self.value(call.args[0], f"{attr}.{{len({text})}}")
        return writer.with_comment(statement, f"{text}.append({value})")

    def _attribute(self, writer: BlockWriter, statement: ast.stmt, target: ast.Attribute, value: ast.expr) -> list[str] | None:
        attr = target.attr
        if attr == "config" and self.info.category is Category.MODEL and not self.engine.as_layer:
            return []
        if attr in _NO_MEANING:
            return []
        if attr in self.engine.dropout_rates:
            return [f"self.{self._keras_name(attr)} = keras.layers.Dropout({self.engine.expression(value)})"]
        if attr in self.info.parameters and isinstance(value, ast.Call) and self._is_parameter(value):
            return self._parameter(attr, value)
        if attr in self.info.parameters and isinstance(value, ast.IfExp):
            return [*self._parameter(attr, self.info.parameters[attr]), f"self.{self._keras_name(attr)} = None"]
        if attr not in self.info.children:
            return self._plain(writer, statement, attr, value)
        self.engine.constructing = attr
        text = self.value(value, attr)
        self.engine.constructing = None
        if attr in self.engine.tied_attributes.get(self.info.name, {}):
            if self.engine.tied_attributes[self.info.name][attr]:
                text = re.sub(r"use_bias=\w+|(?<=units=)([^,]+)(?!.*use_bias)", lambda m: "use_bias=False" if "use_bias" in m[0] else m[0] + ", use_bias=False", text, count=1)
            text = f"None if config.tie_word_embeddings else {text}"
        lines = writer.with_comment(statement, f"self.{self._keras_name(attr)} = {text}")
        extra, self.engine.extra_init = self.engine.extra_init, []
        self._plan_child(attr)
        return [*self._stored_here(), *lines, *extra]

    def _stored_here(self) -> list[str]:
        """Locals of the constructor (not its parameters) that build() needs, kept where they are known to be bound."""
        parameters = {a.arg for a in [*self.function.args.args, *self.function.args.kwonlyargs]}
        found = {name: attr for name, attr in self.plan.stored.items() if name not in parameters}
        for name in found:
            del self.plan.stored[name]
            self.stored_before.add(name)
        return [f"self.{attr} = {name}" for name, attr in found.items()]

    def _plain(self, writer: BlockWriter, statement: ast.stmt, attr: str, value: ast.expr) -> list[str] | None:
        if isinstance(value, ast.Call) and self.engine.source.qualname(value.func) in ("torch.nn.ModuleList", "torch.nn.ModuleDict"):
            return writer.with_comment(statement, f"self.{self._keras_name(attr)} = {self.value(value, attr)}")
        return None

    def _keras_name(self, attr: str) -> str:
        return self.info.attribute_names.get(attr, attr)

    # -- values ------------------------------------------------------------------------------------------------------

    def value(self, node: ast.expr, name: str) -> str:
        """A sub-module expression with its weight name; `{…}` in `name` makes it an f-string."""
        qualname = self.engine.source.qualname(node.func) if isinstance(node, ast.Call) else None
        if qualname in ("torch.nn.ModuleList", "torch.nn.Sequential") and isinstance(node, ast.Call):
            return self._list(node, name)
        if qualname == "torch.nn.ModuleDict" and isinstance(node, ast.Call) and node.args:
            return self.value(node.args[0], name)
        if isinstance(node, ast.ListComp):
            return self._comprehension(node, name)
        if isinstance(node, (ast.List, ast.Tuple)):
            return "[" + ", ".join(self.value(e, f"{name}.{k}") for k, e in enumerate(node.elts)) + "]"
        if isinstance(node, ast.IfExp):
            test = self.engine.expression(node.test)
            return f"{self.value(node.body, name)} if {test} else {self.value(node.orelse, name)}"
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            items = [f"{self.engine.expression(k)}: {self.value(v, f'{name}.{ast.literal_eval(k)}')}" for k, v in pairs if k]
            return "{" + ", ".join(items) + "}"
        self.engine.layer_name = f'f"{name}"' if "{" in name else f'"{name}"'
        self.engine.forget()
        text = self.engine.expression(node)
        self.engine.layer_name = None
        return text

    def _list(self, node: ast.Call, name: str) -> str:
        if not node.args:
            return "[]"
        if len(node.args) == 1 and not isinstance(node.args[0], ast.Starred):
            only = node.args[0]
            if isinstance(only, (ast.List, ast.Tuple, ast.ListComp)):
                return self.value(only, name)
            if isinstance(only, ast.GeneratorExp):
                return self._comprehension(ast.copy_location(ast.ListComp(only.elt, only.generators), only), name)
            if isinstance(only, ast.Name):
                return only.id
            if isinstance(only, ast.BinOp):
                return self.engine.expression(only)
        if len(node.args) == 1 and isinstance(node.args[0], ast.Starred):
            inner = node.args[0].value
            return inner.id if isinstance(inner, ast.Name) else self.value(inner, name)
        return "[" + ", ".join(self.value(e, f"{name}.{k}") for k, e in enumerate(node.args)) + "]"

    def _comprehension(self, node: ast.ListComp, name: str) -> str:
        generator = node.generators[0]
        target, iterable = generator.target, generator.iter
        text = self.engine.expression(iterable)
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
        conditions = "".join(f" if {self.engine.expression(c)}" for c in generator.ifs)
        return f"[{self.value(node.elt, f'{name}.{{{index}}}')} {loop}{conditions}]"

    # -- parameters --------------------------------------------------------------------------------------------------

    def _is_parameter(self, value: ast.Call) -> bool:
        return self.engine.source.qualname(value.func) == "torch.nn.Parameter"

    def _parameter(self, attr: str, call: ast.Call) -> list[str]:
        value = call.args[0] if call.args else call.keywords[0].value
        shape, initializer = self._shape_and_initializer(value)
        if shape is None:
            self.engine.diagnose("TFP130", attr, "the shape of this parameter is not written in its constructor", call, "add it in build() with add_weight")
            return []
        frozen = any(k.arg == "requires_grad" and ast.unparse(k.value) == "False" for k in call.keywords)
        condition = self._condition(call)
        self.plan.weights.append(Weight(self._keras_name(attr), attr, shape, initializer, not frozen, condition))
        return []

    def _condition(self, node: ast.AST) -> str:
        """The `if` around a parameter, so that build() asks the same question."""
        parent = self.engine.parent(node)
        child: ast.AST = node
        tests: list[str] = []
        while parent is not None and parent is not self.function:
            if isinstance(parent, (ast.If, ast.IfExp)):
                test = self._for_build(parent.test)
                inside = child is parent.body if isinstance(parent, ast.IfExp) else child in parent.body
                tests.append(test if inside else f"not ({test})")
            child, parent = parent, self.engine.parent(parent)
        return " and ".join(reversed(tests))

    def _shape_and_initializer(self, value: ast.expr) -> tuple[str | None, str]:
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
            for scaled, factor in ((value.left, value.right), (value.right, value.left)):
                shape, initializer = self._shape_and_initializer(scaled)
                if shape is not None and initializer == '"ones"':
                    return shape, f"keras.initializers.Constant({self._for_build(factor)})"
        if not isinstance(value, ast.Call):
            return self._scalar(value)
        name = self.engine.source.qualname(value.func) or ""
        leaf = name.split(".")[-1]
        if isinstance(value.func, ast.Attribute) and not name and value.func.attr.rstrip("_") in ("normal", "uniform", "fill", "to", "float", "zero"):
            return self._shape_and_initializer(value.func.value)
        arguments = [a for a in value.args if not isinstance(a, ast.Starred)]
        if leaf in ("zeros", "ones", "empty", "randn", "rand", "Tensor", "FloatTensor"):
            if len(arguments) == 1 and isinstance(arguments[0], (ast.Tuple, ast.List)):
                arguments = list(arguments[0].elts)
            items = ", ".join(self._for_build(a) for a in arguments)
            shape = f"({items},)" if len(arguments) == 1 else f"({items})"
            by_leaf = {"zeros": '"zeros"', "ones": '"ones"'}
            return shape, by_leaf.get(leaf, self._normal())
        if leaf in ("full",) and len(arguments) >= 2:
            items = self._for_build(arguments[0])
            return items, f"keras.initializers.Constant({self._for_build(arguments[1])})"
        if leaf == "tensor" and arguments:
            return self._scalar(arguments[0])
        if leaf == "trunc_normal_" and arguments:
            return self._shape_and_initializer(arguments[0])
        return None, ""

    def _scalar(self, value: ast.expr) -> tuple[str | None, str]:
        if isinstance(value, (ast.List, ast.Tuple)) and len(value.elts) == 1:
            return "(1,)", f"keras.initializers.Constant({self._for_build(value.elts[0])})"
        if isinstance(value, (ast.Constant, ast.Attribute, ast.Name, ast.UnaryOp)):
            return "()", f"keras.initializers.Constant({self._for_build(value)})"
        return None, ""

    def _normal(self) -> str:
        if self.engine.initializer:
            self.engine.uses.add("get_initializer")
            self.plan.needs_config = True
            return "get_initializer(self.config.initializer_range)"
        return '"random_normal"'

    # -- build plan --------------------------------------------------------------------------------------------------

    def _plan_child(self, attr: str) -> None:
        child = self.info.children[attr]
        shapes: list[str] = []
        for call in child.calls:
            if self.engine.parent(call) is None or self.engine.function_of(call) is not self.function:
                continue
            shape = self._build_shape(call)
            if shape is not None and shape not in shapes:
                shapes.append(shape)
        shapes = [s for s in shapes if s != "None"] or shapes
        if not shapes:
            return
        if len(shapes) > 1:
            shapes = [self._stored_shape(attr, shapes)]
        entry = Built(self._keras_name(attr), shapes[0], child.is_list)
        if entry.attr not in [b.attr for b in self.plan.built]:
            self.plan.built.append(entry)

    def _stored_shape(self, attr: str, shapes: list[str]) -> str:
        self.engine.diagnose("TFP131", attr, "built with different input sizes in different branches", self.function, "write its build() entry by hand")
        return shapes[0]

    def _build_shape(self, call: ast.Call) -> str | None:
        qualname = self.engine.constructor_name(call)
        if qualname is None:
            return None
        rule = registry.find(qualname)
        if not isinstance(rule, LayerRule):
            return "None" if qualname in self.engine.classes or qualname.startswith("transformers.") else None
        if rule.build is None:
            return None
        bound = binding.bind(rule.args, list(call.args), call.keywords)
        if isinstance(bound, Unmapped):
            return None
        values: dict[str, Arg | str] = {k: self._for_build(v) for k, v in bound[0].items() if f"{{{k}}}" in rule.build}
        if "normalized_shape" in values:
            return self._norm_shape(call, bound[0]["normalized_shape"])
        return binding.fill(rule.build, values)

    def _norm_shape(self, call: ast.Call, node: ast.expr) -> str:
        """LayerNormalization keeps a positive axis from the rank it is built with, so the rank must be the one it is called with."""
        text = self._for_build(node)
        if isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) == 1:
            text = self._for_build(node.elts[0])
        rank = self.engine.called_rank(self.info, call) or 3
        return "[" + ", ".join(["None"] * (rank - 1) + [text]) + "]"

    def _for_build(self, node: ast.expr) -> str:
        """An expression of the constructor as `build()` can write it: through `self`."""
        names: dict[str, str] = {}
        changing = {
            ast.unparse(n): f"self.{self._kept(ast.unparse(n))}"
            for n in ast.walk(node)
            if isinstance(n, ast.Attribute) and ast.unparse(n.value) == _CONFIG and n.attr in self.engine.reassigned_config
        }
        for name in {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}:
            if name == _CONFIG and name in self.locals:
                self.plan.needs_config = True
                names[name] = "self.config"
            elif name in self.locals:
                names[name] = f"self.{self._kept(name)}"
        text = self.engine.expression(node)
        for before, after in changing.items():
            text = text.replace(before, after)
        tree = ast.parse(text, mode="eval")
        for item in ast.walk(tree):
            if isinstance(item, ast.Name) and item.id in names:
                item.id = names[item.id]
        return ast.unparse(tree)

    def _kept(self, name: str) -> str:
        """The attribute that already holds a constructor local, or a new one."""
        for node in ast.walk(self.function):
            if isinstance(node, ast.Assign) and ast.unparse(node.value) == name:
                target = node.targets[0]
                if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self" and target.attr not in self.engine.dropout_rates:
                    return self._keras_name(target.attr)
        plain = name.split(".")[-1]
        attr = plain if plain not in self.info.children and name not in self.info.parameters else f"{plain}_size"
        if name not in self.stored_before:
            self.plan.stored[name] = attr
        return attr


def build_method(plan: Plan, tied: list[str] | None = None) -> list[str]:
    """The explicit `build()` that safetensors loading relies on (eras.md §0, 4.37): lines without indentation."""
    if not plan.built and not plan.weights:
        return []
    lines: list[str] = []
    for weight in plan.weights:
        trainable = "True" if weight.trainable else "False"
        add = f'self.{weight.attr} = self.add_weight(shape={weight.shape}, initializer={weight.initializer}, trainable={trainable}, name="{weight.name}")'
        lines += [f"if {weight.condition}:", f"    {add}"] if weight.condition else [add]
    lines += ["", "if self.built:", "    return", "self.built = True"] if plan.weights else ["if self.built:", "    return", "self.built = True"]
    for entry in plan.built:
        lines.append(f'if getattr(self, "{entry.attr}", None) is not None:')
        if entry.is_list:
            lines += [f"    for layer in self.{entry.attr}:", "        with tf.name_scope(layer.name):", f"            layer.build({entry.shape})"]
        else:
            lines += [f"    with tf.name_scope(self.{entry.attr}.name):", f"        self.{entry.attr}.build({entry.shape})"]
    del tied
    return ["def build(self, input_shape=None):", *indented(lines)]
