"""G33 (5) and (6), G41: what only running the port can tell, read from the report of its verification."""

from __future__ import annotations

from collections.abc import Callable

from scaffold.checklist.item import Item, Verdict, failed, passed, skipped
from scaffold.checklist.subject import Subject
from scaffold.core.reports import Check, HeadReport, Status

_INPUTS = ("input-", "keras-functional")
_WEIGHTS = ("weights-",)


def _ran(subject: Subject) -> Verdict | None:
    """Why there is nothing to read, or None when there is."""
    report = subject.report
    if report is None:
        return skipped("the port has not been verified", "Verify it; the checklist reads the report of that run.")
    if report.not_run is not None:
        return skipped(f"the verification did not run: {report.not_run}", "Mend the cause and verify again.")
    if not report.heads:
        return skipped("the verification found no class to run")
    return None


def _of_checks(prefixes: tuple[str, ...], wanted: bool, help: str) -> Callable[[Subject], Verdict]:
    """Judge every head's checks whose name starts (or, unwanted, does not start) with one of the prefixes."""

    def judge(subject: Subject) -> Verdict:
        excuse = _ran(subject)
        if excuse is not None or subject.report is None:
            return excuse or skipped("the port has not been verified")
        heads = subject.report.heads
        chosen = [(h, c) for h in heads for c in h.checks if c.name.startswith(prefixes) is wanted]
        problems = [_line(head, check) for head, check in chosen if check.status is Status.FAIL]
        problems += [f"{head.tf_class}: {head.error}" for head in heads if head.error]
        if problems:
            return failed(problems, help)
        if not any(check.status is Status.PASS for _, check in chosen):
            return skipped("none of these checks was run", "Verify again, with the classes named in the report.")
        return _summary([head for head in heads if any(h is head for h, _ in chosen)], chosen)

    return judge


def _summary(heads: list[HeadReport], chosen: list[tuple[HeadReport, Check]]) -> Verdict:
    lines = []
    for head in heads:
        checks = [check for owner, check in chosen if owner is head]
        good = sum(check.status is Status.PASS for check in checks)
        left_out = [f"{c.name} not run ({c.detail})" for c in checks if c.status is Status.SKIP]
        lines.append("; ".join([f"{head.tf_class}: {good} of {len(checks)} checks pass", *left_out]))
    return passed(*lines)


def _line(head: HeadReport, check: Check) -> str:
    return f"{head.tf_class} {check.name}: {check.detail}"


def _parity(subject: Subject) -> Verdict:
    excuse = _ran(subject)
    if excuse is not None or subject.report is None:
        return excuse or skipped("the port has not been verified")
    lines: list[str] = []
    bad: list[str] = []
    for head in subject.report.heads:
        line = _difference(head)
        (lines if _agrees(head) else bad).append(line)
    if bad:
        return failed(bad, "Follow the report's first divergence: it names the first tensor beyond tolerance.")
    return passed(*lines)


def _agrees(head: HeadReport) -> bool:
    """The comparisons only: what else a head must do is judged by other items."""
    return head.error is None and head.max_scaled is not None and all(case.ok or case.skipped for case in head.cases)


def _difference(head: HeadReport) -> str:
    if head.error:
        return f"{head.tf_class}: {head.error}"
    wrong = [case for case in head.cases if not (case.ok or case.skipped)]
    if wrong:
        first = wrong[0]
        tensors = [c for c in first.comparisons if not c.ok]
        what = first.error or f"{tensors[0].tensor} is {tensors[0].max_scaled:.1e} off"
        return f"{head.tf_class}: {len(wrong)} of {len(head.cases)} cases differ, first {first.case} ({first.mode}): {what}"
    if head.max_scaled is None:
        return f"{head.tf_class}: nothing was compared"
    ran = sum(not case.skipped for case in head.cases)
    return f"{head.tf_class}: worst difference {head.max_scaled:.1e} in {ran} cases"


ITEMS = (
    Item(
        code="CHK105",
        title="loads PyTorch weights with from_pt=True",
        requirements=("G33", "G14"),
        judge=_of_checks(_WEIGHTS, True, "Match the names and shapes of the weights to the PyTorch state dict."),
        needs_tf=False,
    ),
    Item(
        code="CHK106",
        title="callable with every input format",
        requirements=("G33",),
        judge=_of_checks(
            _INPUTS, True, "Decorate `call` with @unpack_inputs and keep its parameters in PyTorch's order."
        ),
        needs_tf=False,
    ),
    Item(
        code="CHK160",
        title="every output agrees with PyTorch",
        requirements=("G41", "G42"),
        judge=_parity,
        needs_tf=False,
    ),
    Item(
        code="CHK161",
        title="saving, training flag and shapes",
        requirements=("G33", "G35"),
        judge=_of_checks((*_INPUTS, *_WEIGHTS), False, "Mend what the failing checks name."),
        needs_tf=False,
    ),
)
