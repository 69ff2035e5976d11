"""Start the TensorFlow worker, put its journal together into a report, and survive its death.

A worker that dies takes only the class it was at: its journal keeps what was done before, and a second worker goes on with
the classes after it. Source of truth for the journal: scaffold/workers/run_tf.py.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.core.checkout import Located
from scaffold.core.child import ChildResult, run_worker
from scaffold.core.port import Port
from scaffold.core.reports import MODES, CaseReport, Check, HeadReport, VerificationReport
from scaffold.verify import stored

_WORKER = "run_tf.py"
_MAX_RESTARTS = 3  # a worker that dies at every class is not worth a start of the frameworks each time
_GRAPH_SECONDS = 12  # processor time of one worker for compiled modes, which trace anew for most cases


@dataclass(slots=True)
class _Head:
    """A class while its journal is being read."""

    pt_class: str
    cases: list[CaseReport] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    error: str | None = None
    begun: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What stays the same over the restarts of one worker."""

    python: str
    src: Path
    cases: Path
    module: str
    modes: Sequence[str]
    deadline: float
    threads: int
    graph_seconds: float
    script: str


def verify(
    located: Located,
    port: Port,
    *,
    src: Path,
    python: str,
    cases: Path,
    modes: Sequence[str] = MODES,
    timeout: float = 1800,
    pairs: Mapping[str, str] | None = None,
    work: Path | None = None,
    jobs: int | None = None,
    graph_seconds: float = _GRAPH_SECONDS,
    worker: str = _WORKER,
) -> VerificationReport:
    """Compare every class of the port with PyTorch's recorded answers.

    `src` is the `src` folder of a tree that holds the port, `cases` the probe's `classes` folder, `pairs` TF class → PyTorch
    class (by default the port's models), `work` a folder to keep the journal in, `jobs` the number of workers. Cases beyond
    `graph_seconds` of a worker's processor time run in eager mode only, and are reported as skipped in the other modes.
    """
    started = time.monotonic()
    wanted = dict(pairs) if pairs is not None else {name: port.pt_name(name) for name in port.models}
    if not wanted:
        return VerificationReport(heads=(), not_run="the port has no model class")
    number = jobs or min(2, os.cpu_count() or 1, (len(wanted) + 2) // 3)
    job = _Job(
        python=python,
        src=src,
        cases=cases,
        module=f"{located.names.folder}.{located.names.tf_module}",
        modes=modes,
        deadline=started + timeout,
        threads=max(1, 2 // number),
        graph_seconds=graph_seconds,
        script=worker,
    )
    with tempfile.TemporaryDirectory(prefix="scaffold-verify-") as scratch:
        base = work or Path(scratch)
        parts = [dict(list(wanted.items())[i::number]) for i in range(number)]
        with ThreadPoolExecutor(number) as pool:
            runs = list(pool.map(lambda item: _run(job, item[1], base / f"worker{item[0]}"), enumerate(parts)))
    heads = {name: head for _, found, _ in runs for name, head in found.items()}
    fatal = next((reason for _, _, reason in runs if reason), None)
    return VerificationReport(
        heads=() if fatal else tuple(_finished(name, heads[name]) for name in wanted),
        seconds=round(time.monotonic() - started, 2),
        environment=next((text for text, _, _ in runs if text), ""),
        not_run=fatal,
    )


def _finished(name: str, head: _Head) -> HeadReport:
    return HeadReport(
        tf_class=name, pt_class=head.pt_class, cases=tuple(head.cases), checks=tuple(head.checks), error=head.error
    )


def _run(job: _Job, pairs: Mapping[str, str], out: Path) -> tuple[str, dict[str, _Head], str | None]:
    """Environment, classes and the reason why nothing could run, from one worker and its successors."""
    heads = {name: _Head(pt_class) for name, pt_class in pairs.items()}
    environment = ""
    for attempt in range(1 + _MAX_RESTARTS):
        remaining = {name: head for name, head in heads.items() if not head.begun}
        left = job.deadline - time.monotonic()
        if not remaining or left <= 0:
            break
        folder = out / str(attempt)
        shutil.rmtree(folder, ignore_errors=True)  # the worker appends, and a kept folder may hold an older journal
        try:
            result = run_worker(
                job.script, _arguments(job, remaining, folder), python=job.python, src=job.src, timeout=left
            )
        except OSError as error:
            return environment, heads, f"the interpreter {job.python} could not be started: {error}"
        events = _read(folder / "results.jsonl")
        environment = next((e["text"] for e in events if e["event"] == "environment"), environment)
        fatal = _apply(events, heads)
        if fatal is not None and fatal["stage"] != "module":
            return environment, heads, f"the target environment cannot run TensorFlow models: {fatal['error']}"
        if fatal is not None:
            _close(heads, f"the TensorFlow module does not import: {fatal['error']}")
        elif not _blame(heads, result):
            _close(heads, _unbegun(result))
    _close(heads, "not reached: the time limit was used up, or the worker kept dying")
    return environment, heads, None


def _arguments(job: _Job, remaining: Mapping[str, _Head], folder: Path) -> list[str]:
    classes = ",".join(f"{head.pt_class}={name}" for name, head in remaining.items())
    arguments = {
        "--src": job.src.resolve(),
        "--cases": job.cases.resolve(),
        "--module": job.module,
        "--classes": classes,
        "--out": folder.resolve(),
        "--modes": ",".join(job.modes),
        "--threads": job.threads,
        "--graph-seconds": job.graph_seconds,
    }
    return [str(text) for pair in arguments.items() for text in pair]


def _read(journal: Path) -> list[dict[str, Any]]:
    """The journal's events; a last line that a dying worker cut short is left out."""
    if not journal.is_file():
        return []
    events = []
    for line in journal.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return events


def _apply(events: Sequence[Mapping[str, Any]], heads: Mapping[str, _Head]) -> Mapping[str, Any] | None:
    """Book the events on their classes; the `fatal` event when there was one."""
    for event in events:
        kind = event["event"]
        if kind == "fatal":
            return event
        head = heads.get(event.get("class", ""))
        if head is None:
            continue
        if kind == "begin":
            head.begun = True
        elif kind == "case":
            head.cases.append(stored.case(event))
        elif kind == "check":
            head.checks.append(stored.check(event))
        elif kind == "end":
            head.ended, head.error = True, event["error"]
    return None


def _blame(heads: Mapping[str, _Head], result: ChildResult) -> bool:
    """Give the class at which the worker stopped its error; False when no class had begun and more remain."""
    at_fault = [head for head in heads.values() if head.begun and not head.ended]
    for head in at_fault:
        head.ended, head.error = True, _cause(result)
    return bool(at_fault) or all(head.begun for head in heads.values())


def _cause(result: ChildResult) -> str:
    if result.timed_out:
        return f"the time limit was reached after {result.seconds:.0f} s"
    if result.returncode < 0:
        try:
            name = signal.Signals(-result.returncode).name
        except ValueError:
            name = "unknown"
        return f"child process died (signal {-result.returncode}, {name})"
    return f"child process ended with status {result.returncode}: {result.last_error()}"


def _unbegun(result: ChildResult) -> str:
    """Why a worker ended before its first class."""
    if result.timed_out:
        return f"not reached: {result.seconds:.0f} s were too short to import the frameworks"
    return f"the worker did not start: {_cause(result)}"


def _close(heads: Mapping[str, _Head], reason: str) -> None:
    for head in heads.values():
        if not head.begun:
            head.begun = head.ended = True
            head.error = reason
