"""Run a piece of work in a forked child with limits, and learn what it cost: the parent stays warm, the child may die.

Limits protect the machine; what is promised (20 s, 1 GiB) is judged by the caller from what was measured. Processor time, not
the clock, since other work on the machine does not count.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.torture.calling import Answer
from tests.torture.guard import Guard

_GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the child ended. `answer` is None when it was killed; `seconds` is processor time, children included."""

    answer: Answer | None
    signal: int
    seconds: float
    peak_mib: float
    breaches: tuple[str, ...] = ()

    @property
    def failure(self) -> str:
        """A traceback's last line or the name of the signal; empty when all was well."""
        if self.answer is None:
            return (
                f"killed by {signal.Signals(self.signal).name}" if self.signal else "the child ended without an answer"
            )
        return self.answer.traceback


def in_child(work: Callable[[], Answer], guard: Guard, *, cpu: int = 40, clock: float = 300.0, gib: int = 3) -> Ended:
    """Fork, limit, run the work under the guard, and wait."""
    with tempfile.NamedTemporaryFile(prefix="torture-answer-") as file:
        child = os.fork()
        if child == 0:
            _child(work, guard, Path(file.name), cpu, gib)
        status, usage = _wait(child, clock)
        try:
            data = json.loads(Path(file.name).read_text(encoding="utf-8"))
        except ValueError:
            data = None
    return Ended(
        answer=Answer(**data["answer"]) if data else None,
        signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        seconds=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
        breaches=tuple(data["breaches"]) if data else (),
    )


def _child(work: Callable[[], Answer], guard: Guard, file: Path, cpu: int, gib: int) -> None:
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
        resource.setrlimit(resource.RLIMIT_AS, (gib * _GIB, gib * _GIB))
        with guard.watching():
            answer = work()
        file.write_text(json.dumps({"answer": asdict(answer), "breaches": guard.breaches}), encoding="utf-8")
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _wait(child: int, clock: float) -> tuple[int, resource.struct_rusage]:
    """The exit status and resources of the child, which is killed when it takes too long by the clock."""
    watch = os.pidfd_open(child)
    try:
        poll = select.poll()
        poll.register(watch, select.POLLIN)
        if not poll.poll(clock * 1000):
            os.killpg(child, signal.SIGKILL)
        _, status, usage = os.wait4(child, 0)
    finally:
        os.close(watch)
    return status, usage


def stopwatch() -> Callable[[], float]:
    """Seconds by the clock since it was made."""
    started = time.monotonic()
    return lambda: time.monotonic() - started
