"""Expressions: PyTorch syntax tree in, TensorFlow text out, everything no rule touches copied character by character.

Source of the semantics: translator.md's measurements and the rules in `rules/`; names, kinds and ranks come from the probe.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scaffold.core.diagnostics import Diagnostic
from scaffold.core.typedb import Observation, TypeDB, TypeInfo
from scaffold.translate import (
    attributes,
    autograd,
    binding,
    comparisons,
    fstrings,
    iteration,
    layouts,
    losses,
    mixed,
    operators,
    registry,
    reparametrised,
    subscripts,
    unpacking,
)
from scaffold.translate.callsite import ATOMS, NOT_CONSTANT, Arg, CallSite, as_dtype, parenthesised, rewritten
from scaffold.translate.classes import Category, ClassInfo
from scaffold.translate.context import Context
from scaffold.translate.infer import TENSOR_ONLY, Inference
from scaffold.translate.losses import inline_function
from scaffold.translate.names import local_names, names_device, optional_parameters
from scaffold.translate.rule import AnyRule, AttributeRule, LayerRule, Rule, Unmapped
from scaffold.translate.rules.caching import CACHE
from scaffold.translate.rules.caching import METHODS as CACHE_METHODS
from scaffold.translate.sources import Source
from scaffold.translate.truth import truth

#: Methods that no tensor has.
LISTS_ALONE = frozenset({"append", "extend", "insert"})
#: Container kinds that hold shapes: torch.Size arithmetic becomes list arithmetic.
SHAPES = frozenset({"size"})


class Engine(Context):
    """Translates the expressions of one source. `classes` and `renames` are filled by the caller."""

    def __init__(self, source: Source, types: TypeDB | None = None, given: dict[str, TypeInfo] | None = None) -> None:
        super().__init__(source, types, given)
        self.infer = Inference(self)
        self._memo: dict[int, str] = {}

    # -- what rules may ask ------------------------------------------------------------------------------------------------

    def type_of(self, node: ast.AST) -> TypeInfo:
        """What is known of an expression's PyTorch value."""
        return self.infer(node)

    def arg(self, node: ast.AST) -> Arg:
        """An expression as a rule's argument."""
        return Arg(node, self.expression(node), self.type_of(node))

    def padding_layer(self, func: ast.AST | None) -> str | None:
        """The padding layer in front of a called sub-layer, as text."""
        if not isinstance(func, ast.Attribute):
            return None
        owner = self.owner_of(func.value)
        name = self.padded.get((owner.name, func.attr)) if owner else None
        return f"{self.expression(func.value)}.{name}" if name else None

    def call_in_file(self, node: ast.Call, text: str, info: ClassInfo) -> str:
        """A call of a sub-module of a class of this file."""
        trains = info.needs_training or info.category is Category.MODEL or info.name in self.trained_anyway
        return operators.call_of_layer(self, node, text, info, ("training=training",) if trains else ())

    def construct_layer(self, rule: LayerRule, qualname: str, node: ast.Call) -> str:
        """A torch layer's constructor as the Keras one."""
        return operators.layer_constructor(self, rule, qualname, node)

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
            pieces += [self.source.slice(position, start), self._operand(node, child)]
            position = end
        pieces.append(self.source.slice(position, self.source.end(node)))
        return "".join(pieces)

    def _operand(self, parent: ast.AST, child: ast.AST) -> str:
        """A sub-expression's text; in parentheses where a rule made an operation of what was a call beside an operator."""
        text = self.expression(child)
        binds = isinstance(
            parent, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.Subscript, ast.Attribute, ast.IfExp)
        )
        if not binds or not isinstance(child, ATOMS) or text == self.source.segment(child):
            return text
        whole_index = isinstance(parent, ast.Subscript) and child is parent.slice
        return text if whole_index else parenthesised(text)

    def _children(self, node: ast.AST) -> Iterator[ast.AST]:
        found: list[ast.AST] = []
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                found.append(child)
            elif isinstance(child, (ast.keyword, ast.comprehension, ast.arguments, ast.arg)):
                found += self._children(child)
        return iter(sorted(found, key=self.source.start))

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> str:
        if (numbers := iteration.numbers(self, node)) is not None:
            return numbers
        for loop in node.generators:
            iteration.take_apart(self, loop.iter)
        return self.splice(node)

    _generatorexp = _listcomp

    def _joinedstr(self, node: ast.JoinedStr) -> str:
        return fstrings.translated(self, node)

    def snippet(self, text: str) -> str:
        """Translate an expression given as text; only shapes are known by their spelling in it."""
        source = Source(text)
        source.imports = self.source.imports
        child = Engine(source, given=self.given)
        child.renames = self.renames
        body = source.tree.body[0]
        for node in ast.walk(body):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in ("shape", "size", "dim")
                and isinstance(node.value, ast.Name)
            ):
                child.given[node.value.id] = TypeInfo(self._tensor_named(node.value.id), static=True)
        result = child.expression(body.value) if isinstance(body, ast.Expr) else text
        self.uses |= child.uses
        return result

    @staticmethod
    def _tensor_named(name: str) -> tuple[Observation, ...]:
        return () if name in ("self", "config") else (Observation("tensor"),)

    def _name(self, node: ast.Name) -> str:
        if node.id in self.renames and not self.is_local(node):
            return self.renames[node.id]
        if isinstance(node.ctx, ast.Load) and self.types.at(node).kind == "device":
            return "None"
        qualname = self.source.imports.get(node.id)
        rule = (
            registry.find(qualname) if qualname and isinstance(node.ctx, ast.Load) and not self.is_local(node) else None
        )
        if isinstance(rule, AttributeRule):
            self.uses |= set(rule.uses)
            self.emits |= {rule.emit} - {""}
            return rule.tf
        return attributes.function_itself(rule) or node.id

    def is_local(self, node: ast.Name) -> bool:
        """True for a name that the function around it binds."""
        function = self.function_of(node)
        return function is not None and node.id in local_names(function)

    def _attribute(self, node: ast.Attribute) -> str:
        special = autograd.attribute(self, node)
        if special is None and isinstance(node.ctx, ast.Load):
            special = attributes.special_attribute(self, node)
        if special is not None:
            return special
        owner = self.owner_of(node.value)
        attr = owner.attribute_names.get(node.attr, node.attr) if owner else node.attr
        text = f"{parenthesised(self.expression(node.value), node.value)}.{self.in_main_layer(node)}{attr}"
        return mixed.whole(self, node, text) or text

    def _ifexp(self, node: ast.IfExp) -> str:
        outcome = truth(node.test, self.settled)
        return self.splice(node) if outcome is None else self.expression(node.body if outcome else node.orelse)

    def _boolop(self, node: ast.BoolOp) -> str:
        """Operands whose outcome is settled and does not matter are left out; `x or tensor` asks for None."""
        if self._is_default(node):
            first, second = (self.expression(v) for v in node.values)
            return f"{first} if {first} is not None else {second}"
        neutral = isinstance(node.op, ast.And)
        kept = [v for v in node.values if truth(v, self.settled) is not neutral]
        if len(kept) == len(node.values) or not kept:
            return self.splice(node)
        word = " and " if neutral else " or "
        return word.join(self.expression(v) if len(kept) == 1 else parenthesised(self.expression(v), v) for v in kept)

    def _is_default(self, node: ast.BoolOp) -> bool:
        """`length or x.max()` where `length` is a parameter that is None by default."""
        first, function = node.values[0], self.function_of(node)
        if not isinstance(node.op, ast.Or) or len(node.values) != 2 or not isinstance(first, ast.Name):
            return False
        return first.id in optional_parameters(function) and self.type_of(node.values[1]).kind == "tensor"

    def _binop(self, node: ast.BinOp) -> str:
        return operators.binary(self, node)

    def _compare(self, node: ast.Compare) -> str:
        return comparisons.compare(self, node)

    def _unaryop(self, node: ast.UnaryOp) -> str:
        if isinstance(node.op, ast.Invert) and self.type_of(node.operand).kind == "tensor":
            return f"tf.logical_not({self.expression(node.operand)})"
        return self.splice(node)

    def _subscript(self, node: ast.Subscript) -> str:
        return subscripts.subscript(self, node)

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
            return inline_function(self.source.qualname(constructor.func))
        qualname = self.source.qualname(func)
        if qualname is not None:
            head = func
            while isinstance(head, ast.Attribute):
                head = head.value
            if not (isinstance(head, ast.Name) and self.is_local(head)):
                return qualname
        if not isinstance(func, ast.Attribute) or func.attr in LISTS_ALONE:
            return None
        if ast.unparse(func.value) == "self" or func.attr == "get_extended_attention_mask":
            return f"self.{func.attr}"
        if self._is_cache_method(node, func):
            return f"{CACHE}{func.attr}"
        receiver = self.type_of(func.value)
        if receiver.kind == "tensor" or (
            receiver.kind in (None, "none")
            and (func.attr in TENSOR_ONLY or names_device(node))
            and self.owner_of(func.value) is None
        ):
            return f"torch.Tensor.{func.attr}"
        if receiver.kind in SHAPES and func.attr == "numel":
            return "torch.Size.numel"
        return None

    def _is_cache_method(self, node: ast.Call, func: ast.Attribute) -> bool:
        """A method of a key and value cache: by the probe, or by a name that only caches have."""
        if func.attr not in CACHE_METHODS:
            return False
        info = self.type_of(func.value)
        if info.kind not in (None, "none", "list", "tuple", "cache"):
            return (info.detail or "").endswith("Cache")
        return func.attr != "update" or len(node.args) >= 3

    def loss_of(self, func: ast.AST) -> ast.Call | None:
        """The constructor call behind a loss's name; see `losses.constructor_of`."""
        return losses.constructor_of(self, func)

    def _call(self, node: ast.Call) -> str:
        shortcut = layouts.tokens(self, node) or autograd.call(self, node) or subscripts.activation(self, node)
        if shortcut is not None:
            return shortcut
        normalised = reparametrised.normalised(self, node)
        if normalised is not None:
            return self.expression(normalised)
        qualname = self.qualname_of(node)
        if qualname == "torch.nn.Parameter" and node.args and getattr(self.function_of(node), "name", "") != "__init__":
            return self.expression(node.args[0])  # a value that a method puts in a weight's place
        rule = registry.find(qualname) if qualname else None
        if qualname is not None and qualname.startswith("self."):
            owner = self.class_of(node)
            if owner is not None and (qualname[5:] in owner.methods or qualname[5:] in owner.children):
                rule = None
        if isinstance(rule, Rule):
            return self._apply(rule, qualname or "", node)
        if isinstance(rule, LayerRule):
            return operators.layer_constructor(self, rule, qualname or "", node)
        ours = qualname is not None and qualname.startswith(("torch.", "transformers.pytorch_utils."))
        if (
            ours and rule is None and not str(qualname).endswith(".forward")
        ):  # nn.LayerNorm.forward(self, x) is a plain call
            self.statistics["unmapped"] += 1
            self.diagnose(
                "TFP101", str(qualname), "no rule translates this call", node, "write it by hand, or add a rule"
            )
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
            return rewritten(rule.rewrite, site)
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
        positional = unpacking.spread(self, list(node.args))
        if qualname.startswith(("torch.Tensor.", "torch.Size.", CACHE)) and isinstance(node.func, ast.Attribute):
            positional.insert(0, node.func.value)
        constructor = self.loss_of(node.func)
        keywords = [*node.keywords, *(constructor.keywords if constructor is not None else ())]
        unpacked = {k: v for k, v in unpacking.keyword_arguments(self, node).items() if k in parameters}
        bound = binding.bind(parameters, positional, [k for k in keywords if k.arg is not None or not unpacked])
        if isinstance(bound, Unmapped):
            return bound
        named, varargs = bound
        return CallSite(
            self,
            node,
            qualname,
            {k: as_dtype(self.arg(v)) if k == "dtype" else self.arg(v) for k, v in named.items()} | unpacked,
            {k: [self._item(v) for v in values] for k, values in varargs.items()},
        )

    def _item(self, node: ast.expr) -> Arg:
        if isinstance(node, ast.Starred):
            return Arg(node, f"*{self.expression(node.value)}", self.type_of(node.value))
        return self.arg(node)

    def constant(self, node: ast.AST) -> object:
        """Literal value of an expression, or NOT_CONSTANT."""
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError):
            return NOT_CONSTANT


def translate_expression(text: str, types: dict[str, TypeInfo] | None = None) -> tuple[str, list[Diagnostic], Engine]:
    """Translate one expression, for tests and `scaffold explain`.

    Leading `import` lines are understood; math, torch, nn and F are known.
    """
    prelude = "import math\nimport torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
    source = Source(prelude + text)
    engine = Engine(source, given=types)
    statement = source.tree.body[-1]
    node = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
    if node is None:
        raise ValueError(f"not an expression: {text!r}")
    return engine.expression(node), engine.diagnostics, engine
