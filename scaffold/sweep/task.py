"""One model of a sweep: probe, translate, register, verify; `python -m scaffold.sweep.task` writes a row, `row.json`.

A row is one JSON object: `model` (folder/stem), `outcome` (`strict`, `partial`, `wrong`, `marked`, `failed`), `cause` (what
failures are grouped by), `error`, `heads`, `markers`, `withheld`, `coverage` ([expressions seen, all]), `lines` (PyTorch,
TensorFlow), `seconds` (wall time by step), `cpu` (processor seconds) and `peak_mib` (largest process). It runs in a process of
its own, so that the driver can bound its time and survive its death.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scaffold.core.errors import ScaffoldError
from scaffold.core.reports import HeadReport, Status, VerificationReport
from scaffold.core.translation import Translation
from scaffold.sweep.causes import cause_of

_MODES = ("eager", "graph")


def run_task(
    root: Path, model: str, *, python: str, out: Path, modes: Sequence[str] = _MODES, graph_seconds: float = 12.0
) -> dict[str, Any]:
    """Port one model in `root` without writing to it; `out` keeps the probe's files, the generated file and the row."""
    row: dict[str, Any] = {"model": model, "error": None, "heads": [], "markers": [], "withheld": [], "seconds": {}}
    try:
        _port(row, root, model, python, out, modes, graph_seconds)
    except ScaffoldError as error:
        row["error"] = f"{error.code} {error.message}"
    except Exception as error:  # a row of a sweep, not a crash of the sweep
        row["error"] = f"{type(error).__name__}: {error}"
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    row["cpu"] = round(sum(u.ru_utime + u.ru_stime for u in usage), 1)
    row["peak_mib"] = max(u.ru_maxrss for u in usage) // 1024
    row["outcome"] = outcome_of(row)
    row["cause"] = cause_of(row)
    return row


@contextmanager
def _timed(row: dict[str, Any], step: str) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    finally:
        row["seconds"][step] = round(time.monotonic() - started, 1)


def _port(
    row: dict[str, Any],
    root: Path,
    model: str,
    python: str,
    out: Path,
    modes: Sequence[str],
    graph_seconds: float,
) -> None:
    from scaffold.core.edits import Tree
    from scaffold.locate import locate
    from scaffold.overlay import overlay
    from scaffold.pipeline import make_port
    from scaffold.probe import probe
    from scaffold.register import register
    from scaffold.render import render
    from scaffold.translate import translate
    from scaffold.verify import verify

    folder, _, stem = model.partition("/")
    located = locate(root, folder, stem=stem or None)
    out.mkdir(parents=True, exist_ok=True)
    with _timed(row, "probe"):
        types = probe(located, python=python, out=out / "probe")
    row["coverage"] = list(types.coverage)
    with _timed(row, "translate"):
        translation = translate(located, types)
    (out / f"{located.names.tf_module}.py").write_text(translation.text, encoding="utf-8")
    row["lines"] = [located.source.count("\n"), translation.text.count("\n")]
    row["markers"] = [_marker(d) for d in translation.markers]
    row["withheld"] = [list(pair) for pair in translation.withheld]
    tree, port = Tree(root), make_port(located, translation, None)
    with _timed(row, "render"):
        render(located, translation, tree, suite=None, cases=out / "probe")
    with _timed(row, "register"):
        register(located, port, tree)
    with _timed(row, "verify"), overlay(root, tree.edits(), within=out) as folder_with_port:
        report = verify(
            located,
            port,
            src=folder_with_port / "src",
            python=python,
            cases=out / "probe" / "classes",
            modes=modes,
            jobs=1,
            graph_seconds=graph_seconds,
            work=out / "verify",
        )
    if report.not_run:
        row["error"] = f"VER {report.not_run}"
    row["heads"] = _heads(report, translation)


def _marker(diagnostic: Any) -> dict[str, Any]:
    line = diagnostic.span.line if diagnostic.span else None
    where = {"code": diagnostic.code, "subject": diagnostic.subject, "message": diagnostic.message}
    return {**where, "line": line, "owner": diagnostic.owner}


def _heads(report: VerificationReport, translation: Translation) -> list[dict[str, Any]]:
    twins = {tf: pt for pt, tf in translation.classes.items()}
    return [_head(head, twins.get(head.tf_class, head.pt_class)) for head in report.heads]


def _head(head: HeadReport, pt_class: str) -> dict[str, Any]:
    from scaffold.verify import localise

    first = localise(head)
    cases: dict[str, list[int]] = {}
    for case in head.cases:
        agreed, tried, skipped = cases.get(case.mode, (0, 0, 0))
        ran = case.skipped is None
        cases[case.mode] = [agreed + case.ok, tried + ran, skipped + (not ran)]
    errors = [f"{case.case} ({case.mode}): {case.error}" for case in head.cases if case.error]
    failed = [f"{check.name}: {check.detail}" for check in head.checks if check.status is Status.FAIL]
    return {
        "class": head.tf_class,
        "pt_class": pt_class,
        "ok": head.ok,
        "worst": head.max_scaled,
        "cases": cases,
        "diverges": first.render() if first else None,
        "error": head.error or next(iter(errors), None),
        "failed_checks": failed,
    }


def outcome_of(row: dict[str, Any]) -> str:
    """`strict`: every class agrees and nothing is marked or left out. `wrong`: a class ran without a marker and differs."""
    heads = row["heads"]
    if row["error"] or not heads:
        return "failed"
    if any(head["diverges"] for head in heads) and not row["markers"]:
        return "wrong"
    if all(head["ok"] for head in heads) and not row["markers"]:
        return "partial" if row["withheld"] else "strict"
    if any(head["ok"] for head in heads):
        return "partial"
    return "marked" if row["markers"] else "failed"


def main(argv: list[str] | None = None) -> int:
    """Write the row and end with 0 whatever came of the model."""
    parser = argparse.ArgumentParser(prog="python -m scaffold.sweep.task")
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--model", required=True, help="folder/stem")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--modes", default=",".join(_MODES))
    parser.add_argument("--graph-seconds", type=float, default=12.0)
    options = parser.parse_args(argv)
    row = run_task(
        options.repo.resolve(),
        options.model,
        python=options.python,
        out=options.out.resolve(),
        modes=options.modes.split(","),
        graph_seconds=options.graph_seconds,
    )
    partial = options.out / "row.json.part"
    options.out.mkdir(parents=True, exist_ok=True)
    partial.write_text(json.dumps(row), encoding="utf-8")
    partial.replace(options.out / "row.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
