"""What is known about a port before it is shown to others: parity, checklist, origin of its text, what is left.

The report of an earlier run counts only while both the PyTorch and the TensorFlow file hold what it was made of.
Source of the requirements: guide.md G12 and G37; publishing.md §1 (a body that says what was generated and verified).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scaffold.core.errors import ScaffoldError
from scaffold.core.progress import Progress
from scaffold.core.reports import CheckResult, VerificationReport
from scaffold.flows.ported import Ported

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARKER = re.compile(r"#\s*TODO\(port\)\s*(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`version` is the scaffold that generated the port, None for one that no record says was generated.

    `edited` tells that the TensorFlow file has changed since; `markers` are `path:line text`; `files` are (letter, path) of
    what the branch changes.
    """

    report: VerificationReport
    results: tuple[CheckResult, ...]
    version: str | None
    edited: bool
    classes: tuple[str, ...]
    markers: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]


def gather(ported: Ported, *, python: str, allow_failing: bool, progress: Progress) -> Evidence:
    """Verify (or find the report that still holds), judge by the checklist, and read the rest from the clone.

    HUB132 when the port is not strict and `allow_failing` is not set.
    """
    from scaffold.checklist import checklist
    from scaffold.ported import port_of

    report = _report(ported, python, allow_failing, progress)
    if not report.ok and not allow_failing:
        raise _not_strict(ported, report)
    with progress.step("checklist"):
        results = checklist(ported.located, report=report)
    recorded = _recorded(ported)
    port = port_of(ported.located)
    text = (ported.located.root / ported.names.tf_path).read_bytes().decode("utf-8")
    return Evidence(
        report=report,
        results=results,
        version=recorded.get("scaffold"),
        edited=_edited(ported),
        classes=port.public or port.models,
        markers=tuple(_markers(ported.names.tf_path, text)),
        withheld=tuple((str(name), str(reason)) for name, reason in recorded.get("withheld", ())),
        files=changed_files(ported),
    )


def _report(ported: Ported, python: str, allow_failing: bool, progress: Progress) -> VerificationReport:
    """The stored report while it holds; otherwise a new one, stored unless the environment could not run it."""
    from scaffold import pipeline

    stored = pipeline.fresh_report(ported.located, ported.folder)
    if stored is not None and stored.not_run is None:
        progress.note("the report of an earlier run still holds")
        return stored
    try:
        report = pipeline.verify_existing(ported.located, python, progress)
    except ScaffoldError as error:
        if not allow_failing:
            raise
        return VerificationReport(heads=(), not_run=error.message)
    pipeline.save_report(ported.folder, report, pipeline.sources_of(ported.located))
    return report


def _not_strict(ported: Ported, report: VerificationReport) -> ScaffoldError:
    from scaffold.verify.render import problems

    if report.not_run is not None:
        what = f"the port could not be verified: {report.not_run}"
    else:
        failing = [head for head in report.heads if not head.ok]
        first = next((f"; {head.tf_class}: {problem}" for head in failing for problem in problems(head)), "")
        what = f"{len(failing)} of {len(report.heads)} classes do not agree with PyTorch{first}"
    stem = ported.names.stem
    return ScaffoldError(
        "HUB132",
        what,
        f"see `scaffold checklist {stem}` and mend it, or give --allow-failing: the description then says so",
    )


def _recorded(ported: Ported) -> dict[str, Any]:
    """What the run that made the port noted; empty for a hand-written one."""
    from scaffold.pipeline import PORT

    try:
        data = json.loads((ported.folder / PORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _edited(ported: Ported) -> bool:
    """True when the TensorFlow file is no longer the pristine render that the clone keeps."""
    from scaffold.publish.pristine import base_ref

    path, ask = ported.names.tf_path, ported.clone.asks
    rendered = ask("rev-parse", "--verify", "--quiet", f"{base_ref(ported.names.stem)}:{path}")
    return rendered is not None and rendered != ask("rev-parse", "--verify", "--quiet", f"{ported.tip}:{path}")


def _markers(path: str, text: str) -> Iterable[str]:
    for number, line in enumerate(text.split("\n"), 1):
        found = _MARKER.search(line)
        if found:
            yield f"{path}:{number} {found[1].strip()}"


def changed_files(ported: Ported) -> tuple[tuple[str, str], ...]:
    """(A, M or D, path) of each file that the branch changes; empty when the base is not in the clone."""
    clone, base = ported.clone, ported.origin.base_commit
    fork_point = clone.asks("merge-base", base, ported.tip)
    if not fork_point:
        return ()
    listed = clone.git("diff", "--name-status", "--no-renames", "-z", fork_point, ported.tip).split("\0")
    return tuple(zip(listed[0::2], listed[1::2], strict=False))
