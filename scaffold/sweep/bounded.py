"""Run one task in a process of its own that may take only so much time and memory; a row comes back whatever happens to it.

The task bounds itself (scaffold/sweep/task.py); here is what remains: a task that hangs, is killed, or takes down Python.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from scaffold.sweep.spec import Task
from scaffold.sweep.task import empty_row, judged

#: Seconds beyond its own limit that a task gets to write its row, and seconds that one gets to end its workers.
GRACE, FAREWELL = 60.0, 10.0

_PACKAGE = Path(__file__).resolve().parents[2]


def run_bounded(task: Task) -> dict[str, Any]:
    """The task's row. Needs nothing but its argument, so that a worker on another machine can call it."""
    return Tasks().run(task)


class Tasks:
    """Tasks that several threads run and that can be stopped together."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ending = threading.Event()

    def run(self, task: Task) -> dict[str, Any]:
        """The task's row; KeyboardInterrupt after `stop`."""
        task.out.mkdir(parents=True, exist_ok=True)
        result = task.out / "row.json"
        result.unlink(missing_ok=True)
        with (task.out / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "scaffold.sweep.task", *task.arguments()],
                cwd=task.out,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.add(process)
        try:
            status = self._wait(process, task.seconds + GRACE)
        finally:
            self._running.discard(process)
        if self._ending.is_set():
            raise KeyboardInterrupt
        if status == 0 and result.is_file():
            return dict(json.loads(result.read_text(encoding="utf-8")))
        return _lost(task, status)

    def stop(self) -> None:
        """End every task, and with it the workers that it started, and start none any more; no row comes of them."""
        self._ending.set()
        running = tuple(self._running)
        for process in running:
            process.terminate()
        for process in running:
            _end(process)

    def _wait(self, process: subprocess.Popen[bytes], seconds: float) -> int | None:
        """The exit status, None when the process had to be stopped."""
        try:
            return None if self._ending.is_set() else process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                process.terminate()
                _end(process)


def _environment() -> dict[str, str]:
    """This process's, with scaffold's own modules first, whatever folder the sweep was started in."""
    paths = [str(_PACKAGE), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that was asked to end, and kill its session when it does not."""
    try:
        process.wait(FAREWELL)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _lost(task: Task, status: int | None) -> dict[str, Any]:
    """The row of a task that left none."""
    if status is None:
        error = f"the task was stopped after {task.seconds:.0f} s and {GRACE:.0f} s of grace"
    elif status < 0:
        error = f"the task was killed by signal {-status}"
    else:
        lines = (task.out / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        error = f"the task ended with status {status}: {lines[-1] if lines else 'it said nothing'}"
    return judged(empty_row(task) | {"error": error, "cpu": None, "peak_mib": None})
