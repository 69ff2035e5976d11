"""Expressions: PyTorch syntax tree in, TensorFlow text out, everything no rule touches copied character by character.

Source of the semantics: translator.md's measurements and the rules in `rules/`; names, kinds and ranks come from the probe.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from scaffold.core.diagnostics import Diagnostic, Severity, Span
from scaffold.core.typedb import TypeDB, TypeInfo
from scaffold.translate import binding, layouts, operators, registry
from scaffold.translate.callsite import NOT_CONSTANT, Arg, CallSite, parenthesised
from scaffold.translate.classes import TRAINING_LAYERS, Category, Child, ClassInfo
from scaffold.translate.infer import TENSOR_ONLY, Inference
from scaffold.translate.losses import loss_function
from scaffold.translate.rule import AnyRule, AttributeRule, LayerRule, Rule, Unmapped
from scaffold.translate.sources import Source
from scaffold.translate.truth import truth

#: Container kinds that hold shapes: torch.Size arithmetic becomes list arithmetic.
SHAPES = frozenset({"size"})


class Engine:
    """Translates the expressions of one source. `classes` and `renames` are filled by the caller."""

    def __init__(self, source: Source, types: TypeDB | None = None, given: dict[str, TypeInfo] | None = None) -> None:
        self.source = source
        self.types = types or TypeDB()
        self.given = given or {}
        self.classes: dict[str, ClassInfo] = {}
        self.renames: dict[str, str] = {}
        self.current: ClassInfo | None = None
        self.uses: set[str] = set()
        self.emits: set[str] = set()
        self.layers: set[str] = set()
        self.variants: dict[str, dict[str, str]] = {}
        self.layer_name: str | None = None  # text of the name argument of the sub-layer under construction
        self.initializer: str | None = None  # text of the kernel initializer in the current constructor
        self.extra_init: list[str] = []  # statements to add after the current one in a constructor
        self.padded: dict[tuple[str, str], str] = {}  # (class, attribute) → padding layer in front of it
        self.constructing: str | None = None  # attribute under construction
        self.diagnostics: list[Diagnostic] = []
        self.statistics: dict[str, int] = {"mapped": 0, "unmapped": 0}
        self.main_layers: dict[str, str] = {}  # PyTorch model class → TF main layer
        self.thin_models: dict[str, str] = {}  # public model class with a main layer → its TF class
        self.extras: dict[str, dict[str, str]] = {}  # class → constructor argument → its text where a model constructs it
        self.tied_models: set[str] = set()
        self.tied_calls: dict[tuple[str, str], tuple[str, str | None]] = {}
        self.tied_attributes: dict[str, dict[str, str | None]] = {}
        self.ignored_keys: dict[str, tuple[str, ...]] = {}
        self.method_overrides: dict[tuple[str, str], list[str]] = {}
        self.base_members: list[str] = []
        self.doc_renames: dict[str, str] = {}
        self.imported: set[tuple[str, str]] = set()
        self.unused_functions: set[str] = set()
        self.as_layer = False  # the current model class is written as a main layer
        self.has_initializer_range = False
        self.constructor_name: Callable[[ast.Call], str | None] = lambda call: None
        self.trained_anyway: set[str] = set()  # borrowed classes whose call takes `training` although PyTorch's needs none
        self.settled: dict[str, bool] = {}  # conditions known in advance in the current function
        self.unpacks = False  # the current function is decorated with @unpack_inputs
        self.dropout_rates: frozenset[str] = frozenset()
        self.uses_library_loss = False
        self.loss_name = "loss"
        self.infer = Inference(self)
        self._memo: dict[int, str] = {}

    # -- what rules may ask ------------------------------------------------------------------------------------------

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node's parent in the PyTorch syntax tree."""
        return self.source.parents.get(node)

    def type_of(self, node: ast.AST) -> TypeInfo:
        """What is known of an expression's PyTorch value."""
        return self.infer(node)

    def arg(self, node: ast.AST) -> Arg:
        """An expression as a rule's argument."""
        return Arg(node, self.expression(node), self.type_of(node))

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
            return owner.children.get(node.attr) if owner else None
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            child = self.child_of(node.value)
            return child.item() if child is not None and child.is_list else None
        if isinstance(node, ast.Name):
            return self._local_child(node)
        return None

    def _local_child(self, node: ast.Name) -> Child | None:
        function = self.function_of(node)
        for loop in ast.walk(function) if function else ():
            if isinstance(loop, (ast.For, ast.comprehension)):
                for target, iterable in operators.loop_pairs(loop):
                    if isinstance(target, ast.Name) and target.id == node.id:
                        child = self.child_of(iterable.value if isinstance(iterable, ast.Subscript) else iterable)
                        if child is not None and child.is_list:
                            return child.item()
        return None

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

    def add_padding(self, node: ast.AST, constructor: str) -> None:
        """Put an explicit padding layer in front of the sub-layer under construction."""
        owner = self.class_of(node)
        if owner is None or self.constructing is None or owner.children[self.constructing].is_list:
            self.diagnose("TFP102", "padding", "a padded convolution inside a list", node, "give it its own attribute")
            return
        name = f"{self.constructing}_padding"
        self.padded[owner.name, self.constructing] = name
        self.extra_init.append(f"self.{name} = {constructor}")

    def padding_layer(self, func: ast.AST | None) -> str | None:
        """The padding layer in front of a called sub-layer, as text."""
        if not isinstance(func, ast.Attribute):
            return None
        owner = self.owner_of(func.value)
        name = self.padded.get((owner.name, func.attr)) if owner else None
        return f"{self.expression(func.value)}.{name}" if name else None

    def training_argument(self, function: ast.AST | None) -> str:
        """`, training=training` when a method given as a value needs it, else nothing."""
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "self":
            owner = self.class_of(function)
            if owner is not None and function.attr in owner.training_methods:
                return ", training=training"
        return ""

    def main_layer_name(self, info: ClassInfo) -> str:
        """The layer that stands for a pretrained model used inside another one."""
        return self.main_layers.get(info.name, info.tf_name)

    def call_in_file(self, node: ast.Call, text: str, info: ClassInfo) -> str:
        """A call of a sub-module of a class of this file."""
        trains = info.needs_training or info.category is Category.MODEL or info.name in self.trained_anyway
        extra = ("training=training",) if trains else ()
        return operators.write_call(self, node, text, extra)

    def constructor_extras(self, pt_name: str) -> tuple[str, ...]:
        """Arguments that a translated class's constructor takes beyond PyTorch's (tied embeddings)."""
        in_model = self.current is not None and self.current.category is Category.MODEL and not self.as_layer
        return tuple(f"{name}={text if in_model else name}" for name, text in self.extras.get(pt_name, {}).items())

    def construct_layer(self, rule: LayerRule, qualname: str, node: ast.Call) -> str:
        """A torch layer's constructor as the Keras one."""
        return operators.layer_constructor(self, rule, qualname, node)

    def called_rank(self, info: ClassInfo, constructor: ast.Call) -> int | None:
        """Rank of the tensors that the sub-layer made by a constructor call is called with."""
        attrs = [a for a, child in info.children.items() if constructor in child.calls]
        for node in ast.walk(info.node):
            if isinstance(node, ast.Call) and node.args:
                child = self.child_of(node.func)
                if child is not None and child.attr in attrs:
                    return self.type_of(node.args[0]).rank
        return None

    def attribute_type(self, node: ast.Attribute) -> TypeInfo:
        """Merged observations of the same `self.x` elsewhere in the class, or its value in `__init__`."""
        owner = self.class_of(node)
        if owner is None or not (isinstance(node.value, ast.Name) and node.value.id == "self"):
            return TypeInfo(())
        seen = []
        for other in ast.walk(owner.node):
            if isinstance(other, ast.Attribute) and other.attr == node.attr and ast.dump(other.value) == ast.dump(node.value):
                seen += self.types.at(other).seen
        return TypeInfo(tuple(dict.fromkeys(seen)), static=True)

    def diagnose(self, code: str, subject: str, message: str, node: ast.AST, help: str = "", severity: Severity = Severity.ERROR) -> None:
        """Record a finding at a node of the PyTorch file; an ERROR makes the statement writer leave a marker."""
        span = Span(node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0)  # type: ignore[attr-defined]
        owner = self._top_level(node)
        found = Diagnostic(
            code=code, subject=subject, message=message, help=help, path=self.source.path, span=span, severity=severity, owner=owner
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

    # -- rendering ---------------------------------------------------------------------------------------------------

    def expression(self, node: ast.AST) -> str:
        """TensorFlow text of an expression (memoised)."""
        key = id(node)
        if key not in self._memo:
            handler = getattr(self, f"_{type(node).__name__.lower()}", None)
            self._memo[key] = handler(node) if handler else self.splice(node)
        return self._memo[key]

    def remember(self, node: ast.AST, text: str) -> None:
        """Fix the text of an expression, when a pass has hoisted its value."""
        self._memo[id(node)] = text

    def trains(self, child: Child) -> bool:
        """True when a sub-module behaves differently in training."""
        names = {child.qualname, *(self.source.qualname(c.func) or ast.unparse(c.func) for c in child.calls)}
        return any(n in TRAINING_LAYERS or (n in self.classes and self.classes[n].needs_training) for n in names)

    def splice_arguments(self, arguments: ast.arguments) -> str:
        """A parameter list with translated annotations and defaults."""
        copy = ast.parse("def f(): pass").body[0]
        assert isinstance(copy, ast.FunctionDef)
        copy.args = arguments
        return ast.unparse(copy).removeprefix("def f(").split("):\n")[0]

    def forget(self) -> None:
        """Drop memoised texts, when the context they were rendered in changes."""
        self._memo.clear()

    def splice(self, node: ast.AST) -> str:
        """The node's own text with its sub-expressions' texts replaced."""
        pieces: list[str] = []
        position = self.source.start(node)
        for child in self._children(node):
            start, end = self.source.start(child), self.source.end(child)
            if start < position:
                continue
            pieces += [self.source.slice(position, start), self.expression(child)]
            position = end
        pieces.append(self.source.slice(position, self.source.end(node)))
        return "".join(pieces)

    def _children(self, node: ast.AST) -> Iterator[ast.AST]:
        found: list[ast.AST] = []
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                found.append(child)
            elif isinstance(child, (ast.keyword, ast.comprehension, ast.arguments, ast.arg)):
                found += self._children(child)
        return iter(sorted(found, key=self.source.start))

    def _joinedstr(self, node: ast.JoinedStr) -> str:
        # Positions inside f-strings are exact only from Python 3.12 on, so their values are rendered from re-parsed text.
        text = self.source.segment(node)
        for value in ast.walk(node):
            if isinstance(value, ast.FormattedValue):
                before = ast.unparse(value.value)
                after = self.snippet(before)
                text = text.replace("{" + before, "{" + after.replace('"', "'"))
        return text

    def snippet(self, text: str) -> str:
        """Translate an expression given as text; only shapes are known by their spelling in it."""
        source = Source(text)
        child = Engine(source, given=self.given)
        child.renames = self.renames
        body = source.tree.body[0]
        for node in ast.walk(body):
            if isinstance(node, ast.Attribute) and node.attr in ("shape", "size", "dim") and isinstance(node.value, ast.Name):
                child.given[node.value.id] = TypeInfo(self._tensor_named(node.value.id), static=True)
        result = child.expression(body.value) if isinstance(body, ast.Expr) else text
        self.uses |= child.uses
        return result

    @staticmethod
    def _tensor_named(name: str) -> tuple[operators.Observation, ...]:
        return () if name in ("self", "config") else (operators.Observation("tensor"),)

    def _name(self, node: ast.Name) -> str:
        if node.id in self.renames and not self._is_local(node):
            return self.renames[node.id]
        qualname = self.source.imports.get(node.id)
        rule = registry.find(qualname) if qualname and isinstance(node.ctx, ast.Load) and not self._is_local(node) else None
        if isinstance(rule, AttributeRule):
            self.uses |= set(rule.uses)
            return rule.tf
        return node.id

    def _is_local(self, node: ast.Name) -> bool:
        function = self.function_of(node)
        return function is not None and node.id in operators.local_names(function)

    def _attribute(self, node: ast.Attribute) -> str:
        if isinstance(node.ctx, ast.Load):
            special = operators.special_attribute(self, node)
            if special is not None:
                return special
        owner = self.owner_of(node.value)
        attr = owner.attribute_names.get(node.attr, node.attr) if owner else node.attr
        return f"{parenthesised(self.expression(node.value), node.value)}.{attr}"

    def _ifexp(self, node: ast.IfExp) -> str:
        outcome = truth(node.test, self.settled)
        return self.splice(node) if outcome is None else self.expression(node.body if outcome else node.orelse)

    def _boolop(self, node: ast.BoolOp) -> str:
        """Operands whose outcome is settled and does not matter are left out."""
        neutral = isinstance(node.op, ast.And)
        kept = [v for v in node.values if truth(v, self.settled) is not neutral]
        if len(kept) == len(node.values) or not kept:
            return self.splice(node)
        word = " and " if neutral else " or "
        return word.join(self.expression(v) if len(kept) == 1 else parenthesised(self.expression(v), v) for v in kept)

    def _binop(self, node: ast.BinOp) -> str:
        return operators.binary(self, node)

    def _compare(self, node: ast.Compare) -> str:
        return operators.compare(self, node)

    def _unaryop(self, node: ast.UnaryOp) -> str:
        if isinstance(node.op, ast.Invert) and self.type_of(node.operand).kind == "tensor":
            return f"tf.logical_not({self.expression(node.operand)})"
        return self.splice(node)

    def _subscript(self, node: ast.Subscript) -> str:
        return operators.subscript(self, node)

    def _constant(self, node: ast.Constant) -> str:
        return self.source.segment(node)

    # -- calls -------------------------------------------------------------------------------------------------------

    def rule_for(self, node: ast.Call) -> AnyRule | None:
        """The rule a call falls under, by qualified name or by its receiver being a tensor."""
        qualname = self.qualname_of(node)
        return registry.find(qualname) if qualname else None

    def qualname_of(self, node: ast.Call) -> str | None:
        """`torch.cat`, `torch.Tensor.view`, `transformers.pytorch_utils.f`, `self.method` rules; None for the rest."""
        func = node.func
        constructor = self.loss_of(func)
        if constructor is not None:
            return loss_function(self.source.qualname(constructor.func))
        qualname = self.source.qualname(func)
        if qualname is not None:
            head = func
            while isinstance(head, ast.Attribute):
                head = head.value
            if not (isinstance(head, ast.Name) and self._is_local(head)):
                return qualname
        if not isinstance(func, ast.Attribute):
            return None
        if isinstance(func.value, ast.Name) and func.value.id == "self":
            return f"self.{func.attr}"
        receiver = self.type_of(func.value)
        if receiver.kind == "tensor" or (receiver.kind is None and func.attr in TENSOR_ONLY and self.owner_of(func.value) is None):
            return f"torch.Tensor.{func.attr}"
        if receiver.kind in SHAPES and func.attr == "numel":
            return "torch.Size.numel"
        return None

    def loss_of(self, func: ast.AST) -> ast.Call | None:
        """The constructor call behind `loss_fct` in `loss_fct(logits, labels)`, or in `CrossEntropyLoss()(logits, labels)`."""
        if isinstance(func, ast.Call) and loss_function(self.source.qualname(func.func)):
            return func
        function = self.function_of(func) if isinstance(func, ast.Name) else None
        for node in ast.walk(function) if function is not None else ():
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and ast.unparse(node.targets[0]) == ast.unparse(func):
                if self._same_branch(node, func) and loss_function(self.source.qualname(node.value.func)):
                    return node.value
        return None

    def _same_branch(self, assignment: ast.AST, use: ast.AST) -> bool:
        """True when the block of an assignment encloses a use after it."""
        block = self.parent(assignment)
        current: ast.AST | None = use
        while current is not None and current is not block:
            current = self.parent(current)
        return current is block and use.lineno >= assignment.lineno  # type: ignore[attr-defined]

    def _call(self, node: ast.Call) -> str:
        shortcut = layouts.tokens(self, node)
        if shortcut is not None:
            return shortcut
        qualname = self.qualname_of(node)
        rule = registry.find(qualname) if qualname else None
        if qualname is not None and qualname.startswith("self."):
            owner = self.class_of(node)
            if owner is not None and (qualname[5:] in owner.methods or qualname[5:] in owner.children):
                rule = None
        if isinstance(rule, Rule):
            return self._apply(rule, qualname or "", node)
        if isinstance(rule, LayerRule):
            return operators.layer_constructor(self, rule, qualname or "", node)
        if qualname is not None and qualname.startswith(("torch.", "transformers.pytorch_utils.")) and rule is None:
            self.statistics["unmapped"] += 1
            self.diagnose("TFP101", qualname, "no rule translates this call", node, "write it by hand, or add a rule")
            return self.splice(node)
        return operators.plain_call(self, node)

    def _apply(self, rule: Rule, qualname: str, node: ast.Call) -> str:
        site = self.site(rule.args, qualname, node)
        result = site if isinstance(site, Unmapped) else self._rendered(rule, site)
        if isinstance(result, Unmapped):
            self.statistics["unmapped"] += 1
            self.diagnose(result.code, qualname, result.message, node, result.help)
            return self.splice(node)
        self.statistics["mapped"] += 1
        return result

    def _rendered(self, rule: Rule, site: CallSite) -> str | Unmapped:
        for name, why in rule.unsupported.items():
            if name in site.bound and site.bound[name].text != rule.harmless.get(name, "None"):
                return Unmapped("TFP102", f"argument `{name}`: {why}", "rewrite the call without it")
        if rule.rewrite is not None:
            return rule.rewrite(site)
        values: dict[str, Arg | str] = dict(rule.defaults)
        values.update({k: v for k, v in site.bound.items() if k not in rule.ignore})
        values.update({k: site.sequence(k) for k in site.varargs})
        return self._filled(rule, values)

    def _filled(self, rule: Rule, values: dict[str, Arg | str]) -> str | Unmapped:
        if "shape_list(" in rule.tf:
            self.uses.add("shape_list")
        if "stable_softmax(" in rule.tf:
            self.uses.add("stable_softmax")
        try:
            return binding.fill(rule.tf, values)
        except KeyError as missing:
            return Unmapped("TFP102", f"argument {missing} is not given and has no default", "give it explicitly")

    def site(self, parameters: tuple[str, ...], qualname: str, node: ast.Call) -> CallSite | Unmapped:
        """Bind a call to a rule's parameters."""
        positional = list(node.args)
        if qualname.startswith(("torch.Tensor.", "torch.Size.")) and isinstance(node.func, ast.Attribute):
            positional.insert(0, node.func.value)
        constructor = self.loss_of(node.func)
        keywords = [*node.keywords, *(constructor.keywords if constructor is not None else ())]
        bound = binding.bind(parameters, positional, keywords)
        if isinstance(bound, Unmapped):
            return bound
        named, varargs = bound
        return CallSite(
            self,
            node,
            qualname,
            {k: self.arg(v) for k, v in named.items()},
            {k: [self._item(v) for v in values] for k, values in varargs.items()},
        )

    def _item(self, node: ast.expr) -> Arg:
        if isinstance(node, ast.Starred):
            return Arg(node, f"*{self.expression(node.value)}", self.type_of(node.value))
        return self.arg(node)

    def constant(self, node: ast.AST) -> object:
        """Literal value of an expression, or NOT_CONSTANT."""
        try:
            return ast.literal_eval(node)  # type: ignore[arg-type]
        except (ValueError, TypeError, SyntaxError):
            return NOT_CONSTANT


def translate_expression(text: str, types: dict[str, TypeInfo] | None = None) -> tuple[str, list[Diagnostic], Engine]:
    """Translate one expression, for tests and `scaffold explain`: leading `import` lines are understood, torch, nn and F are known."""
    prelude = "import math\nimport torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
    source = Source(prelude + text)
    engine = Engine(source, given=types)
    statement = source.tree.body[-1]
    node = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
    if node is None:
        raise ValueError(f"not an expression: {text!r}")
    return engine.expression(node), engine.diagnostics, engine
