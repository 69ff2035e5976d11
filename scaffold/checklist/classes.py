"""The classes of one TensorFlow modelling file: their bases, methods and the layers they create.

Facts about Keras 2 layers (which have weights, which behave differently in training) follow the Keras API reference.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

#: Keras layers that create weights of their own.
WEIGHTED = re.compile(
    r"Dense|Embedding|EinsumDense|LayerNormalization|BatchNormalization|SyncBatchNormalization|GroupNormalization|"
    r"UnitNormalization|(Depthwise|Separable)?Conv[123]D(Transpose)?|LSTM|GRU|SimpleRNN|MultiHeadAttention|PReLU"
)
#: Keras layers whose output depends on `training`.
TRAINING = re.compile(
    r"\w*Dropout[123]?D?|BatchNormalization|SyncBatchNormalization|GaussianNoise|\w*DropPath|\w*StochasticDepth"
)
PRETRAINED = re.compile(r"TF\w*Pre[Tt]rained\w*")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def leaf(node: ast.AST) -> str:
    """Last part of a dotted name: `Dense` of `keras.layers.Dense`; empty for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def self_attribute(node: ast.AST) -> str | None:
    """`x` of `self.x`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return node.attr
    return None


def parameters(function: Function) -> list[str]:
    """Names of the positional and keyword parameters, in order."""
    return [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]


def decorators(node: Function | ast.ClassDef) -> list[str]:
    """Leaf names of the decorators, called or not."""
    return [leaf(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list]


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """A keyword argument's value."""
    return next((k.value for k in call.keywords if k.arg == name), None)


def has_star(call: ast.Call) -> bool:
    """True when arguments are passed by `*` or `**`."""
    return any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords)


@dataclass(frozen=True, slots=True)
class Child:
    """One layer created by a class: `self.<attribute> = <layer>(…)`, or an element of a list kept there."""

    attribute: str
    layer: str
    call: ast.Call

    @property
    def line(self) -> int:
        """Where it is created."""
        return self.call.lineno


@dataclass(frozen=True)
class ClassInfo:
    """One top-level class."""

    name: str
    node: ast.ClassDef
    bases: tuple[str, ...]
    methods: dict[str, Function] = field(default_factory=dict)

    @cached_property
    def children(self) -> tuple[Child, ...]:
        """The layers its methods create."""
        return tuple(_Children(self.methods.values()).found)


class _Children:
    """Collects layer creations, through local lists, comprehensions and `append`."""

    def __init__(self, methods: Iterable[Function]) -> None:
        self.found: list[Child] = []
        for method in methods:
            if method.name == "call":
                continue
            self._locals: dict[str, list[ast.Call]] = {}
            for node in _in_order(method):
                self._visit(node)

    def _visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                self._bind(target, list(self._created(node.value)))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            self._bind(node.func.value, [call for a in node.args for call in self._created(a)])

    def _bind(self, target: ast.AST, calls: list[ast.Call]) -> None:
        attribute = self_attribute(target)
        if attribute is not None:
            self.found += [Child(attribute, layer_name(call), call) for call in calls]
        elif isinstance(target, ast.Name) and calls:
            self._locals.setdefault(target.id, []).extend(calls)

    def _created(self, node: ast.expr) -> Iterator[ast.Call]:
        if isinstance(node, ast.Call):
            if layer_name(node):
                yield node
            elif leaf(node.func) == "Sequential":
                for part in node.args:
                    yield from self._created(part)
        elif isinstance(node, ast.Name):
            yield from self._locals.get(node.id, ())
        else:
            for part in _parts(node):
                yield from self._created(part)


def _parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.List | ast.Tuple):
        return list(node.elts)
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return [node.elt]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.Dict):
        return list(node.values)
    return [node.value] if isinstance(node, ast.Starred) else []


def _in_order(method: Function) -> list[ast.AST]:
    nodes = [n for n in ast.walk(method) if hasattr(n, "lineno")]
    return sorted(nodes, key=lambda n: (n.lineno, n.col_offset))  # type: ignore[attr-defined]


def layer_name(call: ast.Call) -> str:
    """The layer class a call creates, empty when the call creates something else."""
    name = leaf(call.func)
    if isinstance(call.func, ast.Attribute) and leaf(call.func.value).startswith("TF"):
        return leaf(call.func.value)  # TFAutoModel.from_config(…)
    dotted = ast.unparse(call.func) if isinstance(call.func, ast.Attribute) else name
    if re.fullmatch(r"(tf\.)?keras\.layers\.(experimental\.\w+\.)?[A-Z]\w*|layers\.[A-Z]\w*", dotted):
        return name
    return name if re.fullmatch(r"TF[A-Z]\w*", name) else ""


class ClassTable(dict[str, ClassInfo]):
    """Top-level classes by name, in file order, with what follows from their bases and children."""

    def __init__(self, tree: ast.Module) -> None:
        super().__init__()
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                methods = {m.name: m for m in node.body if isinstance(m, Function)}
                bases = tuple(leaf(base) for base in node.bases)
                self[node.name] = ClassInfo(node.name, node, bases, methods)
        self._weighted: dict[str, bool] = {}
        self._training: dict[str, bool] = {}

    def ancestors(self, name: str) -> list[str]:
        """The class and every base, nearest first; bases from other files end the search."""
        found, queue = [], [name]
        while queue:
            current = queue.pop(0)
            if current not in found:
                found.append(current)
                queue += self[current].bases if current in self else ()
        return found

    def is_model(self, name: str) -> bool:
        """True for a class below a pretrained base class, False for the base class itself."""
        bases = self.ancestors(name)[1:]
        return not PRETRAINED.fullmatch(name) and any(PRETRAINED.fullmatch(base) for base in bases)

    def is_layer(self, name: str) -> bool:
        """True for a Keras layer that is not a model."""
        bases = self.ancestors(name)[1:]
        return not self.is_model(name) and any(base == "Layer" or WEIGHTED.fullmatch(base) for base in bases)

    def method(self, name: str, method: str) -> Function | None:
        """A method, its own or inherited from a class of this file."""
        for ancestor in self.ancestors(name):
            if ancestor in self and method in self[ancestor].methods:
                return self[ancestor].methods[method]
        return None

    def children(self, name: str) -> tuple[Child, ...]:
        """The layers a class creates, inherited ones included."""
        return tuple(child for a in self.ancestors(name) if a in self for child in self[a].children)

    def weighted(self, layer: str) -> bool:
        """True when a layer has weights, of its own or in a child; unknown TF classes are taken to have some."""
        if layer not in self:
            return bool(WEIGHTED.fullmatch(layer)) or layer.startswith("TF")
        if layer not in self._weighted:
            self._weighted[layer] = False  # ends recursion
            own = any(_creates_weight(a) for name in self.ancestors(layer) if name in self for a in [self[name]])
            inherited = any(WEIGHTED.fullmatch(base) for base in self.ancestors(layer))
            self._weighted[layer] = own or inherited or any(self.weighted(c.layer) for c in self.children(layer))
        return self._weighted[layer]

    def training_sensitive(self, layer: str) -> bool:
        """True when a layer's output depends on `training`, by itself or by a child; unknown classes are not."""
        if TRAINING.fullmatch(layer):
            return True
        if layer not in self:
            return False
        if layer not in self._training:
            self._training[layer] = False
            self._training[layer] = any(self.training_sensitive(c.layer) for c in self.children(layer))
        return self._training[layer]


def _creates_weight(info: ClassInfo) -> bool:
    nodes = (n for method in info.methods.values() for n in ast.walk(method))
    return any(isinstance(n, ast.Call) and leaf(n.func) == "add_weight" for n in nodes)
