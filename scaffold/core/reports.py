"""Results of verifying and checking, as plain data that prints to text or JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

#: Ways to run a case: always, and when asked for.
MODES, MORE_MODES = ("eager", "graph"), ("xla", "savedmodel", "tflite")


class Status(Enum):
    """NOT_RUN is never a pass: it always comes with a reason."""

    PASS = "PASS"
    FAIL = "FAIL"
    SKIP = "SKIP"
    MANUAL = "MANUAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One tensor of one case in one mode. `max_scaled` is max(|tf − pt| / max(1, |pt|)), the figure judged."""

    tensor: str
    shape: tuple[int, ...]
    max_abs: float
    max_scaled: float
    tolerance: float
    ok: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """One case (inputs and flags) of one class in one mode: one of MODES or MORE_MODES, `generate` or `method`."""

    case: str
    mode: str
    comparisons: tuple[Comparison, ...] = ()
    error: str | None = None  # exception text; the child process goes on with the next case
    skipped: str | None = None  # reason

    @property
    def ok(self) -> bool:
        """True when it ran and every comparison is within tolerance."""
        return self.error is None and self.skipped is None and all(c.ok for c in self.comparisons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One yes/no property of a class: weights loaded, save/load round trip, training flag, an input format."""

    name: str
    status: Status
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadReport:
    """Everything verified of one TF class."""

    tf_class: str
    pt_class: str
    cases: tuple[CaseReport, ...] = ()
    checks: tuple[Check, ...] = ()
    error: str | None = None

    @property
    def max_scaled(self) -> float | None:
        """Worst scaled difference over all comparisons, None when nothing was compared."""
        values = [c.max_scaled for case in self.cases for c in case.comparisons]
        return max(values) if values else None

    @property
    def ok(self) -> bool:
        """Strict: something was compared, every case that ran agrees, no check failed."""
        return (
            self.error is None
            and self.max_scaled is not None
            and all(case.ok or case.skipped for case in self.cases)
            and all(check.status is not Status.FAIL for check in self.checks)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """All heads of one port, with the time it took in seconds; `environment` names interpreter and library versions."""

    heads: tuple[HeadReport, ...]
    seconds: float = 0.0
    environment: str = ""
    not_run: str | None = None  # reason, when the verification could not start at all

    @property
    def ok(self) -> bool:
        """True when it ran and every head is strict."""
        return self.not_run is None and bool(self.heads) and all(head.ok for head in self.heads)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One checklist item's verdict on one port. `evidence` lines are `path:line text` or figures."""

    code: str
    title: str
    status: Status
    evidence: tuple[str, ...] = ()
    help: str = ""
