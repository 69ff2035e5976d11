"""Kind, dtype and rank of what a torch call returns, where the probe did not reach it.

Source: the signatures in `rules/` and torch's documentation of each function's result. Nothing is guessed: what does not follow
from the arguments stays None.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scaffold.core.typedb import UNKNOWN, Observation, TypeInfo
from scaffold.translate.binding import bind
from scaffold.translate.rule import Rule, Unmapped

Infer = Callable[[ast.AST], TypeInfo]
_ORDER = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64")
_ABSENT = object()


def _typed(kind: str, dtype: str | None = None, rank: int | None = None) -> TypeInfo:
    return TypeInfo((Observation(kind, dtype, rank),), static=True)


@dataclass(frozen=True, slots=True)
class Call:
    """A call's arguments by the rule's parameter names."""

    rule: Rule
    named: dict[str, ast.expr]
    items: list[ast.expr]
    infer: Infer

    @property
    def subject(self) -> TypeInfo:
        """Type of the first argument: the receiver of a method."""
        return self.infer(next(iter(self.named.values()))) if self.named else UNKNOWN

    def constant(self, name: str, default: Any = None) -> Any:
        """Literal value of an argument, the default when it is absent, _ABSENT when it is no literal."""
        if name not in self.named:
            return default
        try:
            return ast.literal_eval(self.named[name])
        except (ValueError, TypeError, SyntaxError):
            return _ABSENT

    def type(self, name: str) -> TypeInfo:
        """Type of an argument, UNKNOWN when it is absent."""
        return self.infer(self.named[name]) if name in self.named else UNKNOWN

    def elements(self, name: str) -> list[ast.expr] | None:
        """Items of a tuple or list display given as one argument."""
        node = self.named.get(name)
        return list(node.elts) if isinstance(node, ast.Tuple | ast.List) else None


def _sizes(call: Call) -> int | None:
    """Number of sizes: as separate arguments, in a display, or in a sequence of known length."""
    nodes = call.items or [n for name in ("size", "shape", "dims") if (n := call.named.get(name)) is not None]
    if len(nodes) == 1:
        node = nodes[0]
        if isinstance(node, ast.Tuple | ast.List):
            nodes = list(node.elts)
        else:
            info = call.infer(node)
            return info.rank if info.kind in ("size", "tuple", "list") else 1 if info.kind == "int" else None
    return None if not nodes or any(isinstance(n, ast.Starred) for n in nodes) else len(nodes)


def _reduced(call: Call) -> int | None:
    rank, axes = call.subject.rank, call.constant("dim")
    keep = call.constant("keepdim", False)
    if keep not in (True, False) or axes is _ABSENT:
        return None
    if keep:
        return rank
    if axes is None or axes == ():
        return 0
    return None if rank is None else rank - (len(axes) if isinstance(axes, tuple | list) else 1)


def _flattened(call: Call) -> int | None:
    rank, start, end = call.subject.rank, call.constant("start_dim", 0), call.constant("end_dim", -1)
    if start == 0 and end == -1:
        return 1
    if rank is None or not isinstance(start, int) or not isinstance(end, int):
        return None
    return rank - (end % rank - start % rank)


def _shifted(by: int) -> Callable[[Call], int | None]:
    return lambda call: None if call.subject.rank is None else call.subject.rank + by


def _squeezed(call: Call) -> int | None:
    axes, rank = call.constant("dim"), call.subject.rank
    if rank is None or axes is None or axes is _ABSENT:
        return None
    return rank - (len(axes) if isinstance(axes, tuple) else 1)


def _of(name: str) -> Callable[[Call], int | None]:
    return lambda call: call.type(name).rank if call.type(name).kind == "tensor" else None


def _widest(*names: str) -> Callable[[Call], int | None]:
    def widest(call: Call) -> int | None:
        ranks = []
        for name in names:
            info = call.subject if name == "self" else call.type(name)
            if info.kind == "tensor":
                ranks.append(info.rank)
            elif info.kind not in ("int", "float", "bool"):
                return None
        known = [rank for rank in ranks if rank is not None]
        return max(known) if known and len(known) == len(ranks) else None

    return widest


def _equation(call: Call) -> int | None:
    equation = call.constant("equation")
    if not isinstance(equation, str) or "->" not in equation or "." in equation:
        return None
    return len(equation.split("->")[1].replace(" ", ""))


def _first_item(by: int) -> Callable[[Call], int | None]:
    def first(call: Call) -> int | None:
        ranks = [call.infer(item).rank for item in call.elements("tensors") or []]
        return next((rank + by for rank in ranks if rank is not None), None)

    return first


def _depth(call: Call) -> int | None:
    node, depth = call.named.get("data"), 0
    while isinstance(node, ast.Tuple | ast.List) and node.elts:
        node, depth = node.elts[0], depth + 1
    if node is None or call.infer(node).kind not in ("int", "float", "bool"):
        return None
    return depth


def _always(rank: int) -> Callable[[Call], int | None]:
    return lambda call: rank


_SUBJECT = _shifted(0)
_REDUCTIONS = [
    "sum",
    "nansum",
    "mean",
    "prod",
    "any",
    "all",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "norm",
    "std",
    "var",
    "logsumexp",
    "count_nonzero",
]
_SHAPED = [
    "view",
    "reshape",
    "expand",
    "broadcast_to",
    "zeros",
    "ones",
    "empty",
    "rand",
    "randn",
    "full",
    "new_zeros",
    "new_ones",
    "new_empty",
    "new_full",
]
#: Leaf name of the torch function → rank of its result.
RANKS: dict[str, Callable[[Call], int | None]] = {
    **dict.fromkeys(_REDUCTIONS, _reduced),
    **dict.fromkeys(_SHAPED, _sizes),
    "repeat": _sizes,
    "flatten": _flattened,
    "unsqueeze": _shifted(1),
    "one_hot": lambda call: None if call.type("tensor").rank is None else (call.type("tensor").rank or 0) + 1,
    "embedding": _shifted(1),
    "squeeze": _squeezed,
    "select": _shifted(-1),
    "expand_as": _of("other"),
    "view_as": _of("other"),
    "gather": _of("index"),
    "take": _of("index"),
    "where": _widest("condition", "input", "other"),
    "add": _widest("self", "other"),
    "sub": _widest("self", "other"),
    "mul": _widest("self", "other"),
    "div": _widest("self", "other"),
    "einsum": _equation,
    "cat": _first_item(0),
    "concat": _first_item(0),
    "stack": _first_item(1),
    "tensor": _depth,
    "linear": _SUBJECT,
    "repeat_interleave": lambda call: call.subject.rank if call.constant("dim") is not None else 1,
    **dict.fromkeys(["arange", "linspace", "masked_select", "ravel", "bincount", "randperm"], _always(1)),
    **dict.fromkeys(["outer", "eye", "mm"], _always(2)),
}


def _joined_dtype(call: Call) -> str | None:
    dtypes = [call.infer(item).dtype for item in call.elements("tensors") or []]
    return max((d for d in dtypes if d), key=_ORDER.index) if dtypes and all(d in _ORDER for d in dtypes) else None


def _chosen_dtype(call: Call) -> str | None:
    infos = [call.type("input"), call.type("other")]
    dtypes = [info.dtype for info in infos if info.kind == "tensor"]
    return dtypes[0] if dtypes and len(set(dtypes)) == 1 else None


def _number_dtype(name: str) -> Callable[[Call], str | None]:
    def dtype(call: Call) -> str | None:
        node = call.named.get(name)
        while isinstance(node, ast.Tuple | ast.List) and node.elts:
            node = node.elts[0]
        kind = call.infer(node).kind if node is not None else None
        return {"int": "int64", "float": "float32", "bool": "bool"}.get(kind or "")

    return dtype


def _range_dtype(call: Call) -> str | None:
    kinds = [call.type(name).kind for name in ("start", "end", "step") if name in call.named]
    # a bound of which nothing is known is a size
    return "float32" if "float" in kinds else "int64" if set(kinds) <= {"int", None} else None


def _target_dtype(call: Call) -> str | None:
    targets = [call.infer(item) for item in call.items]
    if any(target.kind in ("dtype", "tensor") for target in targets):
        return next(target.dtype for target in targets if target.kind in ("dtype", "tensor"))
    return call.subject.dtype if all(target.kind in ("device", "str") for target in targets) else None


#: Leaf name → dtype of the result, where it is neither the first argument's nor fixed.
DTYPES: dict[str, Callable[[Call], str | None]] = {
    "cat": _joined_dtype,
    "concat": _joined_dtype,
    "stack": _joined_dtype,
    "where": _chosen_dtype,
    "to": _target_dtype,
    "full": _number_dtype("fill_value"),
    "tensor": _number_dtype("data"),
    "arange": _range_dtype,
    "sum": lambda call: "int64" if call.subject.dtype in _ORDER[:6] else call.subject.dtype,
    "cumsum": lambda call: "int64" if call.subject.dtype in _ORDER[:6] else call.subject.dtype,
    "einsum": lambda call: call.infer(call.items[0]).dtype if call.items else None,
}


def result_of(rule: Rule, node: ast.Call, infer: Infer) -> TypeInfo | None:
    """The call's type, None when it cannot even be bound. A `dtype=` argument decides before everything else."""
    positional = list(node.args)
    if rule.torch.startswith("torch.Tensor.") and isinstance(node.func, ast.Attribute):
        positional.insert(0, node.func.value)
    bound = bind(rule.args, positional, node.keywords)
    if isinstance(bound, Unmapped):
        return None
    named = {{"axis": "dim", "keepdims": "keepdim"}.get(name, name): value for name, value in bound[0].items()}
    call = Call(rule, named, [item for items in bound[1].values() for item in items], infer)
    leaf = rule.torch.rsplit(".", 1)[-1].rstrip("_")
    if leaf == "size":
        return _typed("int") if "dim" in named else _typed("size", rank=call.subject.rank)
    if rule.result == "values_indices" and leaf in ("max", "min") and not _along_axis(call):
        return _typed("tensor", call.subject.dtype, _widest("self", "dim")(call) if len(named) > 1 else 0)
    if rule.result != "tensor":
        return _typed(rule.result)
    rank = RANKS[leaf](call) if leaf in RANKS else call.subject.rank if rule.rank == "same" else None
    return _typed("tensor", _dtype(call, leaf), rank)


def _along_axis(call: Call) -> bool:
    return "dim" in call.named and call.type("dim").kind != "tensor"


def _dtype(call: Call, leaf: str) -> str | None:
    if "dtype" in call.named:
        return call.type("dtype").dtype
    if leaf in DTYPES:
        return DTYPES[leaf](call)
    dtype = call.rule.dtype
    if dtype is not None and dtype.startswith("arg:"):
        return call.type(dtype.removeprefix("arg:")).dtype
    return call.subject.dtype if dtype == "same" else dtype
