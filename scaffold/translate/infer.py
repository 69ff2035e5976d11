"""Kinds, dtypes and ranks where the probe did not reach: one step of propagation at a time, never a guess."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from scaffold.core.typedb import UNKNOWN, Observation, TypeInfo
from scaffold.translate import registry, results
from scaffold.translate.names import bound_before, container_of, loop_pairs, loops, unpacked_rank
from scaffold.translate.rule import AttributeRule, Rule, Unmapped

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine

#: Tensor methods that nothing else in a modelling file has, so that they tell the receiver's kind.
TENSOR_ONLY = frozenset(
    "view reshape permute transpose unsqueeze squeeze contiguous expand expand_as masked_fill masked_fill_ softmax float long"
    " type_as new_zeros new_ones new_full cumsum detach matmul bmm flatten dim numel masked_scatter index_select gather"
    " argmax repeat_interleave sigmoid tanh clamp rsqrt bool half mul add div sub_ add_ mul_ div_ scatter_ scatter"
    " masked_select argmin clamp_min clamp_max mean sum any all norm var std exp log sqrt pow abs clone size".split()
)
_ORDER = {
    "bool": 0,
    "uint8": 1,
    "int8": 1,
    "int16": 2,
    "int32": 3,
    "int64": 4,
    "float16": 5,
    "bfloat16": 5,
    "float32": 6,
    "float64": 7,
}


def promote(left: str | None, right: str | None) -> str | None:
    """torch's result dtype of two tensors; None when either is unknown."""
    if left is None or right is None:
        return None
    return left if _ORDER.get(left, 9) >= _ORDER.get(right, 9) else right


def widest(info: TypeInfo) -> str | None:
    """The dtype a tensor has, or the widest of those it has from call to call where that one is floating."""
    if info.dtype is not None or not info.dtypes:
        return info.dtype
    found = max(info.dtypes, key=lambda dtype: _ORDER.get(dtype, 9))
    return found if "float" in found else None


def static(kind: str, dtype: str | None = None, rank: int | None = None, detail: str | None = None) -> TypeInfo:
    """A type that was derived rather than observed."""
    return TypeInfo((Observation(kind, dtype, rank, detail),), static=True)


_Names = dict[str, tuple[tuple[Observation, ...], tuple[ast.AST, ...]]]


#: Ranks of the weights of torch's layers.
_WEIGHT_RANKS = {
    "torch.nn.Linear": 2,
    "torch.nn.Embedding": 2,
    "torch.nn.LayerNorm": 1,
    "torch.nn.Conv1d": 3,
    "torch.nn.Conv2d": 4,
}


class Inference:
    """Static types for one engine; results are memoised by node."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._memo: dict[int, TypeInfo] = {}
        self._names: dict[ast.FunctionDef, _Names] = {}

    def __call__(self, node: ast.AST) -> TypeInfo:
        seen = self.engine.types.at(node)
        if seen.seen:
            return seen
        key = id(node)
        if key not in self._memo:
            self._memo[key] = UNKNOWN  # breaks cycles through assignments
            handler = getattr(self, f"_{type(node).__name__.lower()}", None)
            self._memo[key] = handler(node) if handler else UNKNOWN
        return self._memo[key]

    def _constant(self, node: ast.Constant) -> TypeInfo:
        if node.value is None:
            return static("none")
        return static(type(node.value).__name__, detail=repr(node.value))

    def _name(self, node: ast.Name) -> TypeInfo:
        if node.id in self.engine.given:
            return self.engine.given[node.id]
        function = self.engine.function_of(node)
        if function is None:
            return UNKNOWN
        observed, values = self._names_of(function).get(node.id, ((), ()))
        before = bound_before(node, self.engine.source.parents) if len(values) > 1 else None
        if isinstance(before, (ast.Tuple, ast.List)):  # other assignments of the name may have another length
            return self(before)
        if any(o.kind != "none" for o in observed):
            return TypeInfo(tuple(observed), static=True)
        if before is None and (rank := unpacked_rank(function, node)) is not None:
            return static("tensor", rank=rank)
        if before is not None:  # what is bound further down says nothing, and may lead back here
            values = (before, *(v for v in values if v.lineno < before.lineno))  # type: ignore[attr-defined]
        for value in values:
            info = self(value)
            if info.seen and info.kind != "none":
                return info
        found = self._parameter(function, node.id) or self._overridden(function, node.id)
        found = found or self._namesake(function, node.id)
        if found is None and observed:  # what else it may be, nothing says
            return TypeInfo(tuple(observed), static=True)
        return found or self._loop_target(function, node.id)

    def _overridden(self, function: ast.FunctionDef, name: str) -> TypeInfo | None:
        """What the probe saw of the same parameter of the method that this one overrides."""
        owner = self.engine.class_of(function)
        if owner is None or name not in {a.arg for a in function.args.args} or self.engine.function_of(function):
            return None
        for base in owner.bases:
            info = self.engine.classes.get(base)
            method = self.engine.all_methods(info).get(function.name) if info is not None else None
            observed = self._names_of(method).get(name, ((), ()))[0] if method is not None else ()
            if observed and method is not function:
                return TypeInfo(tuple(observed), static=True)
        return None

    def _namesake(self, function: ast.FunctionDef, name: str) -> TypeInfo | None:
        """The tensor that a parameter of this name is annotated as in another `forward`, which hands it on."""
        if function.name != "forward" or name not in {a.arg for a in function.args.args}:
            return None
        others = (info.methods.get("forward") for info in self.engine.classes.values())
        found = (self._parameter(other, name) for other in others if other is not None and other is not function)
        return next((info for info in found if info is not None and info.kind == "tensor"), None)

    def _names_of(self, function: ast.FunctionDef) -> _Names:
        """What the probe saw of every name of a function, and the values it is assigned; read once a function."""
        if function not in self._names:
            seen: dict[str, dict[Observation, None]] = {}
            values: dict[str, list[ast.AST]] = {}
            for node in ast.walk(function):
                if isinstance(node, ast.Name):
                    seen.setdefault(node.id, {}).update(dict.fromkeys(self.engine.types.at(node).seen))
                elif isinstance(node, ast.Assign):
                    for target in node.targets:
                        if isinstance(target, ast.Name):
                            values.setdefault(target.id, []).append(node.value)
            self._names[function] = {name: (tuple(found), tuple(values.get(name, ()))) for name, found in seen.items()}
        return self._names[function]

    def _parameter(self, function: ast.FunctionDef, name: str) -> TypeInfo | None:
        for parameter in [*function.args.args, *function.args.kwonlyargs]:
            if parameter.arg == name and parameter.annotation is not None:
                text = ast.unparse(parameter.annotation)
                if "Tensor" in text and not any(w in text for w in ("Tuple", "List", "tuple", "list", "Dict")):
                    dtype = {"LongTensor": "int64", "BoolTensor": "bool"}.get(text.split(".")[-1].rstrip("]"))
                    return static("tensor", dtype)
                for word in ("int", "float", "bool", "str"):
                    if text in (word, f"Optional[{word}]"):
                        return static(word)
        return None

    def _loop_target(self, function: ast.FunctionDef, name: str) -> TypeInfo:
        for loop in loops(function):
            if _counts(loop, name):
                return static("int")
            for target, iterable in loop_pairs(loop):
                if isinstance(target, ast.Name) and target.id == name:
                    child = self.engine.child_of(container_of(iterable))
                    if child is not None and child.is_list:
                        return static("module_list" if child.nested else "module", detail=child.class_name)
                    if isinstance(iterable, ast.Call) and ast.unparse(iterable.func) == "range":
                        return static("int")
                    rows = self(iterable)
                    if rows.kind == "tensor" and isinstance(
                        loop, ast.comprehension
                    ):  # a statement may write into a row
                        is_tuple = is_tuple_here(self.engine, iterable)
                        return static("tensor", rows.dtype, rows.rank - 1 if rows.rank and not is_tuple else None)
        return UNKNOWN

    def _attribute(self, node: ast.Attribute) -> TypeInfo:
        child = self.engine.child_of(node)
        if child is not None:
            return static("module_list" if child.is_list else "module", detail=child.class_name)
        receiver = self(node.value)
        if receiver.kind == "tensor":
            by_name = {"shape": static("size", rank=receiver.rank), "device": static("device"), "ndim": static("int")}
            by_name["dtype"] = static("dtype", receiver.dtype)
            if node.attr in ("T", "mT", "data", "values"):
                return receiver
            return by_name.get(node.attr, UNKNOWN)
        rule = registry.find(self.engine.source.qualname(node) or "")
        if isinstance(rule, AttributeRule):
            return static(rule.result, rule.dtype)
        if node.attr == "device":
            return static("device")
        parameter = self._parameter_type(node)
        if parameter is not None:
            return parameter
        return self.engine.attribute_type(node)

    def _parameter_type(self, node: ast.Attribute) -> TypeInfo | None:
        """`self.position_embeddings = nn.Parameter(torch.zeros(1, n, d))`: float32, the rank of its constructor."""
        owner = self.engine.owner_of(node.value)
        call = owner.parameters.get(node.attr) if owner is not None else None
        if call is None:
            return self._weight_type(node)
        inner = self(call.args[0]) if call.args else UNKNOWN
        return static("tensor", "float32", inner.rank if inner.kind == "tensor" else None)

    def _weight_type(self, node: ast.Attribute) -> TypeInfo | None:
        """`self.dense.weight`: the ranks of torch's layers' weights."""
        child = self.engine.child_of(node.value)
        if child is None or child.is_list or node.attr not in ("weight", "bias"):
            return None
        rank = _WEIGHT_RANKS.get(child.qualname)
        return None if rank is None else static("tensor", "float32", rank if node.attr == "weight" else 1)

    def _call(self, node: ast.Call) -> TypeInfo:
        rule = self.engine.rule_for(node)
        if isinstance(rule, Rule):
            return self._result(rule, node)
        if isinstance(node.func, ast.Name) and node.func.id in ("int", "len", "float", "bool", "str"):
            return static("int" if node.func.id == "len" else node.func.id)
        if isinstance(node.func, ast.Name) and node.func.id in ("max", "min"):
            kinds = {self(argument).kind for argument in node.args}
            return static("float") if "float" in kinds and kinds <= {"float", "int", None} else UNKNOWN
        if isinstance(node.func, ast.Attribute) and node.func.attr in TENSOR_ONLY:
            return static("tensor")
        child = self.engine.child_of(node.func)
        if child is not None and child.qualname.startswith("torch.nn."):
            argument = self(node.args[0]) if node.args else UNKNOWN
            if child.qualname == "torch.nn.Embedding":
                return static("tensor", "float32", None if argument.rank is None else argument.rank + 1)
            return static("tensor", "float32" if argument.dtype is None else argument.dtype, argument.rank)
        return UNKNOWN

    def _result(self, rule: Rule, node: ast.Call) -> TypeInfo:
        known = results.result_of(rule, node, self)
        if known is not None:
            return known
        if rule.result != "tensor":
            return static(rule.result)
        first: ast.AST | None = node.args[0] if node.args else None
        if rule.torch.startswith("torch.Tensor.") and isinstance(node.func, ast.Attribute):
            first = node.func.value
        subject = self(first) if first is not None else UNKNOWN
        dtype = self._result_dtype(rule, node, subject)
        for keyword in node.keywords:
            if keyword.arg == "dtype":
                dtype = self(keyword.value).dtype
        rank = subject.rank if rule.rank == "same" and subject.kind == "tensor" else None
        return static("tensor", dtype, rank)

    def _result_dtype(self, rule: Rule, node: ast.Call, subject: TypeInfo) -> str | None:
        if rule.dtype == "same":
            return subject.dtype
        if rule.dtype is None or not rule.dtype.startswith("arg:"):
            return rule.dtype
        site = self.engine.site(rule.args, rule.torch, node)
        name = rule.dtype.removeprefix("arg:")
        return site.bound[name].dtype if not isinstance(site, Unmapped) and name in site.bound else None

    def _binop(self, node: ast.BinOp) -> TypeInfo:
        left, right = self(node.left), self(node.right)
        if "tensor" in (left.kind, right.kind):
            dtypes = [i.dtype for i in (left, right) if i.kind == "tensor"]
            dtype = dtypes[0] if len(dtypes) == 1 else promote(*dtypes)
            number = right if left.kind == "tensor" else left
            if (
                dtype is not None
                and dtype.startswith(("int", "bool"))
                and (number.kind == "float" or isinstance(node.op, ast.Div))
            ):
                dtype = "float32"
            ranks = [i.rank for i in (left, right) if i.kind == "tensor"]
            return static("tensor", dtype, None if None in ranks else max(r for r in ranks if r is not None))
        if "size" in (left.kind, right.kind) and isinstance(node.op, ast.Add):
            return static("size")
        if left.kind == right.kind == "int":
            return static("float" if isinstance(node.op, ast.Div) else "int")
        if {left.kind, right.kind} <= {"int", "float"}:
            return static("float")
        if isinstance(node.left, (ast.Tuple, ast.List)) or isinstance(node.right, (ast.Tuple, ast.List)):
            return static("tuple")
        return UNKNOWN

    def _compare(self, node: ast.Compare) -> TypeInfo:
        infos = [self(node.left), *(self(c) for c in node.comparators)]
        if any(i.kind == "tensor" for i in infos) and not any(
            isinstance(o, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for o in node.ops
        ):
            ranks = [i.rank for i in infos if i.kind == "tensor"]
            return static("tensor", "bool", None if None in ranks else max(r for r in ranks if r is not None))
        return static("bool")

    def _subscript(self, node: ast.Subscript) -> TypeInfo:
        value = self(node.value)
        index = node.slice
        if value.kind == "size" or (
            value.kind is None and isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
        ):
            return static("size") if isinstance(index, ast.Slice) else static("int")
        if value.kind != "tensor":
            return UNKNOWN
        rank = value.rank
        for item in index.elts if isinstance(index, ast.Tuple) else [index]:
            if (
                rank is None
                or isinstance(item, ast.Slice)
                or (isinstance(item, ast.Constant) and item.value is Ellipsis)
            ):
                continue
            if isinstance(item, ast.Constant) and item.value is None:
                rank += 1
            elif self(item).kind == "int":
                rank -= 1
            else:
                rank = None
        return static("tensor", value.dtype, rank)

    def _unaryop(self, node: ast.UnaryOp) -> TypeInfo:
        return static("bool") if isinstance(node.op, ast.Not) else self(node.operand)

    def _ifexp(self, node: ast.IfExp) -> TypeInfo:
        first = self(node.body)
        return first if first.seen and first.kind != "none" else self(node.orelse)

    def _boolop(self, node: ast.BoolOp) -> TypeInfo:
        return next((i for i in map(self, node.values) if i.seen and i.kind != "none"), UNKNOWN)

    def _tuple(self, node: ast.Tuple) -> TypeInfo:
        return static("tuple", rank=len(node.elts))

    def _list(self, node: ast.List) -> TypeInfo:
        return static("list", rank=len(node.elts))


def is_tuple_here(engine: Engine, node: ast.expr) -> bool:
    """True inside `if isinstance(output, tuple):`, where the probe saw a tensor elsewhere."""
    test = rf"isinstance\({re.escape(ast.unparse(node))}, \(?(tuple|list)\b.*\)"
    child: ast.AST = node
    while (parent := engine.parent(child)) is not None:
        if isinstance(parent, ast.If) and child in parent.body and re.fullmatch(test, ast.unparse(parent.test)):
            return True
        child = parent
    return False


def _counts(loop: ast.For | ast.comprehension, name: str) -> bool:
    """True for `i` of `for i, x in enumerate(…)`."""
    of_pairs = isinstance(loop.target, ast.Tuple) and ast.unparse(loop.iter).startswith("enumerate(")
    return of_pairs and ast.unparse(loop.target.elts[0]) == name  # type: ignore[attr-defined]
