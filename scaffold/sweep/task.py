"""One model of a sweep: probe, translate, register, verify; `python -m scaffold.sweep.task` writes a row, `row.json`.

A row is one JSON object: `model` (folder/stem), `outcome` and `cause` (scaffold/sweep/causes.py), `error`, `heads` (with what
came of XLA and exports, where asked for, in `exports`), `markers`, `withheld`, `coverage` ([expressions seen, all]), `lines`
(PyTorch, TensorFlow), `seconds` (wall time by step), `cpu` (processor seconds), `peak_mib` (largest process), and where it comes
from: `key`, `source`, `scaffold`, `generator` (`Task.identity`), `release`, `environment`, `settings`, `date` (UTC). It
runs in a process of its own, so that the driver can bound its time and survive its death.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from scaffold.core.child import stop_workers
from scaffold.core.errors import ScaffoldError
from scaffold.core.reports import MODES, MORE_MODES, HeadReport, Status, VerificationReport
from scaffold.core.translation import Translation
from scaffold.sweep.causes import cause_of, outcome_of
from scaffold.sweep.spec import GRAPH_SECONDS, MEMORY_GIB, SECONDS, Task, release_of

_PROBE_SECONDS = 900.0  # wall time that the probe may take of a long task
_LEAST = 5.0  # even a task that is late starts its next worker, which then says that it ran out of time


def empty_row(task: Task) -> dict[str, Any]:
    """A row of which nothing is known yet but what was asked for."""
    row: dict[str, Any] = {
        "model": task.model,
        "error": None,
        "heads": [],
        "markers": [],
        "withheld": [],
        "seconds": {},
    }
    settings = {"modes": list(task.modes), "graph_seconds": task.graph_seconds, "seconds": task.seconds}
    made = {"release": release_of(task.root), "environment": "", "settings": settings}
    return row | task.identity() | made | {"date": datetime.now(timezone.utc).isoformat(timespec="seconds")}


def judged(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its outcome and cause."""
    return row | {"outcome": outcome_of(row), "cause": cause_of(row)}


def run_task(task: Task) -> dict[str, Any]:
    """Port one model without writing to the checkout; `task.out` keeps the probe's files and the generated file."""
    row = empty_row(task)
    try:
        _port(row, task, time.monotonic() + task.seconds)
    except ScaffoldError as error:
        row["error"] = f"{error.code} {error.message}"
    except Exception as error:  # a row of a sweep, not a crash of the sweep
        row["error"] = f"{type(error).__name__}: {error}"
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    row["cpu"] = round(sum(u.ru_utime + u.ru_stime for u in usage), 1)
    row["peak_mib"] = max(u.ru_maxrss for u in usage) // 1024
    return judged(row)


@contextmanager
def _timed(row: dict[str, Any], step: str) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    finally:
        row["seconds"][step] = round(time.monotonic() - started, 1)


def _port(row: dict[str, Any], task: Task, deadline: float) -> None:
    from scaffold.core.edits import Tree
    from scaffold.locate import locate
    from scaffold.overlay import overlay
    from scaffold.pipeline import make_port, without_port
    from scaffold.probe import probe
    from scaffold.register import register
    from scaffold.render import render
    from scaffold.translate import translate
    from scaffold.verify import verify

    def left() -> float:
        return max(_LEAST, deadline - time.monotonic())

    root, out = task.root, task.out
    folder, _, stem = task.model.partition("/")
    located = locate(root, folder, stem=stem or None, ported_ok=task.regenerate)
    for leftover in out.glob("overlay.*"):  # of a run that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    with _timed(row, "probe"):
        types = probe(located, python=task.python, out=out / "probe", timeout=min(_PROBE_SECONDS, left()))
    row["coverage"] = list(types.coverage)
    with _timed(row, "translate"):
        translation = translate(located, types)
    (out / f"{located.names.tf_module}.py").write_text(translation.text, encoding="utf-8")
    row["lines"] = [located.source.count("\n"), translation.text.count("\n")]
    row["markers"] = [_marker(d) for d in translation.markers]
    row["withheld"] = [list(pair) for pair in translation.withheld]
    tree = without_port(located) if task.regenerate else Tree(root)
    port = make_port(located, translation, None)
    with _timed(row, "render"):
        render(located, translation, tree, suite=None, cases=out / "probe")
    with _timed(row, "register"):
        register(located, port, tree)
    with _timed(row, "verify"), overlay(root, tree.edits(), within=out) as folder_with_port:
        report = verify(
            located,
            port,
            src=folder_with_port / "src",
            python=task.python,
            cases=out / "probe" / "classes",
            modes=task.modes,
            timeout=left(),
            jobs=1,
            graph_seconds=task.graph_seconds,
            work=out / "verify",
        )
    row["environment"] = report.environment
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
    """The class as a row keeps it: what it can be exported to does not decide whether it agrees with PyTorch."""
    from scaffold.verify import localise

    exports = _exports(head)
    head = replace(head, cases=tuple(case for case in head.cases if case.mode not in MORE_MODES))
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
        "exports": exports,
    }


def _exports(head: HeadReport) -> dict[str, str]:
    """Mode → "agrees", or why not, for those of MORE_MODES that were tried."""
    found = {check.name: check.detail for check in head.checks if check.name in MORE_MODES}
    for mode in MORE_MODES:
        cases = [case for case in head.cases if case.mode == mode and case.skipped is None]
        for case in cases:
            beyond = next((c for c in case.comparisons if not c.ok), None)
            why = case.error or (beyond and f"{beyond.tensor} differs: {beyond.note or beyond.max_scaled}")
            found[mode] = why or "agrees"
            if why:
                break
    return found


def _bound(memory_gib: int) -> None:
    """Bound the data of this process and of those it starts, whatever they ask for themselves."""
    limit, hard = memory_gib << 30, resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _terminated(*_: object) -> None:
    stop_workers()
    raise SystemExit(128 + signal.SIGTERM)


def main(argv: list[str] | None = None) -> int:
    """Write the row and end with 0 whatever came of the model."""
    parser = argparse.ArgumentParser(prog="python -m scaffold.sweep.task")
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--model", required=True, help="folder/stem")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--graph-seconds", type=float, default=GRAPH_SECONDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--memory-gib", type=int, default=MEMORY_GIB)
    parser.add_argument("--regenerate", action="store_true")
    options = parser.parse_args(argv)
    task = Task(
        root=options.repo.resolve(),
        model=options.model,
        out=options.out.resolve(),
        python=options.python,
        modes=tuple(options.modes.split(",")),
        graph_seconds=options.graph_seconds,
        seconds=options.seconds,
        memory_gib=options.memory_gib,
        regenerate=options.regenerate,
    )
    task.out.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, _terminated)
    _bound(task.memory_gib)
    row = run_task(task)
    partial = task.out / "row.json.part"
    partial.write_text(json.dumps(row), encoding="utf-8")
    partial.replace(task.out / "row.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
