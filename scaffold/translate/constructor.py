"""`__init__`: sub-layers with their names, parameters moved to `build()`, buffers as constants, the build plan.

Source: translator.md §1.2 and §1.4 (the weight path is made of `name=` alone; build shapes are PyTorch's constructor arguments).
"""

from __future__ import annotations

import ast
import re

from scaffold.translate import buildplan, containers, derived, inlining, losses, members, parameters, ties, variants
from scaffold.translate.buildplan import Plan, Weight
from scaffold.translate.classes import Category, ClassInfo
from scaffold.translate.constructor_lines import LAYER_INIT
from scaffold.translate.engine import Engine
from scaffold.translate.names import bound_once, handed_in, local_names
from scaffold.translate.operators import arguments
from scaffold.translate.shared_weights import assigned as weight_of_child
from scaffold.translate.writer import BlockWriter

#: Attributes that only PyTorch's trainer or head pruning reads.
_NO_MEANING = frozenset(
    "_tied_weights_keys gradient_checkpointing pruned_heads is_parallelizable model_parallel device_map".split()
)
#: What a list of sub-modules is written as.
_LISTS = (ast.List, ast.ListComp, ast.BinOp)


def _names(target: ast.expr, name: str) -> bool:
    """True for an assignment target that binds a name."""
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(target))


class Constructor:
    """Writes one class's `__init__` body and plans its `build()`."""

    def __init__(self, engine: Engine, info: ClassInfo, function: ast.FunctionDef) -> None:
        self.engine = engine
        self.info = info
        self.function = function
        self.plan = Plan()
        self.locals = local_names(function) - {"self"}
        self.list_owner = containers.list_owners(function)
        self.registered = members.registered_one_by_one(function)
        self.stored_before: set[str] = set()
        self.pending: dict[str, str] = {}  # local that is kept as soon as it is bound → attribute
        self.verbatim = False  # build shapes are written for the constructor itself

    # -- statements --------------------------------------------------------------------------------------------------

    def statement(self, writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
        """The pass that runs first in a constructor."""
        name = ast.unparse(statement.targets[0]) if isinstance(statement, ast.Assign) else ""
        if name in self.pending:
            attr = self.pending.pop(name)
            lines = [*writer.statement(statement), f"self.{attr} = {name}"]
            self.pending[name] = attr  # other branches bind it too
            return lines
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            return self._call(writer, statement, statement.value)
        if isinstance(statement, ast.For) and members.registers(statement) is not None:
            return []  # the members have those names
        if isinstance(statement, ast.AugAssign):
            return self._more_of_list(writer, statement, statement)
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
            return self._member(writer, statement, statement.targets[0])
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                return self._attribute(writer, statement, target, statement.value)
            return self._assigned(writer, statement, target, statement.value)
        return None

    def _assigned(
        self, writer: BlockWriter, statement: ast.stmt, target: ast.expr, value: ast.expr
    ) -> list[str] | None:
        """An assignment to a local, or to an attribute of a sub-module."""
        if isinstance(target, ast.Attribute) and target.attr in ("bias", "weight", "requires_grad"):
            return weight_of_child(self, target, value)
        if parameters.for_initialising(self, target, value):
            return []
        if isinstance(target, ast.Name) and isinstance(value, ast.Call) and parameters.is_parameter(self.engine, value):
            return [f"{target.id} = {self.engine.expression(value.args[0])}"]
        if isinstance(target, ast.Name) and target.id in self.list_owner and isinstance(value, _LISTS):
            return self._local_list(writer, statement, target.id, value)
        place = members.destination(self, target, value)
        if place is not None:
            lines = writer.with_comment(statement, f"{ast.unparse(target)} = {self.value(value, place)}")
            return [*lines, *derived.padding_of(self, value, ast.unparse(target))]
        if self.info.taken and ast.unparse(value).partition("(")[0].endswith("._from_config"):
            return []  # a model that one sub-module was taken out of
        return None

    def _call(self, writer: BlockWriter, statement: ast.Expr, call: ast.Call) -> list[str] | None:
        name = ast.unparse(call.func)
        if re.fullmatch(r"super\(.*\)\.__init__", name):
            return self._super(call)
        if (
            name.endswith(".__init__") and call.args and ast.unparse(call.args[0]) == "self"
        ):  # nn.LayerNorm.__init__(self, …)
            return self._super(ast.copy_location(ast.Call(call.func, call.args[1:], call.keywords), call))
        if name == "self.register_buffer":
            return self._buffer(writer, statement, call)
        made = parameters.made_by_method(self, call)
        if made is not None:
            return made
        if name.removeprefix("self.") in self.info.inlined:
            return self._inlined(writer, self.info.methods[name.removeprefix("self.")])
        if name == "self.add_module" and len(call.args) == 2 and isinstance(call.args[1], ast.Name):
            return []  # what it holds was made with that name
        if name in ("setattr", "self.add_module"):
            return members.set_by_name(self, writer, statement, call)
        if (initial := parameters.initial_value(self, call)) is not None:
            return initial
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("append", "add_module") and call.args:
            return self._append(writer, statement, call)
        return self._more_of_list(writer, statement, call)

    def _inlined(self, writer: BlockWriter, method: ast.FunctionDef) -> list[str]:
        """The body of a method that makes sub-modules, in the place of its call."""
        function, before = self.function, self.locals
        self.function, self.locals = method, (before | local_names(method)) - {"self"}
        first = method.body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        lines = writer.block(
            inlining.on_construction(method)[documented:], (first.end_lineno or 0) if documented else first.lineno - 1
        )
        self.function, self.locals = function, before
        return parameters.with_planned_shapes(self, lines)

    def _super(self, call: ast.Call) -> list[str]:
        if self.info.category in (Category.MODEL, Category.BASE) and not self.engine.as_layer:
            return ["super().__init__(config, *inputs, **kwargs)"]
        if self.info.category is Category.SUBCLASS:
            return derived.super_call(self, call)
        parents = [b for b in self.info.bases if b in self.engine.classes]
        if parents and self.engine.source.qualname(call.func) == "torch.nn.Module.__init__":
            return [f"{LAYER_INIT}(self, **kwargs)"]  # past the class it derives from
        if parents and self.info.category is Category.LAYER:
            given = [a for a in arguments(self.engine, call) if a != "**kwargs"]
            return [f"super().__init__({', '.join([*given, '**kwargs'])})"]
        if self._hands_keywords_on():
            return ['super().__init__(name=kwargs.pop("name", None))']  # the others are a sub-module's
        return ["super().__init__(**kwargs)"]

    def _hands_keywords_on(self) -> bool:
        """True for a constructor whose own `**kwargs` go to a sub-module."""
        own = self.function.args.kwarg
        calls = (n for n in ast.walk(self.function) if isinstance(n, ast.Call) and self.engine.constructor_name(n))
        handed = {ast.unparse(k.value) for call in calls for k in call.keywords if k.arg is None}
        return own is not None and own.arg == "kwargs" and own.arg in handed

    def _buffer(self, writer: BlockWriter, statement: ast.Expr, call: ast.Call) -> list[str] | None:
        if not call.args or not isinstance(call.args[0], ast.Constant):
            return None
        attr = str(call.args[0].value)
        value = (
            call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "tensor"), None)
        )
        if value is None:
            return None
        if isinstance(value, ast.Call) and parameters.is_parameter(self.engine, value) and value.args:
            value = value.args[0]
        filled = parameters.filled(self, value)
        if self._is_state(call, filled):
            shape, initializer = parameters.of_buffer(self, filled)
            if shape is not None:
                self.plan.weights.append(Weight(self.keras_name(attr), attr, shape, initializer, trainable=False))
                return []
        return writer.with_comment(statement, f"self.{self.keras_name(attr)} = {self.engine.expression(value)}")

    def _is_state(self, call: ast.Call, value: ast.expr) -> bool:
        """True for a buffer that checkpoints hold values for: floating point, persistent, its initial value constant or drawn."""
        if any(k.arg == "persistent" and ast.unparse(k.value) == "False" for k in call.keywords) or len(call.args) > 2:
            return False
        name = self.engine.source.qualname(value.func) if isinstance(value, ast.Call) else None
        dtype = isinstance(value, ast.Call) and any(k.arg == "dtype" for k in value.keywords)
        return (name in ("torch.zeros", "torch.ones") and not dtype) or parameters.is_random(self, value)

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
        text, member = self.engine.expression(receiver), call.args[-1]
        value = self.value(member, members.member_name(self.engine, call, attr, text))
        before = [*containers.more_sizes(self, attr, member), *containers.more_shapes(self, attr, [member])]
        return [*before, *writer.with_comment(statement, f"{text}.append({value})")]

    def _local_list(self, writer: BlockWriter, statement: ast.stmt, name: str, value: ast.expr) -> list[str] | None:
        """`layers = [nn.Linear(…)]`, a list that becomes a module list later."""
        attr = self.list_owner[name]
        if not any(isinstance(item, ast.Call) and self.engine.constructor_name(item) for item in ast.walk(value)):
            return None
        lines = writer.with_comment(statement, f"{name} = {self.value(value, attr)}")
        return [*(containers.more_shapes(self, attr, value.elts) if isinstance(value, ast.List) else []), *lines]

    def _more_of_list(
        self, writer: BlockWriter, statement: ast.stmt, node: ast.AugAssign | ast.Call
    ) -> list[str] | None:
        """`layers += [nn.Linear(…), nn.ELU()]`, `self.layers.extend([Layer(size) for size in sizes])`."""
        more = inlining.more_members(node)
        if more is None:
            return None
        target, value = more
        own = ast.unparse(target).removeprefix("self.")
        attr = own if own != ast.unparse(target) and own in self.info.children else self.list_owner.get(own)
        if attr is None:
            return None
        name = self.engine.expression(target)
        if isinstance(value, ast.ListComp):
            return writer.with_comment(
                statement, f"{name} += {members.comprehension(self, value, attr, f'len({name})')}"
            )
        places = [f"len({name}) + {k}" if k else f"len({name})" for k in range(len(value.elts))]
        items = [self.value(item, f"{attr}.{{{place}}}") for item, place in zip(value.elts, places, strict=True)]
        lines = writer.with_comment(statement, f"{name} += [{', '.join(items)}]")
        return [*containers.more_shapes(self, attr, value.elts), *lines]

    def _member(self, writer: BlockWriter, statement: ast.Assign, target: ast.Subscript) -> list[str] | None:
        """`self.experts[f"expert_{i}"] = Expert(config)`, or the same of a local that an `nn.ModuleDict` is made of."""
        place, key = target.value, target.slice
        attr = self.list_owner.get(place.id) if isinstance(place, ast.Name) else getattr(place, "attr", None)
        if attr not in self.info.children or attr is None:
            return None
        text = self.engine.expression(key)
        value = self.value(statement.value, f"{attr}.{members.in_name(key, text)}")
        if isinstance(place, ast.Name):
            lines = writer.with_comment(statement, f"{place.id}[{text}] = {value}")
            return [*containers.more_sizes(self, attr, statement.value), *lines]
        name = self.keras_name(attr)
        buildplan.add(self.plan, buildplan.Built(name, "None", True, loop=f"self.{attr}.values()"))
        return writer.with_comment(statement, f"self.{name}[{text}] = {value}")

    def _attribute(
        self, writer: BlockWriter, statement: ast.stmt, target: ast.Attribute, value: ast.expr
    ) -> list[str] | None:
        attr = target.attr
        if attr == "config" and self.info.category is Category.MODEL and not self.engine.as_layer:
            return []
        if (
            attr in _NO_MEANING
            or (self.info.name, attr) in self.engine.always_tied
            or (isinstance(value, ast.Call) and losses.loss_function(self.engine.source.qualname(value.func)))
        ):
            return []
        if attr in self.engine.dropout_rates:
            return [f"self.{self.keras_name(attr)} = keras.layers.Dropout({self.engine.expression(value)})"]
        if attr in self.info.parameters and isinstance(value, ast.Call) and parameters.is_parameter(self.engine, value):
            return parameters.plan(self, attr, value)
        if attr in self.info.parameters and isinstance(value, ast.IfExp):
            return [*parameters.plan(self, attr, self.info.parameters[attr]), f"self.{self.keras_name(attr)} = None"]
        if attr not in self.info.children:
            made = derived.initial_weight(self, target, value) or parameters.returned_by_method(self, attr, value)
            return made or self._plain(writer, statement, attr, value)
        self.engine.constructing = attr
        value = self._taken(attr, value)
        text = self.value(value, "" if attr in self.registered else attr)
        self.engine.constructing = None
        if handed_in(value, self.locals):
            self.plan.shared.add(self.keras_name(attr))
        if attr in self.engine.tied_attributes.get(self.info.name, {}):
            if self.engine.tied_attributes[self.info.name][attr]:
                text = re.sub(
                    r"use_bias=\w+|(?<=units=)([^,]+)(?!.*use_bias)",
                    lambda m: "use_bias=False" if "use_bias" in m[0] else m[0] + ", use_bias=False",
                    text,
                    count=1,
                )
            text = ties.constructed(self.engine, self.info.name, attr, value, text)
        lines = writer.with_comment(statement, f"self.{self.keras_name(attr)} = {text}")
        buildplan.plan_child(self, attr, value)
        extra, self.engine.extra_init = self.engine.extra_init, []
        return [*self._stored_here(statement), *lines, *extra]

    def _taken(self, attr: str, value: ast.expr) -> ast.expr:
        """The constructor of a sub-module that PyTorch takes out of another model."""
        taken = self.info.taken.get(attr)
        if taken is None:
            return value
        return variants.put_in(self.engine, taken, value)

    def _stored_here(self, statement: ast.stmt) -> list[str]:
        """Locals of the constructor (not its parameters) that build() needs, kept where they are known to be bound.

        What is bound once and always, but needed in a branch, is kept at the end: other branches may need it too.
        """
        parameters = {a.arg for a in [*self.function.args.args, *self.function.args.kwonlyargs]}
        if statement not in self.function.body:
            parameters |= bound_once(self.function)
        found = {name: attr for name, attr in self.plan.stored.items() if name not in parameters}
        for name in found:
            del self.plan.stored[name]
            self.stored_before.add(name)
        self.pending |= {n: a for n, a in found.items() if self._is_bound_later(n, statement)}
        return [f"self.{attr} = {name}" for name, attr in found.items() if name not in self.pending]

    def _is_bound_later(self, name: str, statement: ast.stmt) -> bool:
        bound = [n.lineno for n in ast.walk(self.function) if isinstance(n, ast.Assign) and _names(n.targets[0], name)]
        return bool(bound) and min(bound) > statement.lineno

    def _plain(self, writer: BlockWriter, statement: ast.stmt, attr: str, value: ast.expr) -> list[str] | None:
        if isinstance(value, ast.Call) and self.engine.source.qualname(value.func) == "torch.nn.ParameterList":
            return parameters.plan_list(self, attr, value)
        if isinstance(value, ast.Dict) and losses.table_of(value, self.engine.source):
            return writer.with_comment(statement, f"self.{attr} = {losses.as_functions(self.engine, value)}")
        if isinstance(value, ast.Call) and self.engine.source.qualname(value.func) in (
            "torch.nn.ModuleList",
            "torch.nn.ModuleDict",
        ):
            return writer.with_comment(statement, f"self.{self.keras_name(attr)} = {self.value(value, attr)}")
        return None

    def keras_name(self, attr: str) -> str:
        return self.info.attribute_names.get(attr, attr)

    # -- values ------------------------------------------------------------------------------------------------------

    def value(self, node: ast.expr, name: str) -> str:
        """A sub-module expression with its weight name; `{…}` in `name` makes it an f-string."""
        qualname = self.engine.source.qualname(node.func) if isinstance(node, ast.Call) else None
        if qualname in ("torch.nn.ModuleList", "torch.nn.Sequential") and isinstance(node, ast.Call):
            return members.of_container(self, node, name)
        if qualname == "torch.nn.ModuleDict" and isinstance(node, ast.Call):
            return members.of_container(self, node, name) if node.args and ast.unparse(node.args[0]) != "{}" else "{}"
        if isinstance(node, ast.ListComp):
            return members.comprehension(self, node, name)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, _LISTS):
            return members.summed(self, node, name)[0]
        if isinstance(node, (ast.List, ast.Tuple)):
            return "[" + ", ".join(self.value(e, members.below(name, k)) for k, e in enumerate(node.elts)) + "]"
        if isinstance(node, ast.IfExp):
            test = variants.condition(self.engine, node.test)
            body, other = self.value(node.body, name), self.value(node.orelse, name)
            return f"{f'({body})' if body.startswith('lambda') else body} if {test} else {other}"
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            items = [
                f"{self.engine.expression(k)}: {self.value(v, f'{name}.{ast.literal_eval(k)}')}" for k, v in pairs if k
            ]
            return "{" + ", ".join(items) + "}"
        self.engine.layer_name = f'f"{name}"' if "{" in name else f'"{name}"'
        self.engine.forget()
        text = self.engine.expression(node)
        self.engine.layer_name = None
        return text

    # -- what build() can write ----------------------------------------------------------------------------------------------

    def for_build(self, node: ast.expr) -> str:
        """An expression of the constructor as `build()` can write it: through `self`."""
        if self.verbatim:
            return self.engine.expression(node)
        names: dict[str, str] = {}
        changing = {
            ast.unparse(n): f"self.{self._kept(ast.unparse(n))}"
            for n in ast.walk(node)
            if isinstance(n, ast.Attribute)
            and ast.unparse(n.value) == "config"
            and n.attr in self.engine.reassigned_config
        }
        for name in {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}:
            if name == "config" and name in self.locals:
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
                if (
                    isinstance(target, ast.Attribute)
                    and ast.unparse(target.value) == "self"
                    and target.attr not in self.engine.dropout_rates
                ):
                    return self.keras_name(target.attr)
        plain = name.split(".")[-1]
        attr = plain if plain not in self.info.children and name not in self.info.parameters else f"{plain}_size"
        if name not in self.stored_before:
            self.plan.stored[name] = attr
        return attr
