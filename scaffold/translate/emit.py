"""Classes: layers, main layers with their thin models, heads, outputs, the pretrained base class.

Source: translator.md §1.1 (the shell of a port), eras.md §8 (conventions of the modelling file).
"""

from __future__ import annotations

import ast
import re

from scaffold.translate import (
    composite,
    derived,
    generation,
    inherited,
    labels,
    padded_past,
    pretrained,
    prose,
    reach,
    reparametrised,
    samples,
    signature,
    states,
    weight_names,
)
from scaffold.translate.buildplan import Plan, build_method
from scaffold.translate.classes import Category, ClassInfo
from scaffold.translate.constructor import Constructor
from scaffold.translate.constructor_lines import after_super, below_docstring, with_config
from scaffold.translate.engine import Engine
from scaffold.translate.passes import (
    CALL_PASSES,
    FIRST_STATEMENTS,
    deprecated,
    functional_dropout,
    losses,
    rotary,
    switches,
    tables,
)
from scaffold.translate.plain import plain_class
from scaffold.translate.reach import DROPPED_METHODS
from scaffold.translate.thin import DOCUMENTING, thin_model
from scaffold.translate.truth import constants
from scaffold.translate.writer import BlockWriter, indented, stripped

#: Class attributes of the PyTorch base class that mean something in TensorFlow.
KEPT_ATTRIBUTES = frozenset({"config_class", "base_model_prefix", "main_input_name", "_requires_load_weight_prefix"})
_OWN_ATTRIBUTES = frozenset({"main_input_name", "base_model_prefix", "config_class"})  # of a model


class ClassWriter:
    """Writes the classes of one file. `main_layers`: model classes that get a main layer and a thin model."""

    def __init__(self, engine: Engine, config_class: str, prefix: str) -> None:
        self.engine = engine
        self.config_class = config_class
        self.prefix = prefix  # base_model_prefix
        self.base_name = "TFPreTrainedModel"
        self._settled: dict[
            str, dict[str, bool]
        ] = {}  # class → its settled attributes, asked for by each of its methods

    # -- entry -------------------------------------------------------------------------------------------------------

    def write(self, info: ClassInfo) -> list[str]:
        """All lines that stand for one PyTorch class."""
        self.engine.current = info
        self.engine.forget()
        self.engine.dropout_rates = functional_dropout.rates(self.engine, info.node)
        if info.category is Category.BASE:
            return self._base(info)
        if info.category is Category.OUTPUT:
            return self._output(info)
        if info.is_plain:
            return plain_class(self, info)
        if info.category is Category.MODEL:
            if info.name in self.engine.main_layers:
                lines = self._layer(info, main=True)
                return [*lines, *thin_model(self, info, lines)]
            return self._head(info)
        return self._layer(info)

    def _class_constants(self, info: ClassInfo) -> dict[str, bool]:
        """Settled attributes of a class and of its bases in this file."""
        if info.name not in self._settled:
            found: dict[str, bool] = dict(self.engine.file_constants)
            for base in info.bases:
                if base in self.engine.classes:
                    found |= self._class_constants(self.engine.classes[base])
            self._settled[info.name] = constants(info.node, found)
        return self._settled[info.name]

    def docstring(self, text: str) -> str:
        return prose.translate(text, self.engine.doc_renames)

    def decorators(self, info: ClassInfo) -> list[str]:
        kept = []
        for decorator in info.node.decorator_list:
            name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
            if name.startswith(("dataclass", *DOCUMENTING)):
                kept += ("@" + self.docstring(self.engine.splice(decorator))).split("\n")
        return kept

    def class_docstring(self, info: ClassInfo) -> list[str]:
        first = info.node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            text = self.engine.source.segment(first)
            dedented = re.sub(r"\n {4}", "\n", text)
            return [*self.docstring(dedented).split("\n"), ""]
        return []

    # -- layers ------------------------------------------------------------------------------------------------------

    def _layer(self, info: ClassInfo, main: bool = False) -> list[str]:
        self.engine.as_layer = True
        lines: list[str] = []
        body: list[str] = []
        if main:
            self.engine.uses |= {"keras_serializable", "unpack_inputs"}
            lines.append("@keras_serializable")
            body += [f"config_class = {self.config_class}", ""]
        else:
            body += [*self.class_docstring(info), *self.attributes(info, reach.constants_read(info.node))]
        name = self.engine.main_layers[info.name] if main else info.tf_name
        bases = derived.bases(self.engine, info)
        plan, constructor = self._constructor(info, main)
        body += constructor
        body += self._methods(info, main)
        build = build_method(plan)
        if build and not (info.category is Category.SUBCLASS and not plan.built and not plan.weights):
            body += ["", *self._inherited_build(info, build)]
        self.engine.as_layer = False
        return [*lines, f"class {name}({bases}):", *indented(body or ["pass"])]

    def _inherited_build(self, info: ClassInfo, build: list[str]) -> list[str]:
        """A subclass of a concrete layer or of a layer of this file builds what it inherits as well."""
        inherits = info.category is Category.SUBCLASS or any(b in self.engine.classes for b in info.bases)
        return [*build, "    super().build(input_shape)"] if inherits and info.category is Category.SUBCLASS else build

    def _constructor(self, info: ClassInfo, main: bool) -> tuple[Plan, list[str]]:
        function = info.init
        if function is None:
            return Plan(), []
        self.engine.initializer = self._initializer(function)
        self.engine.settled = constants(function, self._class_constants(info))
        constructor = Constructor(self.engine, info, function)
        writer = BlockWriter(
            self.engine, (reparametrised.left_out, constructor.statement, *CALL_PASSES), self.docstring
        )
        statements = writer.body(function.body, self._header_line(function))
        head = self._constructor_header(info, function, main)
        extras = [
            f"self.{e} = {e}" for e in self.engine.extras.get(info.name, {}) if info.name in self.engine.tied_attributes
        ]
        statements = after_super(statements, extras)
        statements += [f"self.{attr} = {name}" for name, attr in constructor.plan.stored.items()]
        statements += switches.initial_values(info)
        if constructor.plan.weights and info.category is Category.MODEL and not self.engine.as_layer:
            # the library's .h5 files hold the weights of a model's layers and no others
            statements.append('self.own_weights = keras.layers.Layer(name="own_weights")')
        wanted = constructor.plan.needs_config or main
        inherited = info.category is Category.MODEL and not self.engine.as_layer
        if not inherited:
            statements = with_config(statements, wanted)
        self.engine.initializer = None
        return constructor.plan, [*head, *indented(stripped(statements))]

    def _header_line(self, function: ast.FunctionDef) -> int:
        first = function.body[0]
        line = first.lineno - 1
        while line > function.lineno and (
            not self.engine.source.lines[line - 1].strip() or self.engine.source.lines[line - 1].strip().startswith("#")
        ):
            line -= 1
        return line

    def _initializer(self, function: ast.FunctionDef) -> str | None:
        required = function.args.args[: len(function.args.args) - len(function.args.defaults)]
        has_config = any(a.arg == "config" for a in required)
        annotated = next((ast.unparse(a.annotation) for a in required if a.arg == "config" and a.annotation), None)
        known = annotated in self.engine.initializing_configs if annotated else self.engine.all_initialize
        of_part = self.engine.current is not None and self.engine.current.name in self.engine.part_classes
        known = known and has_config and not (of_part and annotated is None)
        return "get_initializer(config.initializer_range)" if known else None

    def _constructor_header(self, info: ClassInfo, function: ast.FunctionDef, main: bool) -> list[str]:
        entries = signature.parameters(self.engine, function)
        if info.name not in self.engine.part_classes:
            entries = [re.sub(r"^config$", f"config: {self.config_class}", e) for e in entries]
        entries = [e for e in entries if not e.startswith("**")]
        extras = [f"{e}: keras.layers.Layer" for e in self.engine.extras.get(info.name, {})]
        defaults = next((k for k, e in enumerate(entries) if "=" in e), len(entries))
        entries[defaults:defaults] = extras
        if info.category is Category.MODEL and not self.engine.as_layer:
            required = [e for e in entries if "=" not in e and not e.startswith("*")]
            optional = [e for e in entries if "=" in e]
            if not required[1:]:  # a configuration that may be left out is still the first argument
                return signature.header("__init__", [*required, *optional, "*inputs", "**kwargs"])
            return signature.header("__init__", [*required, "*inputs", *optional, "**kwargs"])
        del main
        return signature.header("__init__", [*entries, "**kwargs"])

    # -- methods -----------------------------------------------------------------------------------------------------

    def _methods(self, info: ClassInfo, public: bool) -> list[str]:
        lines: list[str] = []
        update = rotary.frequency_update(self.engine, info)
        if update is not None:
            self.engine.method_overrides[info.name, rotary.UPDATE] = update
        source = self.engine.source
        unreached = reach.unreached(info.methods, source.tree, source.parents, self.engine.file_constants)
        unreached |= deprecated.left_out(self.engine, info)
        for name, function in info.methods.items():
            override = self.engine.method_overrides.get((info.name, name))
            dropped = name in DROPPED_METHODS | info.inlined | unreached or self._is_dropped(info, function)
            if name == "__init__" or (dropped and override is None):
                continue
            written = override if override is not None else self.method(info, function, public)
            if written:
                lines += (
                    ["", *self._lead(function), *written] if lines or info.init else [*self._lead(function), *written]
                )
        if info.name in self.engine.main_layers:
            left_out = DROPPED_METHODS | (states.ON_LAYERS if states.kept_on_layers(self.engine) else frozenset())
            for function in inherited.used(info, self.engine.classes, left_out).values():
                lines += ["", *self._lead(function), *self.method(info, function, public=False)]
        for (owner, name), written in self.engine.method_overrides.items():
            if owner == info.name and name not in info.methods:
                lines += ["", *written]
        return lines

    def _lead(self, function: ast.FunctionDef) -> list[str]:
        """Comments above a method, PyTorch's `Copied from` marks left out."""
        return [
            m
            for m in self.engine.source.marks(function)
            if not re.match(r"#\s*(Copied from|Adapted from)|# Ignore copy", m)
        ]

    def _is_dropped(self, info: ClassInfo, function: ast.FunctionDef) -> bool:
        if function.name == "prepare_inputs_for_generation" and not generation.is_generative(info):
            return True
        if info.category is Category.MODEL and function.name in ("get_output_embeddings", "set_output_embeddings"):
            return info.name in self.engine.tied_models
        if states.is_about_states(self.engine, function) or generation.keeps_images(function):
            return True
        decorators = [ast.unparse(d) for d in function.decorator_list]
        unscripted = any(d.endswith(("torch.jit.ignore", "torch.jit.unused")) for d in decorators)
        called = any(f"self.{function.name}(" in ast.unparse(m) for m in info.methods.values())
        return any(d.endswith(".setter") for d in decorators) or (unscripted and not called)

    def method(self, info: ClassInfo, function: ast.FunctionDef, public: bool) -> list[str]:
        """One method, `forward` as `call`."""
        is_call = function.name == "forward"
        public = public and not (is_call and self.engine.as_layer and signature.first_is_list(self.engine, function))
        self.engine.unpacks = public and is_call
        self.engine.fills_flags = self.engine.unpacks and "EncoderDecoder" not in info.name
        known = self._class_constants(info) | states.settled(self.engine, function)
        self.engine.settled = constants(function, known)
        self.engine.forget()
        name = "call" if is_call else function.name
        writer = BlockWriter(self.engine, CALL_PASSES, self._method_docstring(info, is_call))
        makes = info.is_plain and function.name in self.engine.making_methods
        self.engine.layer_name = "name" if makes else None
        first = [line for pass_ in FIRST_STATEMENTS for line in pass_(writer, function)]
        body = below_docstring(first, writer.body(function.body, self._header_line(function)))
        body += tables.returned(writer, function)
        trains = (
            function.name in info.training_methods
            or (is_call and public)
            or any("training=training" in line for line in body)
        )
        self.engine.layer_name = None
        extra = ("training: bool = False",) if trains else ("name: str | None = None",) if makes else ()
        entries = signature.parameters(self.engine, function, public=public and is_call, extra=extra)
        returns = signature.annotation(self.engine, function.returns)
        decorators = self._method_decorators(info, function, public and is_call)
        self.engine.unpacks = self.engine.fills_flags = False
        return [*decorators, *signature.header(name, entries, returns), *indented(stripped(body))]

    def _method_docstring(self, info: ClassInfo, is_call: bool):  # type: ignore[no-untyped-def]
        if is_call and info.category is Category.MODEL and self.engine.as_layer:
            return lambda text: ""
        return self.docstring

    def _method_decorators(self, info: ClassInfo, function: ast.FunctionDef, unpacks: bool) -> list[str]:
        lines = []
        if unpacks:
            self.engine.uses.add("unpack_inputs")
            lines.append("@unpack_inputs")
        plain = info.category is Category.MODEL and self.engine.as_layer
        for decorator in function.decorator_list:
            name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
            if name == "add_code_sample_docstrings" and samples.lacks(self.engine, info.tf_name, decorator):
                continue
            if name in ("staticmethod", "property", "classmethod") or (name.startswith(DOCUMENTING) and not plain):
                lines += ("@" + self.docstring(self.engine.splice(decorator))).split("\n")
        return lines

    # -- models ------------------------------------------------------------------------------------------------------

    def model_bases(self, info: ClassInfo) -> str:
        own = [self.engine.classes[b].tf_name for b in info.bases if b in self.engine.classes]
        kind = losses.kind_of(info.name)
        if kind is not None and info.name not in self.engine.main_layers and self.engine.uses_library_loss:
            self.engine.uses.add(kind.mixin)
            own.append(kind.mixin)
        own += [b for base in info.bases if (b := base.split(".")[-1]) == "BackboneMixin"]  # serves both frameworks
        if not own:
            self.engine.uses.add(self.base_name)
        return ", ".join(own or [self.base_name])

    def _head(self, info: ClassInfo) -> list[str]:
        self.engine.uses_library_loss = self._has_library_loss(info)
        ranks = composite.ranks(self.engine, info)
        prepared = states.prepared_inputs(self.engine, info) or generation.prepared_inputs(self.engine, info, ranks)
        if prepared is not None:
            self.engine.method_overrides[info.name, "prepare_inputs_for_generation"] = prepared
        padded = padded_past.in_front(info, self.engine.classes.values())
        if padded is not None:
            self.engine.method_overrides[info.name, "_update_model_kwargs_for_xla_generation"] = padded
        plan, constructor = self._constructor(info, main=False)
        attributes = self.attributes(info)
        attributes += [*self.engine.ignored_keys.get(info.name, ()), *self.engine.own_members.get(info.name, ())]
        attributes += [
            *generation.without_xla(self.engine, info),
            *labels.output_map(info),
            *weight_names.renamed(self.engine, info, self.prefix, thin=False),
        ]
        body = [*self.class_docstring(info), *attributes, *constructor, *self._methods(info, public=True)]
        build = build_method(plan, "self.own_weights")
        body += ["", *build] if build else []
        bases = self.model_bases(info)
        self.engine.uses_library_loss = False
        return [*self.decorators(info), f"class {info.tf_name}({bases}):", *indented(body or ["pass"])]

    def _has_library_loss(self, info: ClassInfo) -> bool:
        forward = info.methods.get("forward")
        if forward is None or losses.kind_of(info.name) is None or not losses.is_standard(forward, info.name):
            return False
        names = [
            ast.unparse(n.targets[0])
            for n in forward.body
            if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant) and n.value.value is None
        ]
        self.engine.loss_name = next((n for n in names if n.endswith("loss")), "loss")
        if losses.has_problem_types(forward):
            self.engine.method_overrides[info.name, "hf_compute_loss"] = losses.problem_type_loss()
            self.engine.uses.add("shape_list")
        return True

    # -- other classes -----------------------------------------------------------------------------------------------

    def attributes(self, info: ClassInfo, kept: frozenset[str] = _OWN_ATTRIBUTES) -> list[str]:
        """Class attributes that mean something in TensorFlow."""
        lines = []
        for node in info.node.body:
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            if isinstance(target, ast.Name) and target.id in kept and isinstance(node, (ast.Assign, ast.AnnAssign)):
                lines.append(self.engine.splice(node))
            elif (name := pretrained.annotated_config(node)) and f"config_class = {name}" not in lines:
                lines.append(f"config_class = {name}")  # TensorFlow's base class reads no annotation
        return [*lines, ""] if lines else []

    def _base(self, info: ClassInfo) -> list[str]:
        body = [
            *self.class_docstring(info),
            *self.attributes(info, composite.kept_attributes(self.engine, self.prefix, KEPT_ATTRIBUTES)),
            *self.engine.base_members.get(info.name, ()),
        ]
        classes = self.engine.classes
        for function in inherited.used_by_models(info, classes, self.engine.main_layers, DROPPED_METHODS).values():
            body += ["", *self._lead(function), *self.method(info, function, public=False)]
        self.engine.uses.add("TFPreTrainedModel")
        return [f"class {info.tf_name}(TFPreTrainedModel):", *indented(stripped(body) or ["pass"])]

    def _output(self, info: ClassInfo) -> list[str]:
        lines = [*self.class_docstring(info)]
        for node in info.node.body:
            if isinstance(node, ast.AnnAssign):  # a field that PyTorch demands is None here, as in the library
                text = signature.annotation(self.engine, node.annotation)
                text = re.sub(r"^tf\.Tensor$", "tf.Tensor | None", text) or "tf.Tensor | None"
                value = self.engine.expression(node.value) if node.value is not None else "None"
                lines.append(f"{ast.unparse(node.target)}: {text} = {value}")
            elif isinstance(node, ast.FunctionDef):
                written = self.method(info, node, public=False)
                lines += ["", *written]
        bases = ", ".join(self.engine.renames.get(ast.unparse(b), ast.unparse(b)) for b in info.node.bases)
        return ["@dataclass", f"class {info.tf_name}({bases}):", *indented(stripped(lines) or ["pass"])]
