"""One file: which classes become what, the order of things in it, its imports."""

from __future__ import annotations

import ast
import re

from scaffold.core.checkout import Located
from scaffold.core.resources import template
from scaffold.core.translation import Translation
from scaffold.core.typedb import TypeDB
from scaffold.translate import (
    autograd,
    borrow,
    channels_last,
    composite,
    era,
    imports,
    in_numpy,
    in_turn,
    inlining,
    inputs,
    left_to_library,
    leftovers,
    markers,
    outputs,
    overridden,
    pretrained,
    prose,
    reach,
    residue,
    resizing,
    signature,
    states,
    tidy,
    ties,
    unpacking,
)
from scaffold.translate.classes import Analyser, Category, ClassInfo
from scaffold.translate.emit import ClassWriter
from scaffold.translate.engine import Engine
from scaffold.translate.generation import generates
from scaffold.translate.names import trained_parameter
from scaffold.translate.passes import CALL_PASSES, freezing
from scaffold.translate.reach import DROPPED_METHODS
from scaffold.translate.sources import Source
from scaffold.translate.specialise import written_out
from scaffold.translate.truth import constants, reassigned_config
from scaffold.translate.weight_names import main_attribute
from scaffold.translate.writer import BlockWriter, indented

#: Functions that only serve PyTorch.
_DROPPED_FUNCTIONS = re.compile(r"load_tf_weights|_make_causal_mask_old|_get_unpad_data|sdpa_|flash_")


class FileTranslator:
    """Translates one PyTorch modelling file."""

    def __init__(self, located: Located, types: TypeDB, *, borrowing: bool = True) -> None:
        self.located = located
        names = located.names
        package = f"transformers.models.{names.folder}"
        self.source = Source(written_out(located.source), names.pt_path, package, located.own_source)
        in_turn.rewrite(self.source.tree)
        self.engine = Engine(self.source, types)
        analyser = Analyser(self.source, names.camel)
        self.classes = analyser.run()
        self.engine.classes = self.classes
        self.engine.reassigned_config = reassigned_config(info.init for info in self.classes.values())
        self.engine.variants = analyser.variants
        self.layer_tables = analyser.layer_tables
        self.engine.handed = analyser.handed
        self.engine.constructor_name = analyser.constructor_name
        self.engine.factories = analyser.factories
        self.engine.making_methods = analyser.making_methods
        self.engine.library = located.root / "src/transformers"
        self.engine.state_caches = states.classes(self.engine)
        self.engine.state_parameters = states.parameters(self.engine, self.engine.state_caches)
        self.engine.has_pytorch_activation = pretrained.names_pytorch_activation(located)
        self.engine.summarises_without_projection = pretrained.summarises_without_projection(located)
        self.engine.initializing_configs, self.engine.all_initialize = pretrained.initializing_configs(located)
        self.public = pretrained.exported(located)
        self.engine.sampled_tasks = pretrained.sampled_tasks(located)
        own_classes = {node.name for node in ast.parse(located.own_source).body if isinstance(node, ast.ClassDef)}
        self.engine.part_classes = frozenset(self.classes) - own_classes
        overridden.drop(self.classes, self.source.tree, self.engine.part_classes)
        self.freezing = freezing.drop_frozen_classes(self.classes, self.engine.functions)
        self.prefix = pretrained.base_model_prefix(self.classes)
        self.engine.main_attribute = main_attribute(self.prefix)
        self.made_outputs: dict[str, list[str]] = {}
        self._roles()
        self._renames()
        ties.apply(self.engine, ties.find(self.engine, self.prefix))
        ties.declare(self.engine)
        self.engine.base_members = {
            base.name: inputs.members(located, self.engine, self._derived(base.name))
            for base in self.classes.values()
            if base.category is Category.BASE
        }
        for base, lines in self.engine.base_members.items():
            if any(outputs.returns_both_pasts(info.methods) for info in self._derived(base).values()):
                lines += ["", *outputs.SERVING_PAST] if lines else outputs.SERVING_PAST
            self.engine.own_members |= inputs.own_members(located, self.engine, base, self._derived(base))
        for info in self.classes.values():
            own = inputs.members(located, self.engine, {info.name: info}) if info.stands_alone else []
            if info.stands_alone and (own := composite.with_inputs_of_parts(self.engine, info, own)):
                self.engine.own_members[info.name] = [*own, ""]
        for info in self.classes.values():
            if info.category is Category.MODEL and (served := outputs.serving(self.engine, info.methods)):
                self.engine.own_members[info.name] = [*self.engine.own_members.get(info.name, ()), *served]
        self.borrowed = borrow.plan(located, self.engine) if borrowing else {}
        composite.leave_resizing(self.engine)
        resizing.leave_to_library(self.engine)
        resizing.embeddings_below(self.engine)
        resizing.keep_scales(self.engine)
        self.withheld: list[tuple[str, str]] = []
        self.constants: list[str] = []

    def _derived(self, base: str) -> dict[str, ClassInfo]:
        """The classes of this file that derive from a pretrained base class, directly or not."""
        found = {base}
        for info in self.classes.values():  # a class stands below those it derives from
            if found & set(info.bases):
                found.add(info.name)
        return {name: self.classes[name] for name in found - {base}}

    def _roles(self) -> None:
        """Main layers: models used inside other classes, and the base model."""
        used = {child.class_name for info in self.classes.values() for child in info.children.values()}
        for info in self.classes.values():
            if info.category is not Category.MODEL or "forward" not in info.methods or generates(self.engine, info):
                continue
            is_public = info.name in self.public
            if is_public and pretrained.wraps_base_model(self.classes, info):
                continue  # with a main layer its weights had one level more than those of the base model have
            if info.name in used or (info.name == f"{self.located.names.camel}Model" and not info.stands_alone):
                main = re.sub(r"Model$", "", info.tf_name) + "MainLayer" if is_public else info.tf_name
                self.engine.main_layers[info.name] = main
                if is_public:
                    self.engine.thin_models[info.name] = info.tf_name

    def _renames(self) -> None:
        for info in self.classes.values():
            if info.category is not Category.OTHER:
                self.engine.renames[info.name] = info.tf_name
        for local, qualname in self.source.imports.items():
            twin = imports.tf_twin(self.located, self.source, qualname)
            if twin is not None and outputs.lacks(self.located, self.source, local, qualname):
                twin = None
                self.engine.own_outputs.add(f"TF{local}")
            if twin is not None:
                self.engine.renames[local] = twin.split(".")[-1]
            elif qualname.startswith(f"{outputs.MODULE}.") and qualname != f"{outputs.MODULE}.ModelOutput":
                made = outputs.twin(self.located, qualname.rpartition(".")[2])
                if made is not None:
                    self.engine.renames[local] = f"TF{local}"
                    self.made_outputs[f"TF{local}"] = made
        self.engine.doc_renames = dict(self.engine.renames)

    # -- writing -----------------------------------------------------------------------------------------------------

    def run(self) -> Translation:
        """The whole file."""
        self.engine.unused_functions = self._unused_functions()
        body: list[str] = []
        previous, after_constant = 0, False
        for node in self.source.tree.body:
            written = self._top_level(node)
            if written:
                definition = isinstance(node, (ast.ClassDef, ast.FunctionDef))
                gap = ["", ""] if definition or not after_constant else self._blank_lines(previous, node)
                body += [*gap, *self._comments(previous, node), *written]
                after_constant = not definition
            previous = node.end_lineno or node.lineno
        writer = BlockWriter(self.engine, CALL_PASSES, lambda text: prose.translate(text, self.engine.doc_renames))
        gradients = autograd.written(self.engine, writer, "\n".join(body))
        head = imports.header(self.located, self.source, self.engine)
        layers = [line for name in sorted(self.engine.layers) for line in ["", "", *self._layer_text(name)]]
        at = self._first_definition(body)
        whole = "\n".join(body)
        for output, lines in self.made_outputs.items():
            if re.search(rf"\b{output}\b", whole):
                layers = ["", "", *lines, *layers]
        self.engine.uses |= {"shape_list", "stable_softmax"} if layers else set()
        functions = self._functions("\n".join([whole, *gradients, *layers]))
        text = "\n".join([*head, *body[:at], *functions, *gradients, *layers, *body[at:]]) + "\n"
        for name in sorted(self.engine.layers, key=len, reverse=True):
            text = re.sub(rf"\bTFModel{name}\b", self._layer_name(name), text)
        text = era.documented(text, self.located, {i.name: i.tf_name for i in self.classes.values()})
        text = residue.mark(era.fitted(text, self.located.layout), self.engine)
        text = tidy.tidy(channels_last.fused(text), self.located)
        while (shorter := leftovers.removed(text)) != text:  # without its uses, a local is left out
            text = tidy.tidy(shorter, self.located)
        return self._translation(residue.undefined(text, self.engine))

    def _functions(self, text: str) -> list[str]:
        """Lines of the functions that the rules asked for, of which the text or one of them has a call."""
        asked = {name: template(f"model/functions/{name}.py") for name in sorted(self.engine.emits)}
        while True:
            everywhere = [text, *asked.values()]
            kept = {name: made for name, made in asked.items() if _is_called(made, everywhere)}
            if kept == asked:
                return [line for made in asked.values() for line in ["", "", *made.splitlines()]]
            asked = kept

    def _layer_text(self, name: str) -> list[str]:
        return template(f"model/layers/{name}.py").splitlines()

    def _layer_name(self, name: str) -> str:
        """The class that an emitted layer is in this file; a model may have one of the same name."""
        own = f"TF{self.located.names.camel}{name}"
        return f"{own}Layer" if own in {info.tf_name for info in self.classes.values()} else own

    @staticmethod
    def _first_definition(body: list[str]) -> int:
        for k, line in enumerate(body):
            if line.startswith(("class ", "def ", "@")):
                while k and (body[k - 1].startswith("#") or not body[k - 1]):
                    k -= 1
                return k
        return len(body)

    def _blank_lines(self, previous: int, node: ast.stmt) -> list[str]:
        """As many blank lines between two constants as PyTorch's file has."""
        lines = self.source.lines[previous : node.lineno - 1]
        return [""] * min(2, sum(1 for line in lines if not line.strip()))

    def _comments(self, previous: int, node: ast.stmt) -> list[str]:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        lines = [line for line in self.source.lines[previous : first - 1] if line.startswith("#")]
        return [
            line
            for line in lines
            if not re.match(r"#\s*(Copied from|Adapted from|coding=|Copyright|Licensed)", line) and previous
        ]

    def _unused_functions(self) -> set[str]:
        """Functions that nothing kept refers to: conversion of old weights, initialisation, SDPA."""
        functions = {n.name: n for n in self.source.tree.body if isinstance(n, ast.FunctionDef)}
        dropped = {n for n in functions if _DROPPED_FUNCTIONS.search(n) or unpacking.hands_back(functions[n])}
        reached: set[str] = set()
        waiting: list[ast.AST] = [
            method
            for info in self.classes.values()
            if info.category is not Category.DROPPED
            for name, method in info.methods.items()
            if name not in DROPPED_METHODS
        ]
        while waiting:
            for node in ast.walk(waiting.pop()):
                name = node.id if isinstance(node, ast.Name) and not self._is_inlined(node, functions) else ""
                if name in self.engine.autograd and name not in reached and self._may_run(node):
                    reached.add(name)
                    computed = self.engine.autograd[name]
                    waiting += [] if reach.without_kernel(computed, self.source.tree) else [computed]
                name = self.engine.variants.get(name, {}).get("eager", name)
                if name in functions and name not in reached | dropped and self._may_run(node):
                    reached.add(name)
                    waiting.append(functions[name])
        return set(functions) - reached

    def _is_inlined(self, node: ast.Name, functions: dict[str, ast.FunctionDef]) -> bool:
        """True for the name in `self.ffn = feed_forward(width)`, whose place the function's own expression takes."""
        call = self.source.parents.get(node)
        assigned = self.source.parents.get(call) if isinstance(call, ast.Call) else None
        is_attribute = isinstance(assigned, ast.Assign) and isinstance(assigned.targets[0], ast.Attribute)
        return is_attribute and isinstance(call, ast.Call) and inlining.made_by_function(call, functions) is not None

    def _may_run(self, node: ast.AST) -> bool:
        return reach.may_run(node, self.source.parents, self.engine.file_constants)

    def _top_level(self, node: ast.stmt) -> list[str]:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.If, ast.Try)):
            return []
        if isinstance(node, ast.Expr):
            return []
        if isinstance(node, ast.Assign):
            return self._constant(node)
        if isinstance(node, ast.FunctionDef):
            return [] if node.name in self.engine.unused_functions else self._function(node)
        if isinstance(node, ast.ClassDef):
            return self._class(self.classes[node.name])
        return []

    def _constant(self, node: ast.Assign) -> list[str]:
        target = node.targets[0]
        if isinstance(target, ast.Name):
            if target.id.endswith("PRETRAINED_MODEL_ARCHIVE_LIST"):
                return self._checkpoints(target.id, node)
            if target.id in {*self.engine.variants, *self.layer_tables} or target.id.endswith("_ATTENTION_CLASSES"):
                return []
            if target.id.endswith("_START_DOCSTRING"):
                return pretrained.start_docstring(self.located, node, self.source, self.engine)
            named = self.source.qualname(node.value)
            if target.id == "__all__" or (named and named == self.source.imports.get(target.id)):
                return []  # another name for something of torch's is seen through wherever it is used
        if isinstance(node.value, ast.Call) and (self.source.qualname(node.value.func) or "").startswith(
            ("torch.fx", "torch.jit")
        ):
            return []
        if ast.unparse(target) in self.engine.file_constants:
            return []
        text = self.engine.splice(node)
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            text = prose.translate(text, self.engine.doc_renames)
        comment = self.source.comments.get(node.end_lineno or 0)
        return (text + (f"  {comment[1]}" if comment else "")).split("\n")

    def _checkpoints(self, name: str, node: ast.Assign) -> list[str]:
        """The list of checkpoints under TensorFlow's name, in a release whose ports have one; nothing in others."""
        if self.located.layout.value("archive_lists") != "lists" or not isinstance(node.value, ast.List):
            return []
        if name in self.public:
            self.constants.append(f"TF_{name}")
        return f"TF_{name} = {self.source.segment(node.value)}".split("\n")

    def _function(self, node: ast.FunctionDef) -> list[str]:
        if node.name in self.freezing:
            return freezing.freezing_function(node, self.freezing[node.name])
        self.engine.current = None
        self.engine.forget()
        self.engine.settled = constants(node, self.engine.file_constants)
        writer = BlockWriter(self.engine, CALL_PASSES, lambda text: prose.translate(text, self.engine.doc_renames))
        extra = ("training: bool = False",) if trained_parameter(node) else ()
        makes = node.name in self.engine.factories
        entries = signature.parameters(
            self.engine, node, extra=(*extra, *(["name: str | None = None"] if makes else []))
        )
        self.engine.layer_name = "name" if makes else None
        body = reach.without_kernel(node, self.source.tree)
        if in_numpy.draws_a_mask(node):
            lead = writer.body(node.body[:1], node.body[0].lineno - 1) if ast.get_docstring(node) else []
            body = [*lead, *in_numpy.body(self.engine, node)]
        body = body or writer.body(node.body, node.body[0].lineno - 1)
        self.engine.layer_name = None
        return [*signature.header(node.name, entries, signature.annotation(self.engine, node.returns)), *indented(body)]

    def _class(self, info: ClassInfo) -> list[str]:
        if info.category in (Category.DROPPED,) or info.name in self.engine.state_caches:
            return []
        if info.name in self.borrowed:
            self.engine.imported |= self.borrowed[info.name].imported
            return self.borrowed[info.name].lines
        prefix = pretrained.base_model_prefix(self.classes, info) or ("" if info.stands_alone else self.prefix)
        config_class = pretrained.config_class(info) or self.located.config_class
        writer = ClassWriter(self.engine, config_class, prefix)
        return left_to_library.mark(self.engine, info, writer.write(info))

    # -- result ------------------------------------------------------------------------------------------------------

    def _translation(self, text: str) -> Translation:
        classes = {i.name: i.tf_name for i in self.classes.values() if i.category is not Category.DROPPED}
        defined = set(re.findall(r"^class (\w+)", text, re.M))
        marked = self._marked(text)
        for info in self.classes.values():
            if info.tf_name in marked and info.name in self.public:
                self.withheld.append((info.name, "unsupported constructs are marked in it"))
        models = [
            i for i in self.classes.values() if i.category in (Category.MODEL, Category.BASE) and i.tf_name in defined
        ]
        keep = {i.name for i in models} | {i.name for i in self.classes.values() if i.tf_name in defined}
        public = [
            i.tf_name
            for i in self.classes.values()
            if i.name in self.public and i.name in keep and i.tf_name not in marked
        ]
        return Translation(
            text=text,
            classes={k: v for k, v in classes.items() if v in defined},
            public=tuple(public),
            models=tuple(i.tf_name for i in models if i.category is Category.MODEL and i.tf_name in public),
            withheld=tuple(dict.fromkeys(self.withheld)),
            borrowed={self.classes[k].tf_name: v.target for k, v in self.borrowed.items()},
            diagnostics=tuple(self.engine.diagnostics),
            statistics=dict(self.engine.statistics),
            constants=tuple(self.constants),
        )

    def _marked(self, text: str) -> set[str]:
        """TF classes with a marker in them or in a class they use."""
        tree = ast.parse(text)
        lines = [m.line for m in markers.parse(text)]
        nodes = {n.name: n for n in tree.body if isinstance(n, ast.ClassDef)}
        marked = {name for name, n in nodes.items() if any(n.lineno <= line <= (n.end_lineno or 0) for line in lines)}
        uses = {name: {i.id for i in ast.walk(n) if isinstance(i, ast.Name)} for name, n in nodes.items()}
        while True:
            more = {name for name in nodes if name not in marked and uses[name] & marked}
            if not more:
                return marked
            marked |= more


def _is_called(made: str, texts: list[str]) -> bool:
    """True when a text besides its own names something that is defined in `made`."""
    names = re.findall(r"^(?:def |class )?(\w+)(?:\(| =|:)", made, re.M)
    return any(re.search(rf"\b(?:{'|'.join(names)})\b", text) for text in texts if text is not made)
