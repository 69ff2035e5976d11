"""One process at a time, where two would step on each other: a lock that dies with its holders and leaves nothing stale.

The lock is the kernel's (`flock`), and git processes inherit it: one that outlives a killed scaffold still holds it, so whoever
gets the lock knows that nobody is at work in the folder any more. Source of truth: flock(2).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError

_PAUSE = 0.2
_held: set[int] = set()


def held() -> tuple[int, ...]:
    """The descriptors that every child process must inherit."""
    return tuple(_held)


def _taken(descriptor: int) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def exclusively(path: Path, *, wait: float = 60.0, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Hold the lock file `path` while the body runs; GIT124 (exit 5) when somebody else has it for `wait` seconds."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        waited = 0.0
        while not _taken(descriptor):
            if waited >= wait:
                raise ScaffoldError(
                    "GIT124",
                    f"another scaffold, or a git process that it started, is at work in {path.parent}",
                    "let it finish, then run the command again",
                    exit_code=ExitCode.CONFLICT,
                )
            sleep(_PAUSE)
            waited += _PAUSE
        _held.add(descriptor)
        yield
    finally:
        _held.discard(descriptor)
        os.close(descriptor)
