"""What the translator knows while it works on a file: classes, roles, ties, the current function, findings.

Lookups from syntax nodes to sub-modules and classes live here; rendering lives in `engine.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

from scaffold.core.diagnostics import Diagnostic, Severity, Span
from scaffold.core.typedb import Observation, TypeDB, TypeInfo
from scaffold.translate import autograd, mixed, reach
from scaffold.translate.classes import Category, Child, ClassInfo
from scaffold.translate.inherited import child_of_models
from scaffold.translate.names import container_of, fetched, loop_pairs, loops
from scaffold.translate.sources import Source
from scaffold.translate.training import TRAINING_LAYERS


def _mentions(node: ast.AST, name: str) -> bool:
    """True when an expression reads a name; a loop variable may shadow what it iterates over."""
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


class Context:
    """State shared by the parts of the translator. `classes` and `renames` are filled by the caller."""

    def __init__(self, source: Source, types: TypeDB | None = None, given: dict[str, TypeInfo] | None = None) -> None:
        self.source = source
        self.types = types or TypeDB()
        self.given = given or {}
        self.classes: dict[str, ClassInfo] = {}
        self.renames: dict[str, str] = {}
        self.functions = {n.name: n for n in source.tree.body if isinstance(n, ast.FunctionDef)}
        self.autograd = autograd.classes(self)  # class with a gradient of its own → its `forward`
        self.gradients = autograd.gradients(self)  # … → its `backward`, where it can be said
        self.file_constants = reach.constants(source.tree)  # names of the file whose truth is settled
        self.current: ClassInfo | None = None
        self._visiting: set[ast.AST] = set()
        self._unbiased: dict[str, frozenset[str]] = {}  # class → what `unbiased` found
        self._read: dict[str, dict[str, list[ast.Attribute]]] = {}  # class → what `_on_self` found
        self.uses: set[str] = set()
        self.emits: set[str] = set()
        self.making_methods: dict[str, str] = {}  # the same of methods of plain classes
        self.factories: dict[str, str] = {}  # function → the class of the sub-module that it makes and returns
        self.handed: dict[ast.expr, str] = {}  # sub-module handed to a constructor → the attribute that keeps it
        self.layers: set[str] = set()
        self.variants: dict[str, dict[str, str]] = {}
        self.layer_name: str | None = None  # text of the name argument of the sub-layer under construction
        self.initializer: str | None = None  # text of the kernel initializer in the current constructor
        self.extra_init: list[str] = []  # statements to add after the current one in a constructor
        self.padded: dict[tuple[str, str], str] = {}  # (class, attribute) → padding layer in front of it
        self.constructing: str | None = None  # attribute under construction
        self.deriving = False  # the arguments are those of a torch layer that a class of the file derives from
        self.diagnostics: list[Diagnostic] = []
        self.statistics: dict[str, int] = {"mapped": 0, "unmapped": 0}
        self.main_layers: dict[str, str] = {}  # PyTorch model class → TF main layer
        self.main_attribute = ""  # attribute of the thin models that holds their main layer
        self.thin_models: dict[str, str] = {}  # public model class with a main layer → its TF class
        self.extras: dict[
            str, dict[str, str]
        ] = {}  # class → constructor argument → its text where a model constructs it
        self.tied_models: set[str] = set()
        self.always_tied: dict[
            tuple[str, str], str
        ] = {}  # (class, linear layer) → embedding layer it shares its weight with
        self.tied_calls: dict[tuple[str, str], tuple[str, str | None]] = {}
        self.biased_ties: dict[
            tuple[str, str], tuple[str, str]
        ] = {}  # (class, tied layer with a bias of its own) → embedding layer, `use_bias`
        self.tied_attributes: dict[str, dict[str, str | None]] = {}
        self.ignored_keys: dict[str, tuple[str, ...]] = {}
        self.method_overrides: dict[tuple[str, str], list[str]] = {}
        self.own_outputs: set[str] = set()  # output classes that the library has with fewer fields
        self.base_members: dict[str, list[str]] = {}  # pretrained base class → its properties
        self.own_members: dict[str, list[str]] = {}  # model class → its properties where the base class's do not do
        self.sampled_tasks: frozenset[str] = frozenset()  # tasks that the checkout has a TensorFlow code sample for
        self.doc_renames: dict[str, str] = {}
        self.imported: set[tuple[str, str]] = set()
        self.unused_functions: set[str] = set()
        self.as_layer = False  # the current model class is written as a main layer
        self.initializing_configs: frozenset[str] = frozenset()  # configuration classes with `initializer_range`
        self.all_initialize = False  # every configuration class of the model has `initializer_range`
        self.library: Path | None = None  # the checkout's src/transformers
        self.summarises_without_projection = False  # a configuration has a `summary_type` and no `summary_use_proj`
        self.has_pytorch_activation = False  # the configuration names an activation that TensorFlow's table lacks
        self.tied_keys: dict[str, list[str]] = {}
        self.constructor_name: Callable[[ast.Call], str | None] = lambda call: None
        self.trained_anyway: set[str] = (
            set()
        )  # borrowed classes whose call takes `training` although PyTorch's needs none
        self.state_caches: frozenset[str] = frozenset()  # classes of recurrent states, which a port has not
        self.state_parameters: frozenset[str] = frozenset()  # parameters that would hold one
        self.settled: dict[str, bool] = {}  # conditions known in advance in the current function
        self.unpacks = False  # the current function is decorated with @unpack_inputs
        self.fills_flags = False  # which fills flags as well, but not those of an encoder-decoder made of two models
        self.reassigned_config: frozenset[str] = (
            frozenset()
        )  # configuration attributes that constructors change for their children
        self.part_classes: frozenset[str] = frozenset()  # classes that were joined to the file from others
        self.dropout_rates: frozenset[str] = frozenset()
        self.uses_library_loss = False
        self.loss_name = "loss"
        self._called: dict[ast.Call, set[int]] | None = (
            None  # constructor call of a sub-layer → ranks it is called with
        )

    # -- what rules may ask ------------------------------------------------------------------------------------------

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node's parent in the PyTorch syntax tree."""
        return self.source.parents.get(node)

    def function_of(self, node: ast.AST) -> ast.FunctionDef | None:
        """The innermost function a node stands in."""
        current: ast.AST | None = node
        while current is not None:
            current = self.source.parents.get(current)
            if isinstance(current, ast.FunctionDef):
                return current
        return None

    def class_of(self, node: ast.AST) -> ClassInfo | None:
        """The translated class a node stands in."""
        current: ast.AST | None = node
        while current is not None:
            if isinstance(current, ast.ClassDef) and current.name in self.classes:
                return self.classes[current.name]
            current = self.source.parents.get(current)
        return None

    def child_of(self, node: ast.AST) -> Child | None:
        """The sub-module an expression (`self.encoder.layer[0]`, a loop variable) denotes, if it does."""
        if isinstance(node, ast.Attribute):
            owner = self.owner_of(node.value)
            return owner.children.get(node.attr) or child_of_models(self.classes, owner, node.attr) if owner else None
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            child = self.child_of(node.value)
            if child is None or not child.is_list:
                return None
            return mixed.member(self, child, node.slice) or child.item()
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr" and len(node.args) == 2:
            child = self.child_of(node.args[0])  # `getattr(self.experts, f"expert_{i}")`
            return child.item() if child is not None and child.is_list else None
        if isinstance(node, ast.Name) and node not in self._visiting:
            self._visiting.add(node)
            try:
                return self._local_child(node)
            finally:
                self._visiting.discard(node)
        return None

    def _local_child(self, node: ast.Name) -> Child | None:
        function = self.function_of(node)
        for loop in loops(function) if function else ():
            for target, iterable in loop_pairs(loop):
                if isinstance(target, ast.Name) and target.id == node.id and not _mentions(iterable, node.id):
                    whole = container_of(iterable)
                    child = self.child_of(whole.value if isinstance(whole, ast.Subscript) else whole)
                    if child is not None and child.is_list:
                        return child.item()
        if function is None:
            return None
        return self._argument_child(node, function) or self._fetched_child(node, function)

    def _fetched_child(self, node: ast.Name, function: ast.FunctionDef) -> Child | None:
        """The sub-module in a variable that is set once, to what another one's method gives: `x = self.model.get_decoder()`."""
        method = fetched(function).get(node.id)
        owner = self.owner_of(method.value) if method is not None else None
        if method is None or owner is None:
            return None
        body = self.all_methods(owner).get(method.attr, ast.Pass())
        last = body.body[-1] if isinstance(body, ast.FunctionDef) else None
        is_own = isinstance(last, ast.Return) and isinstance(last.value, ast.Attribute) and len(body.body) == 1  # type: ignore[union-attr]
        return self.child_of(last.value) if is_own else None  # type: ignore[union-attr]

    def _argument_child(self, node: ast.Name, function: ast.FunctionDef) -> Child | None:
        """The sub-module that a method's parameter stands for, where its class hands over only one."""
        owner, names = self.class_of(node), [a.arg for a in function.args.args]
        if owner is None or node.id not in names[1:] or owner.methods.get(function.name) is not function:
            return None
        position, found = names.index(node.id) - 1, []
        for call in ast.walk(owner.node):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == f"self.{function.name}":
                given = [k.value for k in call.keywords if k.arg == node.id] or call.args[position : position + 1]
                found += [self.child_of(value) for value in given]
        alike = {child.attr for child in found if child is not None}
        return found[0] if len(alike) == 1 and None not in found else None

    def owner_of(self, node: ast.AST) -> ClassInfo | None:
        """The translated class whose instance an expression is."""
        if isinstance(node, ast.Name) and node.id == "self":
            return self.class_of(node)
        child = self.child_of(node)
        if child is not None and not child.is_list:
            return self.classes.get(child.class_name)
        detail = self.types.at(node).detail or ""
        return self.classes.get(detail.split(".")[-1])

    def all_methods(self, info: ClassInfo) -> dict[str, ast.FunctionDef]:
        """A class's methods, those of its in-file bases included."""
        methods: dict[str, ast.FunctionDef] = {}
        for base in info.bases:
            if base in self.classes:
                methods |= self.all_methods(self.classes[base])
        return {**methods, **info.methods}

    def is_constructed(self, node: ast.expr) -> bool:
        """True for the constructor call of a sub-module, or a choice between several."""
        parts = (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,)
        return all(
            self.is_constructed(part) if isinstance(part, ast.IfExp) else self._constructs(part) for part in parts
        )

    def _constructs(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and self.constructor_name(node) is not None

    def add_padding(self, node: ast.AST, constructor: str) -> bool:
        """Put an explicit padding layer in front of the sub-layer under construction; False where there is no place for it."""
        owner = self.class_of(node)
        if owner is None or self.constructing is None or owner.children[self.constructing].is_list:
            return False
        if len(owner.children[self.constructing].calls) > 1:  # another branch may construct it without padding
            return False
        name = f"{self.constructing}_padding"
        self.padded[owner.name, self.constructing] = name
        self.extra_init.append(f"self.{name} = {constructor}")
        return True

    def in_mixed_list(self, node: ast.Call) -> bool:
        """True for the constructor of a member of a list whose members are called alike although they differ."""
        owner = self.class_of(node)
        children = owner.children.values() if owner is not None else ()
        return any(child.is_list and node in child.calls and mixed.is_mixed(self, child) for child in children)

    def unbiased(self, node: ast.AST) -> frozenset[str]:
        """Sub-layers of the class around a node whose bias the constructor takes away (`self.norm.bias = None`)."""
        owner = self.class_of(node)
        if owner is None or owner.init is None:
            return frozenset()
        if owner.name not in self._unbiased:
            self._unbiased[owner.name] = self._without_bias(owner.init)
        return self._unbiased[owner.name]

    @staticmethod
    def _without_bias(init: ast.FunctionDef) -> frozenset[str]:
        found = set()
        for part in ast.walk(init):
            if isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant) and part.value.value is None:
                target = ast.unparse(part.targets[0]).split(".")
                if len(target) == 3 and target[0] == "self" and target[2] == "bias":
                    found.add(target[1])
        return frozenset(found)

    def library_text(self, path: str) -> str:
        """Text of a file of the checkout's library, empty without a checkout."""
        file = self.library / path if self.library is not None else None
        return file.read_text(encoding="utf-8") if file is not None and file.is_file() else ""

    def activation_getter(self) -> str:
        """Name of the function that looks an activation up: the library's, or one that knows PyTorch's other names as well."""
        if self.has_pytorch_activation:
            self.emits.add("activation")
            return "_get_activation"
        return "get_tf_activation"

    def training_argument(self, function: ast.AST | None) -> str:
        """`, training=training` when a method given as a value needs it, else nothing."""
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "self":
            owner = self.class_of(function)
            if owner is not None and function.attr in owner.training_methods:
                return ", training=training"
        return ""

    def in_main_layer(self, node: ast.Attribute) -> str:
        """Way to `self.encoder` in a model that derives from a thin one, whose main layer has it; else nothing."""
        owner = self.current
        if owner is None or owner.category is not Category.MODEL or self.as_layer or ast.unparse(node.value) != "self":
            return ""
        bases = [self.classes[b] for b in owner.bases if b in self.thin_models]
        inherited = any(node.attr in {**base.children, **base.parameters} for base in bases)
        return f"{self.main_attribute}." if inherited and node.attr not in self._on_self_stored(owner) else ""

    @staticmethod
    def _on_self_stored(owner: ClassInfo) -> set[str]:
        """Attributes that a class sets itself."""
        stored = (n for n in ast.walk(owner.node) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
        return {n.attr for n in stored if ast.unparse(n.value) == "self"}

    def main_layer_name(self, info: ClassInfo) -> str:
        """The layer that stands for a pretrained model used inside another one."""
        return self.main_layers.get(info.name, info.tf_name)

    def constructor_extras(self, pt_name: str) -> tuple[str, ...]:
        """Arguments that a translated class's constructor takes beyond PyTorch's (tied embeddings)."""
        in_model = self.current is not None and self.current.category is Category.MODEL and not self.as_layer
        return tuple(f"{name}={text if in_model else name}" for name, text in self.extras.get(pt_name, {}).items())

    def called_rank(self, info: ClassInfo, constructor: ast.Call) -> int | None:
        """Rank of the tensors that the sub-layer made by a constructor call is called with; calls that were seen come first."""
        attrs = [a for a, child in info.children.items() if constructor in child.calls]
        given = [
            node.args[0]
            for node in ast.walk(info.node)
            if isinstance(node, ast.Call) and node.args
            if (child := self.child_of(node.func)) is not None and child.attr in attrs
        ]
        ranks = [kind.rank for kind in (*map(self.types.at, given), *map(self.type_of, given))]
        return next((rank for rank in ranks if rank is not None), None)

    def called_ranks(self, constructor: ast.Call) -> frozenset[int]:
        """Ranks of the tensors that the sub-layer made by a constructor call is called with anywhere in the file."""
        if self._called is None:
            self._called = {}
            for node in ast.walk(self.source.tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                    child = self.child_of(node.func)
                    ranks = {o.rank for o in self.types.at(node.args[0]).seen if o.kind == "tensor" and o.rank}
                    for call in child.calls if child is not None else ():
                        self._called.setdefault(call, set()).update(ranks)
        return frozenset(self._called.get(constructor, ()))

    def attribute_type(self, node: ast.Attribute) -> TypeInfo:
        """Merged observations of the same `self.x` elsewhere in the class, or its value in `__init__`."""
        owner = self.class_of(node)
        if owner is None or not (isinstance(node.value, ast.Name) and node.value.id == "self"):
            return TypeInfo(())
        seen = tuple(dict.fromkeys(self._seen_on_self(owner, node.attr)))
        return TypeInfo(seen, static=True) if seen else self._in_constructor(owner, node.attr)

    def _in_constructor(self, owner: ClassInfo, attr: str) -> TypeInfo:
        """The type of the one sequence that a constructor gives an attribute."""
        given = [
            n.value
            for n in ast.walk(owner.init or ast.Pass())
            if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == f"self.{attr}"
        ]
        is_sequence = len(given) == 1 and isinstance(given[0], (ast.Tuple, ast.List))
        return self.type_of(given[0]) if is_sequence else TypeInfo(())

    def _seen_on_self(self, owner: ClassInfo, attr: str) -> list[Observation]:
        """Observations in the class; where there are none, in those it derives from in this file."""
        seen = [o for other in self._on_self(owner).get(attr, ()) for o in self.types.at(other).seen]
        for base in owner.bases:
            if not seen and base in self.classes:
                seen = self._seen_on_self(self.classes[base], attr)
        return seen

    def _on_self(self, owner: ClassInfo) -> dict[str, list[ast.Attribute]]:
        """Attribute → every place where the class names it on `self`."""
        if owner.name not in self._read:
            found: dict[str, list[ast.Attribute]] = {}
            for node in ast.walk(owner.node):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                    found.setdefault(node.attr, []).append(node)
            self._read[owner.name] = found
        return self._read[owner.name]

    def diagnose(
        self, code: str, subject: str, message: str, node: ast.AST, help: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        """Record a finding at a node of the PyTorch file; an ERROR makes the statement writer leave a marker."""
        span = Span(*self.source.place(node))
        owner = self._top_level(node)
        found = Diagnostic(
            code=code,
            subject=subject,
            message=message,
            help=help,
            path=self.source.path,
            span=span,
            severity=severity,
            owner=owner,
        )
        if found not in self.diagnostics:
            self.diagnostics.append(found)

    def _top_level(self, node: ast.AST) -> str:
        current: ast.AST | None = node
        name = ""
        while current is not None:
            if isinstance(current, (ast.ClassDef, ast.FunctionDef)):
                name = current.name
            current = self.source.parents.get(current)
        return name

    def trains(self, child: Child) -> bool:
        """True when a sub-module behaves differently in training."""
        names = {child.qualname, *(self.source.qualname(c.func) or ast.unparse(c.func) for c in child.calls)}
        return any(n in TRAINING_LAYERS or (n in self.classes and self.classes[n].needs_training) for n in names)

    def type_of(self, node: ast.AST) -> TypeInfo:
        """What is known of an expression's PyTorch value."""
        raise NotImplementedError
