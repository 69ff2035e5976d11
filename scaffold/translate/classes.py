"""What a modelling file's classes are and which sub-modules they hold: read from the syntax tree alone."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from enum import Enum

from scaffold.translate import factories, handed, inlining, losses, variants
from scaffold.translate.names import AUTO
from scaffold.translate.sources import Source
from scaffold.translate.training import Training
from scaffold.translate.variants import alternatives, attention_variants, class_tables

#: Layers of the library itself that have a rule.
_LIBRARY_LAYERS = frozenset({"transformers.pytorch_utils.Conv1D", "transformers.modeling_utils.SequenceSummary"})


_FROM_CONFIG = re.compile(r"transformers\.models\.auto\.(?:modeling_auto\.)?(AutoModel\w*)\.from_config")


class Category(Enum):
    """What becomes of a class."""

    LAYER = "layer"  # nn.Module → keras.layers.Layer
    SUBCLASS = "subclass"  # of a concrete torch layer (nn.Embedding, nn.Linear …)
    BASE = "base"  # the abstract XPreTrainedModel
    MODEL = "model"  # derives from BASE, or from the library's PreTrainedModel and runs itself
    OUTPUT = "output"  # a ModelOutput dataclass
    DROPPED = "dropped"  # Sdpa and Flash attention, autograd functions
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Child:
    """A sub-module attribute. `qualname` is `torch.nn.Linear` or an in-file class name; `calls` the constructor calls.

    `nested`: a list of lists. `depth`: how many lists were looked into to get here.
    """

    attr: str
    qualname: str
    is_list: bool = False
    calls: tuple[ast.Call, ...] = ()
    nested: bool = False
    depth: int = 0

    @property
    def class_name(self) -> str:
        """Last component of the qualified name."""
        return self.qualname.split(".")[-1]

    def item(self) -> Child:
        """A member of a module list."""
        return Child(self.attr, self.qualname, self.nested, self.calls, depth=self.depth + 1)


@dataclass(slots=True)
class ClassInfo:
    """One top-level class of the PyTorch file."""

    name: str
    node: ast.ClassDef
    category: Category
    tf_name: str
    bases: tuple[str, ...] = ()  # qualified names
    children: dict[str, Child] = field(default_factory=dict)
    parameters: dict[str, ast.Call] = field(default_factory=dict)  # attr → nn.Parameter(...) call
    methods: dict[str, ast.FunctionDef] = field(default_factory=dict)
    attribute_names: dict[str, str] = field(default_factory=dict)  # PyTorch attribute → Keras attribute
    taken: dict[str, ast.expr] = field(default_factory=dict)  # sub-module of another model → its own constructor call
    training_methods: set[str] = field(default_factory=set)
    copied_from: tuple[str, tuple[tuple[str, str], ...]] | None = None
    inlined: frozenset[str] = frozenset()  # methods that are part of the constructor

    @property
    def is_plain(self) -> bool:
        """True for a class that is neither a layer nor a model, and stays what it is."""
        return self.category is Category.OTHER and self.tf_name == self.name

    @property
    def stands_alone(self) -> bool:
        """True for a model that derives from the library's PreTrainedModel itself."""
        return self.category is Category.MODEL and all(base.startswith("transformers.") for base in self.bases)

    @property
    def init(self) -> ast.FunctionDef | None:
        """The class's own constructor."""
        return self.methods.get("__init__")

    @property
    def needs_training(self) -> bool:
        """True when `call` behaves differently in training."""
        return "forward" in self.training_methods


COPIED = re.compile(r"#\s*Copied from\s+transformers\.([\w.]+)(?:\s+with\s+(.+?))?\s*$")
_VARIANT = re.compile(r"Sdpa|FlashAttention2|Flash2|FlexAttention")

#: Attributes that Keras layers and models define themselves.
RESERVED = frozenset(
    "output input name dtype loss losses metrics weights variables updates inputs outputs submodules".split()
)


def copied_from(source: Source, node: ast.AST) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """The `# Copied from` mark above a definition: dotted path below `transformers`, and the replacements."""
    for line in reversed(source.marks(node)):
        match = COPIED.match(line)
        if match:
            pairs = []
            for part in (match.group(2) or "").replace("with ", "").split(","):
                before, _, after = part.partition("->")
                if before.strip() and after.strip():
                    pairs.append((before.strip(), after.split()[0]))
            return match.group(1), tuple(pairs)
    return None


class Analyser:
    """Builds the ClassInfo of every class in a source."""

    def __init__(self, source: Source, camel: str = "", prefix: str = "TF") -> None:
        self.source = source
        self.camel = camel
        self.prefix = prefix
        self.variants = attention_variants(source.tree)
        self.nodes = {n.name: n for n in source.tree.body if isinstance(n, ast.ClassDef)}
        self.tables = class_tables(source.tree, self.nodes)
        self.alternatives = alternatives(source.tree)
        self.layer_tables = variants.layer_tables(source.tree, source.qualname)
        self.functions = {n.name: n for n in source.tree.body if isinstance(n, ast.FunctionDef)}
        self.classes: dict[str, ClassInfo] = {}
        self.by_parameter: dict[ast.Call, str] = {}
        self.handed: dict[ast.expr, str] = {}
        self.factories: dict[str, str] = {}
        self.making_methods: dict[str, str] = {}

    def run(self) -> dict[str, ClassInfo]:
        """Class name → info, in file order."""
        for name, node in self.nodes.items():
            self.classes[name] = self._shell(name, node)
        self.factories = factories.find(self.functions, self.constructor_name)
        self.making_methods = factories.methods(self.classes.values(), self.constructor_name)
        tables = {name: {"eager": first} for name, first in self.tables.items()}
        self.by_parameter = inlining.constructed_by_parameter(self.source.tree, self.nodes, tables)
        for info in self.classes.values():
            info.inlined = inlining.methods(info.methods, self.constructor_name)
            for function in self._building_methods(info):
                self._collect(info, function)
        self.handed = handed.find(self)
        for info in self.classes.values():
            self._inherit(info)
        self._rename_reserved()
        Training(self).find()
        return self.classes

    def _shell(self, name: str, node: ast.ClassDef) -> ClassInfo:
        bases = tuple(self.source.qualname(b) or ast.unparse(b) for b in node.bases)
        methods = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}
        category = self._category(name, node)
        return ClassInfo(
            name=name,
            node=node,
            category=category,
            tf_name=name if category is Category.OTHER and self._stays_plain(bases) else f"{self.prefix}{name}",
            bases=bases,
            methods=methods,
            copied_from=copied_from(self.source, node),
        )

    def _stays_plain(self, bases: tuple[str, ...]) -> bool:
        """True for a class that derives from plain classes of the file or torch's distributions, or from nothing."""
        return all(base in self.nodes or base.startswith("torch.distributions.") for base in bases)

    def _category(self, name: str, node: ast.ClassDef) -> Category:
        eager = {entries["eager"] for entries in self.variants.values()}
        if name not in eager and any(name in entries.values() for entries in self.variants.values()):
            return Category.DROPPED
        plain = _VARIANT.sub("", name)
        if _VARIANT.search(name) and name not in eager and {plain, f"{plain}Attention"} & (set(self.nodes) - {name}):
            return Category.DROPPED
        for base in node.bases:
            qualname = self.source.qualname(base) or ast.unparse(base)
            found = self._category_of_base(qualname)
            if found is Category.BASE and {"__init__", "forward"} <= {getattr(m, "name", "") for m in node.body}:
                return Category.MODEL  # without a base class of its own
            if found is not None:
                return found
        return Category.OTHER

    def _category_of_base(self, qualname: str) -> Category | None:
        leaf = qualname.split(".")[-1]
        if qualname in self.nodes:
            parent = self._category(qualname, self.nodes[qualname])
            return Category.MODEL if parent is Category.BASE else parent
        if qualname == "torch.nn.Module" or leaf == "GradientCheckpointingLayer":
            return Category.LAYER
        if qualname.startswith("torch.autograd"):
            return Category.DROPPED
        if qualname.startswith("torch.nn."):
            return Category.SUBCLASS
        if leaf == "PreTrainedModel":
            return Category.BASE
        if leaf.endswith("PreTrainedModel"):
            return Category.MODEL
        if leaf == "TypedDict" or leaf.endswith("Kwargs"):
            return Category.DROPPED  # the types of keyword arguments
        if leaf == "ModelOutput" or (qualname.startswith("transformers.") and "Output" in leaf):
            return Category.OUTPUT
        return None

    def _building_methods(self, info: ClassInfo) -> list[ast.FunctionDef]:
        return [
            m
            for name, m in info.methods.items()
            if name == "__init__" or name in info.inlined or name.startswith(("_build", "build_"))
        ]

    def _collect(self, info: ClassInfo, function: ast.FunctionDef) -> None:
        lists = inlining.local_lists(function)
        for node in ast.walk(function):
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if (
                        isinstance(target, ast.Attribute)
                        and isinstance(target.value, ast.Name)
                        and target.value.id == "self"
                    ):
                        self._attribute(info, target.attr, node.value, lists)
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".append", ".add_module")):
                self._appended(info, node.func, node.args, lists)
            elif isinstance(node, (ast.AugAssign, ast.Call)) and (more := inlining.more_members(node)) is not None:
                place = ast.Attribute(more[0], "append", ast.Load())
                for item in more[1].elts if isinstance(more[1], ast.List) else [more[1].elt]:
                    self._appended(info, place, [item], lists)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
                self._appended(info, node.targets[0], [node.value], lists)

    def _appended(
        self, info: ClassInfo, place: ast.expr, values: list[ast.expr], lists: dict[str, list[ast.expr]]
    ) -> None:
        """`self.layers.append(nn.Linear(…))`, `self.experts[name] = …`: a member of a container that was made empty."""
        owner = place.value if isinstance(place, (ast.Attribute, ast.Subscript)) else None
        if isinstance(owner, ast.Attribute) and ast.unparse(owner.value) == "self" and values:
            calls = tuple(self.constructors(values[-1], lists))
            known = info.children.get(owner.attr)
            qualname = next(
                (q for c in calls if (q := self.constructor_name(c)) not in ("torch.nn.Identity", None)), ""
            )
            if known is not None:
                name = known.qualname or qualname or ""
                info.children[owner.attr] = Child(owner.attr, name, True, known.calls + calls, known.nested)
            elif calls:
                nested = self._is_list(values[-1], lists)
                info.children[owner.attr] = Child(owner.attr, qualname or "", True, calls, nested)

    def _attribute(self, info: ClassInfo, attr: str, value: ast.expr, lists: dict[str, list[ast.expr]]) -> None:
        made = inlining.taken_out(value, lists, self.nodes) or inlining.made_by_function(value, self.functions)
        taken = made or variants.chosen(value, self.layer_tables)
        if taken is not None:
            info.taken[attr] = value = taken
        calls = list(self.constructors(value, lists))
        qualnames = [self.constructor_name(c) for c in calls]
        for part in (value, value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
            if isinstance(part, ast.Call) and self.source.qualname(part.func) == "torch.nn.Parameter":
                info.parameters[attr] = part
                return
        real = [q for q in qualnames if q not in ("torch.nn.Identity", None)] or [q for q in qualnames if q]
        if not real or losses.table_of(value, self.source):
            return
        is_list = self._is_list(value, lists)
        previous = info.children.get(attr)
        if previous is not None and previous.qualname != "torch.nn.Identity":
            info.children[attr] = Child(
                attr, previous.qualname, previous.is_list or is_list, previous.calls + tuple(calls), previous.nested
            )
        else:
            nested = is_list and self._holds_lists(value, lists)
            info.children[attr] = Child(attr, real[0] or "", is_list, tuple(calls), nested)

    def constructors(self, value: ast.AST, lists: dict[str, list[ast.expr]] | None = None) -> list[ast.Call]:
        """Constructor calls of sub-modules in a value, containers looked through."""
        if isinstance(value, ast.Call):
            qualname = self.constructor_name(value)
            if qualname in ("torch.nn.ModuleList", "torch.nn.Sequential", "torch.nn.ModuleDict") or qualname is None:
                return [
                    c for a in [*value.args, *(k.value for k in value.keywords)] for c in self.constructors(a, lists)
                ]
            return [value]
        if isinstance(value, ast.Name) and lists and value.id in lists:
            rest = {k: v for k, v in lists.items() if k != value.id}
            return [c for item in lists[value.id] for c in self.constructors(item, rest)]
        if isinstance(value, (ast.List, ast.Tuple)):
            return [c for item in value.elts for c in self.constructors(item, lists)]
        if isinstance(value, ast.Dict):
            return [c for item in value.values for c in self.constructors(item, lists)]
        if isinstance(value, (ast.ListComp, ast.GeneratorExp)):
            return self.constructors(value.elt, lists)
        if isinstance(value, ast.DictComp):
            return self.constructors(value.value, lists)
        if isinstance(value, (ast.IfExp, ast.BinOp)):  # `[a] + ([b] if c else [])`
            parts = (value.left, value.right) if isinstance(value, ast.BinOp) else (value.body, value.orelse)
            return [c for part in parts for c in self.constructors(part, lists)]
        if isinstance(value, ast.Starred):
            return self.constructors(value.value, lists)
        return []

    def constructor_name(self, call: ast.Call) -> str | None:
        """Qualified name of the module class a call constructs: `torch.nn.X`, an in-file class; None for other calls."""
        func = call.func
        if call in self.by_parameter:
            return self.by_parameter[call]
        if isinstance(func, ast.Subscript) and isinstance(func.value, ast.Name):
            return self.tables.get(func.value.id)
        if isinstance(func, ast.Name) and func.id in self.classes and self.classes[func.id].is_plain:
            return None
        if isinstance(func, ast.Name) and (func.id in self.nodes or func.id in self.factories):
            return self.factories.get(func.id, func.id)
        if isinstance(func, ast.Attribute) and func.attr in self.making_methods:
            return self.making_methods[func.attr]
        qualname = self.source.qualname(func)
        leaf = (qualname or "").split(".")[-1]
        is_torch = qualname is not None and qualname.startswith("torch.nn.") and leaf[:1].isupper()
        if is_torch and leaf not in ("Parameter", "ParameterList"):
            return f"torch.nn.{leaf}"
        if qualname in _LIBRARY_LAYERS:
            return qualname
        part = _FROM_CONFIG.fullmatch(qualname or "")
        if part is not None:
            return f"{AUTO}{part[1]}"
        of_library = qualname is not None and qualname.startswith("transformers.models.") and leaf[:1].isupper()
        if of_library and "configuration" not in str(qualname):
            return qualname
        return None

    def _is_list(self, value: ast.AST, lists: dict[str, list[ast.expr]]) -> bool:
        if isinstance(value, ast.Call):
            return self.constructor_name(value) in ("torch.nn.ModuleList", "torch.nn.Sequential", "torch.nn.ModuleDict")
        if isinstance(value, ast.IfExp):
            return self._is_list(value.body, lists) or self._is_list(value.orelse, lists)
        if isinstance(value, ast.Name):
            rest = {k: v for k, v in lists.items() if k != value.id}
            return any(self._is_list(v, rest) for v in lists.get(value.id, ()) if not self._is_appended(v))
        return isinstance(value, (ast.List, ast.ListComp))

    def _is_appended(self, value: ast.AST) -> bool:
        parent = self.source.parents.get(value)
        return isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute) and parent.func.attr == "append"

    def _holds_lists(self, value: ast.AST, lists: dict[str, list[ast.expr]]) -> bool:
        """True for a list all of whose members are lists themselves."""
        if isinstance(value, ast.Call):
            only = value.args[0] if len(value.args) == 1 and self._is_list(value, lists) else None
            return only is not None and self._holds_lists(only.value if isinstance(only, ast.Starred) else only, lists)
        if isinstance(value, ast.Name):
            items = [v for v in lists.get(value.id, ()) if self._is_appended(v)]
            return bool(items) and all(self._is_list(v, lists) for v in items)
        if isinstance(value, (ast.List, ast.Tuple)):
            return bool(value.elts) and all(self._is_list(e, lists) for e in value.elts)
        return isinstance(value, (ast.ListComp, ast.GeneratorExp)) and self._is_list(value.elt, lists)

    def _inherit(self, info: ClassInfo) -> None:
        for base in info.bases:
            parent = self.classes.get(base)
            if parent is not None:
                self._inherit(parent)
                info.children = {**parent.children, **info.children}
                info.parameters = {**parent.parameters, **info.parameters}

    def _rename_reserved(self) -> None:
        for info in self.classes.values():
            stem = (self.camel or info.name).lower()
            for attr in [*info.children, *info.parameters]:
                if attr == "output":
                    info.attribute_names[attr] = "dense_output" if info.name.endswith("Attention") else f"{stem}_output"
                elif attr == "self":
                    info.attribute_names[attr] = "self_attention"
                elif attr in RESERVED:
                    info.attribute_names[attr] = f"{attr}_layer"
                elif attr == "layers" and info.category is Category.MODEL:
                    info.attribute_names[attr] = "decoder_layers" if "Decoder" in info.name else "model_layers"
            if info.category in (Category.LAYER, Category.SUBCLASS, Category.MODEL):
                for attr in self._assigned(info) & RESERVED - {"dtype", "name"} - set(info.attribute_names):
                    info.attribute_names[attr] = f"{attr}_value"

    @staticmethod
    def _assigned(info: ClassInfo) -> set[str]:
        """Attributes that a class's methods set on `self`, buffers among them."""
        found = {
            node.attr
            for node in ast.walk(info.node)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
        }
        for node in ast.walk(info.node):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.register_buffer" and node.args:
                found |= {str(node.args[0].value)} if isinstance(node.args[0], ast.Constant) else set()
        return found
