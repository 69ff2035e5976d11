"""What the probe saw at run time, by source position: the translator asks here instead of guessing."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Position = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Observation:
    """One distinct thing an expression evaluated to.

    kind: tensor · size (torch.Size) · int · float · bool · str · none · tuple · list · dict · set · module · module_list
    · config · output (a ModelOutput) · cache (a transformers Cache) · dtype · device · function · type · other.
    dtype: torch dtype without the prefix (`float32`, `int64`, `bool`), for tensors and kind dtype.
    rank: number of dimensions of a tensor; number of items of a size, tuple or list.
    detail: class name (`torch.nn.modules.linear.Linear`, `BaseModelOutput`) for module, output, cache, config, other;
    the value's repr for int, float, bool, str.
    shape: one observed shape, for tensors and sizes.
    """

    kind: str
    dtype: str | None = None
    rank: int | None = None
    detail: str | None = None
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """All distinct observations at one position, or one that static analysis derived (`static=True`)."""

    seen: tuple[Observation, ...]
    static: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        """Observed kinds, `none` left out when anything else was seen."""
        kinds = frozenset(o.kind for o in self.seen)
        return kinds - {"none"} or kinds

    @property
    def kind(self) -> str | None:
        """The only kind seen (ignoring None), or None when mixed or unknown."""
        return next(iter(self.kinds)) if len(self.kinds) == 1 else None

    def _only(self, values: Iterable[str | None]) -> str | None:
        distinct = {v for v in values if v is not None}
        return distinct.pop() if len(distinct) == 1 else None

    @property
    def dtype(self) -> str | None:
        """The only tensor dtype seen, or None."""
        return self._only(o.dtype for o in self.seen if o.kind in ("tensor", "dtype"))

    @property
    def dtypes(self) -> frozenset[str]:
        """All tensor dtypes seen: a mask may be of integers in one call and of floats in the next."""
        return frozenset(o.dtype for o in self.seen if o.kind == "tensor" and o.dtype is not None)

    @property
    def rank(self) -> int | None:
        """The only rank seen, or None (mixed ranks are None too)."""
        ranks = {o.rank for o in self.seen if o.kind in ("tensor", "size", "tuple", "list")}
        return ranks.pop() if len(ranks) == 1 else None

    @property
    def shape(self) -> tuple[int, ...] | None:
        """One observed shape."""
        return next((o.shape for o in self.seen if o.shape is not None), None)

    @property
    def detail(self) -> str | None:
        """The only detail seen, or None."""
        return self._only(o.detail for o in self.seen if o.kind != "none")


UNKNOWN = TypeInfo(())


@dataclass(frozen=True, slots=True)
class ProbedClass:
    """One public class as the probe built it. Shapes and names are PyTorch's `state_dict` ones."""

    name: str
    parameters: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    buffers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # persistent ones only
    tied: tuple[tuple[str, ...], ...] = ()  # groups of state-dict names that share one storage
    modules: Mapping[str, str] = field(default_factory=dict)  # dotted module path → class name
    cases: tuple[str, ...] = ()
    error: str | None = None
    needed: Mapping[str, Observation] = field(default_factory=dict)  # inputs that it does not run without
    other_attention: Mapping[str, float] = field(default_factory=dict)  # variant → how far the default attention is off


class TypeDB:
    """Observations by `(lineno, col_offset, end_lineno, end_col_offset)` of the PyTorch file."""

    def __init__(
        self,
        sites: Mapping[Position, TypeInfo] | None = None,
        classes: Mapping[str, ProbedClass] | None = None,
        coverage: tuple[int, int] = (0, 0),
    ) -> None:
        self.sites = dict(sites or {})
        self.classes = dict(classes or {})
        self.coverage = coverage  # (expression sites reached, expression sites)

    def at(self, node: ast.AST) -> TypeInfo:
        """What was seen at this expression; UNKNOWN when the probe did not reach it."""
        position = tuple(getattr(node, a, -1) for a in ("lineno", "col_offset", "end_lineno", "end_col_offset"))
        return self.sites.get(position, UNKNOWN)  # type: ignore[arg-type]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TypeDB:
        """Read the `probe.json` that scaffold/workers/probe_pt.py writes (its docstring gives the format)."""
        sites: dict[Position, TypeInfo] = {}
        for line, column, end_line, end_column, seen in data["sites"]:
            observations = tuple(
                Observation(kind, dtype, rank, detail, tuple(shape) if shape is not None else None)
                for kind, dtype, rank, detail, shape in seen
            )
            sites[(line, column, end_line, end_column)] = TypeInfo(observations)
        classes = {
            name: ProbedClass(
                name,
                {k: tuple(v) for k, v in entry["parameters"].items()},
                {k: tuple(v) for k, v in entry["buffers"].items()},
                tuple(tuple(group) for group in entry["tied"]),
                dict(entry["modules"]),
                tuple(entry["cases"]),
                entry["error"],
                {k: Observation("tensor", d, len(s), shape=tuple(s)) for k, (d, s) in entry.get("needed", {}).items()},
                dict(entry.get("other_attention", {})),
            )
            for name, entry in data["classes"].items()
        }
        return cls(sites, classes, tuple(data["coverage"]))
