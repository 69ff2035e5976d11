"""A warm process without threads that forks one child a command, so that commands start at once and may be killed.

The stand-in for GitHub runs threads in the process of the trials, and forking such a process is unsafe; so the zygote is forked
off before the server starts. Waiting is made free: a child adds up the seconds that it would have slept.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from tests.torture.calling import Answer, call
from tests.torture.waiting import WAITING

_STEPS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
_STEPS |= {"subprocess.Popen", "http.client.connect", "http.client.send"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended: its answer (None when it was killed), seconds slept, steps made, seconds by the clock."""

    answer: Answer | None
    slept: float
    steps: int
    seconds: float


def _is_step(event: str, arguments: tuple[Any, ...]) -> bool:
    if event == "open":
        flags = arguments[2] or 0
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in _STEPS


class Zygote:
    """A context manager; make it before any thread is started."""

    def __init__(self) -> None:
        self._reply = tempfile.NamedTemporaryFile(prefix="torture-reply-")
        asks_read, asks_write = os.pipe()
        tells_read, tells_write = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            os.close(asks_write)
            os.close(tells_read)
            status = 1
            try:
                with (
                    os.fdopen(asks_read, encoding="utf-8") as asks,
                    os.fdopen(tells_write, "w", encoding="utf-8") as tells,
                ):
                    _serve(asks, tells, Path(self._reply.name))
                status = 0
            finally:
                os._exit(status)
        os.close(asks_read)
        os.close(tells_write)
        self._asks = os.fdopen(asks_write, "w", encoding="utf-8")
        self._tells = os.fdopen(tells_read, encoding="utf-8")

    def __enter__(self) -> Zygote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._asks.close()
        self._tells.close()
        os.waitpid(self._process, 0)
        self._reply.close()

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        step: int | None = None,
        after: float | None = None,
        limit: float = 180.0,
    ) -> Done:
        """Run a command; `step` kills it at its n-th step, `after` so many seconds after its start, `limit` in any case."""
        ask = {"argv": list(argv), "cwd": str(cwd), "env": dict(env), "step": step}
        self._asks.write(json.dumps(ask) + "\n")
        self._asks.flush()
        child = int(self._tells.readline())
        started = time.monotonic()
        timer = threading.Timer(limit if after is None else after, _kill, [child])
        timer.start()
        self._tells.readline()  # the child is gone, but not forgotten: its number is not given to another process yet
        timer.cancel()
        seconds = time.monotonic() - started
        timer.join()
        self._asks.write("\n")
        self._asks.flush()
        reply = json.loads(Path(self._reply.name).read_text(encoding="utf-8") or "{}")
        answer = Answer(**reply["answer"]) if "answer" in reply else None
        return Done(answer=answer, slept=reply.get("slept", 0.0), steps=reply.get("steps", 0), seconds=seconds)


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def _serve(asks: IO[str], tells: IO[str], reply: Path) -> None:
    for line in asks:
        ask = json.loads(line)
        reply.write_text("", encoding="utf-8")
        child = os.fork()
        if child == 0:
            _work(ask, reply)
        tells.write(f"{child}\n")
        tells.flush()
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        tells.write("ended\n")
        tells.flush()
        asks.readline()
        os.waitpid(child, 0)


def _work(ask: dict[str, Any], reply: Path) -> None:
    """In the child: run the command and write the reply, unless killed before."""
    try:
        os.setsid()
        os.chdir(ask["cwd"])
        os.environ.clear()
        os.environ.update(ask["env"])
        tempfile.tempdir = None
        steps = 0
        WAITING.counting = True

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal steps
            if _is_step(event, arguments):
                steps += 1
                if steps == ask["step"]:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        answer = call(ask["argv"])
        text = {"status": answer.status, "out": answer.out, "err": answer.err}
        reply.write_text(json.dumps({"answer": text, "slept": WAITING.slept, "steps": steps}), encoding="utf-8")
    finally:
        os._exit(0)
