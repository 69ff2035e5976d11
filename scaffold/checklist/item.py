"""One item of the checklist: a code, the guide's requirements it covers, and a judgement of a subject.

The requirements G1–G44 are those of the guide "How to convert a Transformers model to TensorFlow", listed in
docs/reference/checklist.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scaffold.checklist.subject import Subject
from scaffold.core.reports import CheckResult, Status

#: More evidence than this is cut with a count: a checklist is read by a person.
EVIDENCE_LIMIT = 12


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an item's judgement returns: a status with evidence, and what to do about it."""

    status: Status
    evidence: tuple[str, ...] = ()
    help: str = ""


def passed(*evidence: str) -> Verdict:
    """The requirement holds."""
    return Verdict(Status.PASS, evidence)


def failed(evidence: Iterable[str], help: str) -> Verdict:
    """The requirement does not hold; `help` says in the imperative what to change."""
    return Verdict(Status.FAIL, tuple(evidence), help)


def skipped(reason: str, help: str = "") -> Verdict:
    """The requirement could not be judged, or does not apply to this checkout."""
    return Verdict(Status.SKIP, (reason,), help)


def manual(evidence: Iterable[str], help: str) -> Verdict:
    """Only a person can decide or do it."""
    return Verdict(Status.MANUAL, tuple(evidence), help)


def verdict(problems: Iterable[str], help: str, *good: str) -> Verdict:
    """FAIL with the problems when there are any, else PASS with the `good` evidence."""
    found = tuple(problems)
    return failed(found, help) if found else passed(*good)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of the checklist. `needs_tf` items are skipped when there is no TensorFlow file to judge."""

    code: str
    title: str
    requirements: tuple[str, ...]
    judge: Callable[[Subject], Verdict]
    needs_tf: bool = True

    def check(self, subject: Subject) -> CheckResult:
        """Judge the subject."""
        if self.needs_tf and subject.tf is None:
            return self._result(skipped(f"there is no readable {subject.names.tf_path}"))
        return self._result(self.judge(subject))

    def _result(self, verdict: Verdict) -> CheckResult:
        evidence = verdict.evidence
        if len(evidence) > EVIDENCE_LIMIT:
            evidence = (*evidence[:EVIDENCE_LIMIT], f"… and {len(evidence) - EVIDENCE_LIMIT} more")
        return CheckResult(
            code=self.code, title=self.title, status=verdict.status, evidence=evidence, help=verdict.help
        )
