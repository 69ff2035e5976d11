"""The checklist's results as text for the terminal, as Markdown for a pull request and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from scaffold.core.reports import CheckResult, Status

#: Evidence lines shown for a passed item; failures show all of theirs.
_EXCERPT = 2
_BOXES = {Status.PASS: "x", Status.FAIL: " ", Status.SKIP: "-", Status.MANUAL: " "}


def failed(results: Iterable[CheckResult]) -> bool:
    """True when an item failed: the command's exit code is then 3."""
    return any(result.status is Status.FAIL for result in results)


def summary(results: Sequence[CheckResult]) -> str:
    """How many items have which status."""
    counts = Counter(result.status for result in results)
    return ", ".join(f"{counts[status]} {status.value}" for status in Status if counts[status])


def to_text(results: Sequence[CheckResult], *, verbose: bool = False) -> str:
    """One line an item, indented evidence below; passed items show a little unless `verbose`."""
    lines: list[str] = []
    for result in results:
        lines.append(f"{result.status.value:<6} {result.code}  {result.title}")
        lines += [f"         {evidence}" for evidence in _shown(result, verbose)]
        if result.help and result.status is not Status.PASS:
            lines.append(f"         = help: {result.help}")
    return "\n".join([*lines, "", summary(results)]) + "\n"


def _shown(result: CheckResult, verbose: bool) -> list[str]:
    evidence = list(result.evidence)
    if verbose or result.status is not Status.PASS or len(evidence) <= _EXCERPT:
        return evidence
    return [*evidence[:_EXCERPT], f"… and {len(evidence) - _EXCERPT} more"]


def to_markdown(results: Sequence[CheckResult]) -> str:
    """A task list as GitHub renders it, with what failed spelt out."""
    lines = []
    for result in results:
        if result.status is Status.SKIP:
            reason = f" – {result.evidence[0]}" if result.evidence else ""
            lines.append(f"- {result.code} {result.title}: skipped{reason}")
            continue
        lines.append(f"- [{_BOXES[result.status]}] {result.code} {result.title}: {result.status.value}")
        if result.status is not Status.PASS:
            lines += [f"  - `{evidence}`" for evidence in result.evidence]
            lines += [f"  - {result.help}"] if result.help else []
    return "\n".join([*lines, "", summary(results)]) + "\n"


def to_json(results: Sequence[CheckResult]) -> str:
    """An object with the items and their counts."""
    counts = Counter(result.status.value for result in results)
    entries = [
        {
            "code": result.code,
            "title": result.title,
            "status": result.status.value,
            "evidence": list(result.evidence),
            "help": result.help,
        }
        for result in results
    ]
    return json.dumps({"items": entries, "counts": counts, "ok": not failed(results)}, indent=2, ensure_ascii=False)
