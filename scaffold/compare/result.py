"""What the comparing worker found, as plain data. Source of truth for the fields: scaffold/workers/compare_models.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A statement: `file` relative to the tree's `src`, its first line, its text, the functions it calls."""

    file: str
    line: int
    text: str
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A cause that was tried (a key of `causes.CAUSES`), the share of the difference it explains (0 to 1), what was seen."""

    cause: str
    explained: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A layer that answers PyTorch's own inputs differently. `path` is PyTorch's module path.

    `kind`: `layer` (it holds no layer that could be looked into), `code` (its own statements, between the calls of the two
    layers in `between`), `error` (it raises `message`). `error` is max(|tf − pt| / scale), None when the shapes do not match;
    the scale of an element is the largest of 1, |pt| and the tensor's root mean square. `made` is where its holder makes it.
    """

    path: str
    kind: str
    tf_class: str
    pt_class: str
    variable: str | None
    error: float | None
    absolute: float | None
    note: str
    between: tuple[str | None, str | None]
    tf: Place | None
    pt: Place | None
    made: Place | None
    message: str
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One paired call in the order of the run. Errors as in `Origin`, None where a value could not be compared.

    `alone` is the error of the output when the layer is fed PyTorch's inputs; `off` says that this alone is beyond the limit.
    """

    order: int
    path: str
    depth: int
    leaf: bool
    pt_class: str
    tf_class: str
    input: float | None
    output: float | None
    alone: float | None
    off: bool
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassComparison:
    """One class. `status`: `agrees`, `differs`, `amplified` (it differs, but no layer alone), `error`, `not_run`.

    `cases` counts the recorded cases whose outputs were compared, `case` is the one looked into, `refused` names cases in which
    the port raises; `unpaired` are PyTorch's modules that have no layer in TensorFlow; `weights` says what did not load.
    """

    tf_class: str
    pt_class: str
    status: str
    detail: str
    case: str | None = None
    cases: int = 0
    weights: str = ""
    refused: Mapping[str, str]
    rows: tuple[Row, ...] = ()
    origins: tuple[Origin, ...] = ()
    unpaired: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """True when the outputs agree in every case and all weights arrived."""
        return self.status == "agrees" and not self.weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All classes of a port; `not_run` is the reason why nothing could run."""

    model: str
    classes: tuple[ClassComparison, ...]
    environment: str = ""
    not_run: str | None = None

    @property
    def ok(self) -> bool:
        """True when something was compared and everything agrees."""
        return self.not_run is None and bool(self.classes) and all(entry.ok for entry in self.classes)

    def as_json(self) -> dict[str, Any]:
        """Plain data for a JSON document."""
        return {"ok": self.ok, **asdict(self)}


def _place(data: Mapping[str, Any] | None) -> Place | None:
    return None if data is None else Place(**{**data, "calls": tuple(data["calls"])})


def _origin(data: Mapping[str, Any]) -> Origin:
    places = {name: _place(data[name]) for name in ("tf", "pt", "made")}
    causes = tuple(Cause(**cause) for cause in data["causes"])
    before, after = data["between"]
    return Origin(**{**data, **places, "causes": causes, "between": (before, after)})


def class_from(data: Mapping[str, Any]) -> ClassComparison:
    """One class of the worker's file."""
    return ClassComparison(
        **{
            **data,
            "refused": dict(data.get("refused", {})),
            "rows": tuple(Row(**row) for row in data.get("rows", ())),
            "origins": tuple(_origin(origin) for origin in data.get("origins", ())),
            "unpaired": tuple(data.get("unpaired", ())),
        }
    )
