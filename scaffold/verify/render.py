"""A verification report as text for the terminal and as Markdown for a pull request."""

from __future__ import annotations

from scaffold.core.reports import HeadReport, Status, VerificationReport
from scaffold.verify.localise import localise

_COLUMNS = ("class", "cases", "worst difference", "weights", "checks", "verdict")
_WEIGHTS = "weights-"


def rows(report: VerificationReport) -> list[tuple[str, ...]]:
    """One row a class, in the order of `_COLUMNS`."""
    return [_row(head) for head in report.heads]


def problems(head: HeadReport) -> list[str]:
    """Everything that keeps a class from passing, the first divergence first."""
    found = [head.error] if head.error else []
    divergence = localise(head)
    if divergence is not None:
        c = divergence.comparison
        found.append(
            f"first divergence at {c.tensor} in {divergence.case} ({divergence.mode}): {c.note or c.max_scaled}"
        )
    errors: dict[tuple[str, str], list[str]] = {}
    for case in head.cases:
        if case.error:
            errors.setdefault((case.case, case.error), []).append(case.mode)
    found += [f"{name} ({', '.join(modes)}): {error}" for (name, error), modes in errors.items()]
    found += [f"{check.name}: {check.detail}" for check in head.checks if check.status is Status.FAIL]
    if not found and head.max_scaled is None:
        found.append("nothing was compared")
    return found


def skipped(head: HeadReport) -> list[str]:
    """What was not run, with the reason; equal reasons are counted."""
    reasons: dict[str, list[str]] = {}
    for case in head.cases:
        if case.skipped:
            reasons.setdefault(case.skipped, []).append(f"{case.case} ({case.mode})")
    for check in head.checks:
        if check.status is Status.SKIP:
            reasons.setdefault(check.detail, []).append(check.name)
    return [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]


def to_text(report: VerificationReport, *, details: bool = True) -> str:
    """An aligned table, then the problems and the skipped parts of each class."""
    if report.not_run is not None:
        return f"not run: {report.not_run}\n"
    table = [_COLUMNS, *rows(report)]
    widths = [max(len(row[i]) for row in table) for i in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    if details:
        for head in report.heads:
            lines += [f"{head.tf_class}: FAIL {text}" for text in problems(head)]
            lines += [f"{head.tf_class}: not run {text}" for text in skipped(head)]
    lines.append(_summary(report))
    return "\n".join(lines) + "\n"


def to_markdown(report: VerificationReport) -> str:
    """A table and, folded away, the problems."""
    if report.not_run is not None:
        return f"Verification was **not run**: {report.not_run}\n"
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    lines += [f"| {' | '.join((f'`{row[0]}`', *row[1:]))} |" for row in rows(report)]
    notes = [f"- `{head.tf_class}`: {_one_line(text)}" for head in report.heads for text in problems(head)]
    notes += [f"- `{head.tf_class}`: not run: {_one_line(text)}" for head in report.heads for text in skipped(head)]
    if notes:
        lines += ["", "<details><summary>Details</summary>", "", *notes, "", "</details>"]
    return "\n".join([*lines, "", _summary(report)]) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _row(head: HeadReport) -> tuple[str, ...]:
    ran = [case for case in head.cases if not case.skipped]
    cases = f"{sum(case.ok for case in ran)}/{len(ran)}"
    worst = "–" if head.max_scaled is None else f"{head.max_scaled:.1e}"
    weights = [check.status for check in head.checks if check.name.startswith(_WEIGHTS)]
    others = [check.status for check in head.checks if not check.name.startswith(_WEIGHTS)]
    return (head.tf_class, cases, worst, _tally(weights), _tally(others), "PASS" if head.ok else "FAIL")


def _tally(statuses: list[Status]) -> str:
    ran = [status for status in statuses if status is not Status.SKIP]
    return f"{sum(status is Status.PASS for status in ran)}/{len(ran)}" if ran else "–"


def _summary(report: VerificationReport) -> str:
    passed = sum(head.ok for head in report.heads)
    compared = sum(len(case.comparisons) for head in report.heads for case in head.cases)
    limit = next((c.tolerance for head in report.heads for k in head.cases for c in k.comparisons if c.tolerance), 1e-5)
    return (
        f"{passed} of {len(report.heads)} classes agree with PyTorch: {compared} tensors compared, "
        f"|tf − pt| ≤ {limit:g} · max(1, |pt|), {report.seconds:.0f} s; {report.environment}"
    )
