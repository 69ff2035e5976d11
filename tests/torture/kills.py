"""SIGKILL at random while a port is committed, then the same command again: nothing half done, nothing lost.

Target: publishing.md §7. Half of the kills come at a random moment, half at the n-th thing that the program does to the system
(a process started, a file opened for writing, a rename, a removal), so that every gap between two steps is met.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.layouts import git
from tests.torture.calling import call
from tests.torture.ground import BRANCH, Ground, arguments, difference, finished, locks, prepare, state
from tests.torture.rows import Row

_STEPS = {
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "subprocess.Popen",
    "shutil.rmtree",
}


def _is_step(event: str, arguments: tuple[Any, ...]) -> bool:
    if event == "open":
        flags = arguments[2] or 0
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in _STEPS


def _counting(limit: int | None, write: int) -> None:
    """In the child: kill this process at the `limit`-th step; without a limit, tell at the end how many there were."""
    seen = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if _is_step(event, arguments):
            seen += 1
            if seen == limit:
                os.kill(os.getpid(), signal.SIGKILL)
            if limit is None:
                os.pwrite(write, f"{seen:8d}".encode(), 0)

    sys.addaudithook(hook)


def _start(argv: list[str], limit: int | None, counter: int, temporary: Path) -> int:
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        os.setsid()
        tempfile.tempdir = str(temporary)
        if counter >= 0:
            _counting(limit, counter)
        answer = call(argv)
        status = 70 if answer.status is None else answer.status
    finally:
        os._exit(status)


def steps_of(argv: list[str], folder: Path, *, ends_with: int = 0) -> tuple[int, float]:
    """How many steps an undisturbed run makes, and how many seconds it takes; `folder` is for temporary files."""
    with tempfile.TemporaryFile() as file:
        started = time.monotonic()
        child = _start(argv, None, file.fileno(), folder)
        _, status = os.waitpid(child, 0)
        seconds = time.monotonic() - started
        if os.waitstatus_to_exitcode(status) != ends_with:
            raise RuntimeError("the undisturbed run fails")
        return int(os.pread(file.fileno(), 8, 0)), seconds


def run_and_kill(
    argv: list[str], folder: Path, dice: random.Random, steps: int, seconds: float, *, by_step: bool
) -> str:
    """Run and kill; where it was hit, in words."""
    if by_step:
        limit = dice.randint(1, steps)
        child = _start(argv, limit, 0, folder)
        where = f"at step {limit} of {steps}"
    else:
        child = _start(argv, None, -1, folder)
        delay = dice.uniform(0, seconds * 1.1)
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        where = f"after {delay:.3f} s"
    os.waitpid(child, 0)
    return where


def settle(root: Path) -> list[str]:
    """Locks that are still there when what the killed program had started must be done."""
    for _ in range(100):
        left = locks(root)
        if not left:
            return []
        time.sleep(0.02)
    return left


def _after_kill(root: Path, ground: Ground, before: dict[str, str]) -> tuple[str, list[str]]:
    """The kind of state that the kill left, and what is wrong with it."""
    wrong = [f"stale lock {path}" for path in settle(root)]
    after = state(root)
    branch = git(root, "for-each-ref", f"refs/heads/{BRANCH}")
    if not branch:
        return "untouched", wrong + difference(before, after)
    tree = git(root, "rev-parse", f"{BRANCH}^{{tree}}")
    if tree != ground.tree or git(root, "rev-parse", f"{BRANCH}^") != ground.base:
        wrong.append("half a commit")
    for key in ("file mine.txt", "file ignored/weights.bin", "config"):
        if before[key] != after[key]:
            wrong.append(f"{key} changed")
    done = git(root, "rev-parse", "--abbrev-ref", "HEAD") == BRANCH and not git(root, "status", "--porcelain", "-uno")
    return "complete" if done else "to be finished", wrong


def run(count: int, seed: int) -> list[Row]:
    """`count` kills."""
    dice = random.Random(seed)
    wrong: list[str] = []
    kinds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        ground = prepare(Path(name))
        steps, seconds = steps_of(arguments(ground.fresh()), ground.folder)
        for number in range(count):
            root = ground.fresh()
            before = state(root)
            where = run_and_kill(arguments(root), ground.folder, dice, steps, seconds, by_step=bool(number % 2))
            kind, found = _after_kill(root, ground, before)
            kinds[kind] += 1
            found += [f"afterwards: {line}" for line in finished(root, ground, call(arguments(root)), before)]
            wrong += [f"killed {where} ({kind}): {line}" for line in found]
    told = ", ".join(f"{kind} {number}" for kind, number in kinds.most_common())
    return [
        Row(
            what=f"{count} SIGKILLs while a port is made and committed",
            target="0 half commits, 0 lost bytes, 0 stale locks; the next run reaches the same tree",
            measured=f"left {told}; over {steps} steps and {seconds:.1f} s; {len(wrong)} broken",
            held=not wrong,
            details=tuple(wrong),
        )
    ]
