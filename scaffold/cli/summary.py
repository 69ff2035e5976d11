"""What a finished run says: ported classes, parity, what is left, files, the next command."""

from __future__ import annotations

from typing import Any

from scaffold.cli.checkouts import in_clone
from scaffold.cli.console import Console
from scaffold.core.diffs import diff, line_counts
from scaffold.core.edits import Absent, EditKind
from scaffold.core.names import counted
from scaffold.core.reports import HeadReport, VerificationReport
from scaffold.pipeline import Result

_LETTERS = {EditKind.CREATE: "A", EditKind.MODIFY: "M", EditKind.DELETE: "D"}


def weights(result: Result) -> dict[str, int]:
    """PyTorch class → number of weight tensors, as the probe built it."""
    return {name: len(probed.parameters) for name, probed in result.types.classes.items() if not probed.error}


def show_diff(console: Console, result: Result) -> None:
    """The dry run's diff on standard output, its count as talk."""
    if not console.as_json:
        console.raw(diff(result.located.root, result.edits))
    console.talk(f"dry run: {counted(len(result.edits), 'file')} would change; nothing was written")
    for marker in _markers(result):
        console.talk(f"  {marker}")


def _markers(result: Result) -> list[str]:
    return [d.render() for d in result.translation.markers] if result.translation else []


def _next(result: Result) -> str:
    return f"scaffold checklist {result.located.names.stem}{in_clone(result.located.root)}"


def show_port(console: Console, result: Result, *, forked: bool = False) -> None:
    """The whole summary. `forked`: the clone is connected to a fork, about which the caller has more to say."""
    names = result.located.names
    if result.finished:
        what = "the interrupted switch to it was finished" if result.resumed else "0 files changed"
        console.say(f"{names.title} is ported already, on branch {result.branch}: {what}.")
        if result.unheard:
            again = f"scaffold update {names.stem}{in_clone(result.located.root)} {' '.join(result.unheard)}"
            console.say(f"It was made without some of these options; this puts them in: {again}")
        console.say(f"Next: {_next(result)}")
        return
    _show_classes(console, result)
    _show_parity(console, result)
    _show_tests(console, result)
    _show_left(console, result)
    _show_files(console, result)
    _show_brought(console, result)
    console.say(f"\nCommitted as {(result.commit or '')[:12]} on branch {result.branch} in {result.seconds:.0f} s.")
    console.say(f"Next: {_next(result)}")
    if not forked:
        console.say("For a pull request the clone needs a fork on GitHub: the same command with --fork makes one.")


def _show_classes(console: Console, result: Result) -> None:
    if result.translation is None:
        return
    classes = result.translation.classes
    counts = weights(result)
    total = max(counts.values(), default=0)
    borrowed = len(result.translation.borrowed)
    console.say()
    console.say(console.paint(f"{result.located.names.title} → TensorFlow", "bold"))
    size = f", up to {total} weight tensors" if total else ""
    console.say(f"  {len(classes)} classes ({borrowed} taken from existing TensorFlow models), {_public(result)}{size}")
    for pt_class, reason in result.translation.withheld:
        console.say(f"  left out: {pt_class}: {reason}")


def _public(result: Result) -> str:
    public = result.port.public if result.port else ()
    return f"{len(public)} of them public"


def _show_parity(console: Console, result: Result) -> None:
    report = result.report
    console.say()
    if report is None:
        console.say("Parity: not verified (--no-verify)")
        return
    if report.not_run is not None:
        console.say(f"Parity: not verified: {report.not_run}")
        return
    console.say(f"Parity with PyTorch, |tf − pt| ≤ {_tolerance(report)} · max(1, |pt|), {report.seconds:.0f} s:")
    width = max(len(head.tf_class) for head in report.heads)
    for head in report.heads:
        worst = "nothing compared" if head.max_scaled is None else f"{head.max_scaled:.1e}"
        cases = sum(1 for case in head.cases if case.skipped is None)
        mark = console.paint("ok  ", "green") if head.ok else console.paint("FAIL", "red")
        console.say(f"  {mark} {head.tf_class:<{width}}  {cases:3d} cases  worst {worst}")
        for problem in _problems(head)[:3]:
            console.say(f"         {problem}")


def _tolerance(report: VerificationReport) -> str:
    """The limit for floating-point tensors, written 1e-5; that for token ids is zero."""
    tensors = (c for head in report.heads for case in head.cases for c in case.comparisons)
    return f"{max((c.tolerance for c in tensors), default=0.0):.0e}".replace("e-0", "e-")


def _problems(head: HeadReport) -> list[str]:
    from scaffold.verify.render import problems

    return [] if head.ok else problems(head)


def _show_tests(console: Console, result: Result) -> None:
    suite = result.suite
    if suite is None:
        return
    console.say(
        f"\nTests: {len(suite.kept)} functions translated from the PyTorch tests, {len(suite.dropped)} left out"
    )
    reasons: dict[str, list[str]] = {}
    for name, reason in suite.dropped:
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        console.say(
            f"  left out: {', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}: {reason}"
        )


def _show_left(console: Console, result: Result) -> None:
    markers = _markers(result)
    console.say()
    if not markers:
        console.say("Left to do by hand: nothing is marked.")
        return
    console.say(f"Left to do by hand, {counted(len(markers), 'marker')} in {result.located.names.tf_path}:")
    for marker in markers:
        for line in marker.splitlines():
            console.say(f"  {line}")


def _show_brought(console: Console, result: Result) -> None:
    if result.brought is not None and result.brought.notes:
        console.say("About the model that was brought along:")
        for note in result.brought.notes:
            console.say(f"  - {note}")


def _show_files(console: Console, result: Result) -> None:
    console.say("\nFiles:")
    for edit in result.edits:
        # the work tree holds the new content by now, so only a new file's lines can be counted without asking git
        added = (edit.after or "").count("\n") if edit.kind is EditKind.CREATE else None
        note = f"  +{added}" if added is not None else ""
        console.say(f"  {_LETTERS[edit.kind]} {edit.path}{note}")
    absent = [f"{outcome.path}: {outcome.why}" for outcome in result.outcomes if isinstance(outcome, Absent)]
    if absent:
        console.say("Not registered:")
        for line in dict.fromkeys(absent):
            console.say(f"  - {line}")


def as_json(result: Result) -> dict[str, Any]:
    """The run as one document."""
    names = result.located.names
    document: dict[str, Any] = {
        "model": names.stem,
        "title": names.title,
        "repo": str(result.located.root),
        "branch": result.branch,
        "commit": result.commit,
        "already_ported": result.finished,
        "unheard": list(result.unheard),
        "ok": result.ok,
        "seconds": round(result.seconds, 2),
        "layout": {name: finding.value for name, finding in result.located.layout.facets.items()},
        "files": [{"path": edit.path, "kind": edit.kind.value, "by": edit.by} for edit in result.edits],
        "absent": [
            {"path": outcome.path, "why": outcome.why} for outcome in result.outcomes if isinstance(outcome, Absent)
        ],
    }
    if result.commit is None and not result.finished:
        document["diff"] = diff(result.located.root, result.edits)
        document["lines"] = {edit.path: line_counts(result.located.root, edit) for edit in result.edits}
    if result.brought is not None:
        document["brought"] = {
            "files": [o.path for o in result.brought.outcomes if not isinstance(o, Absent)],
            "notes": list(result.brought.notes),
        }
    if result.translation is not None:
        document["classes"] = dict(result.translation.classes)
        document["public"] = list(result.translation.public)
        document["withheld"] = [list(entry) for entry in result.translation.withheld]
        document["markers"] = [
            {"code": d.code, "subject": d.subject, "message": d.message, "line": d.span.line if d.span else None}
            for d in result.translation.markers
        ]
        document["weights"] = weights(result)
    if result.suite is not None:
        document["tests"] = {
            "kept": list(result.suite.kept),
            "dropped": [list(entry) for entry in result.suite.dropped],
        }
    if result.report is not None:
        document["verification"] = {
            "not_run": result.report.not_run,
            "seconds": round(result.report.seconds, 2),
            "environment": result.report.environment,
            "heads": {
                head.tf_class: {"ok": head.ok, "max_scaled": head.max_scaled, "problems": _problems(head)}
                for head in result.report.heads
            },
        }
    return document
