"""The checks and formatters that `make fixup` stands for, run on a bench with the target environment's Python.

Source: guide.md G37; flows/makefile.py reads what to run from the checkout itself.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Collection, Sequence
from dataclasses import replace

from scaffold.core.child import ChildResult
from scaffold.core.errors import ScaffoldError
from scaffold.core.formatting import ruff
from scaffold.core.progress import Progress
from scaffold.flows.bench import Bench, Outcome, run_make
from scaffold.flows.makefile import Step, fixup

_PIN = re.compile(r'"ruff([=<>!~][^"]*)"')
_OURS = re.compile(r"ruff (\d+\.\d+\.\d+)")
_LINES = 6


def run_fixup(bench: Bench, progress: Progress, *, make: bool, skip: Collection[str] = ()) -> list[Outcome]:
    """Run everything, failures included, so that all of them are seen at once. HUB135 where there is nothing to run.

    `make` runs the real `make fixup`; `skip` holds titles of steps to leave out.
    """
    if make:
        return [run_make(bench)]
    steps = _steps(bench)
    outcomes = []
    for step in steps:
        if step.title in skip:
            progress.note(f"{step.title} left out")
            continue
        outcome = _run(bench, step)
        progress.note(f"{outcome.title} {'ok' if outcome.ok else 'FAILED'}")
        outcomes.append(outcome)
    return outcomes


def compare_with_base(bench: Bench, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Mark the failures that a bench of the base has as well, in the same words: the port has nothing to do with those.

    A checkout's own tools fail for want of a package, or because the base itself is not quite in order.
    """
    failed = {outcome.title: outcome for outcome in outcomes if not outcome.ok}
    again = {step.title: _run(bench, step) for step in _steps(bench) if step.title in failed}
    return [
        replace(outcome, on_base=True)
        if outcome.title in again and _words(again[outcome.title]) == _words(outcome)
        else outcome
        for outcome in outcomes
    ]


def _words(outcome: Outcome) -> str:
    """What failed, without the folder of the bench and line numbers, which the port's own lines move."""
    return re.sub(r"/bench\.\d+\.\w+|line \d+|:\d+", "", outcome.detail) if not outcome.ok else ""


def _steps(bench: Bench) -> list[Step]:
    file = bench.root / "Makefile"
    steps = fixup(file.read_text(encoding="utf-8"), bench.changed_since_base()) if file.is_file() else []
    if not steps:
        raise ScaffoldError(
            "HUB135",
            "the checkout's Makefile has no target `fixup`",
            "check the branch by hand and give --skip-checks",
        )
    return steps


def _run(bench: Bench, step: Step) -> Outcome:
    if step.unread:
        return Outcome(title=step.title, ok=False, seconds=0.0, detail="this line needs a shell: give --make")
    arguments = list(step.arguments)
    if step.tool == "ruff" and _ruff_is_ours(bench):
        return _run_ruff(bench, step)
    if not step.tool.startswith("python"):
        return _judge(step, bench.module(step.tool.replace("-", "_"), arguments))
    if arguments[:1] == ["-m"]:
        return _judge(step, bench.module(arguments[1], arguments[2:]))
    if not arguments or arguments[0].startswith("-"):
        return Outcome(title=step.title, ok=False, seconds=0.0, detail="this line needs a shell: give --make")
    return _judge(step, bench.script(arguments[0], arguments[1:]))


def _ruff_is_ours(bench: Bench) -> bool:
    """Other releases of ruff format differently, so a checkout that pins another one needs it in its own environment."""
    setup = bench.root / "setup.py"
    pin = _PIN.search(setup.read_text(encoding="utf-8")) if setup.is_file() else None
    said = subprocess.run([ruff(), "--version"], capture_output=True, text=True, check=False).stdout
    ours = _OURS.search(said)
    return pin is None or ours is None or pin[1] == f"=={ours[1]}"


def _run_ruff(bench: Bench, step: Step) -> Outcome:
    started = time.monotonic()
    command = [ruff(), *step.arguments]
    done = subprocess.run(
        command, cwd=bench.root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    detail = "" if done.returncode == 0 else _last(done.stdout + done.stderr)
    return Outcome(title=step.title, ok=done.returncode == 0, seconds=time.monotonic() - started, detail=detail)


def _judge(step: Step, result: ChildResult) -> Outcome:
    detail = "" if result.ok else _last(result.stderr or result.stdout)
    if result.timed_out:
        detail = "stopped, it took too long"
    return Outcome(title=step.title, ok=result.ok, seconds=result.seconds, detail=detail)


def _last(text: str) -> str:
    """The end of what a tool said, where Python puts the error; without the bench's folder."""
    return "\n".join([line.rstrip() for line in text.splitlines() if line.strip()][-_LINES:])
