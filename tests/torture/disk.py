"""A full disk, a read-only disk, and a folder without write permission, at every place that a port writes to.

Target: publishing.md §7: no partial file, and the run after the repair reaches the same tree. The disk is a small tmpfs (needs
root and a kernel that allows mounting, else not run). Root ignores permission bits, so as root the program runs without the
capability that lets it (setpriv of util-linux).
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.torture.calling import Answer, call
from tests.torture.ground import BRANCH, Ground, arguments, difference, finished, locks, prepare, state
from tests.torture.guard import Guard, temporary
from tests.torture.rows import Row
from tests.torture.sandbox import in_child

ROOT = Path(__file__).parents[2]
_KIB = 1024
_CAPABILITIES = "-dac_override,-dac_read_search"


@contextmanager
def _tmpfs(mebibytes: int) -> Iterator[Path | None]:
    """A mounted tmpfs; None where that is not permitted."""
    with tempfile.TemporaryDirectory(prefix="torture-disk-") as name:
        command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", name]
        mounted = shutil.which("mount") and subprocess.run(command, capture_output=True, check=False).returncode == 0
        try:
            yield Path(name).resolve() if mounted else None
        finally:
            if mounted:
                subprocess.run(["umount", "-l", name], check=False, capture_output=True)


def _fill(disk: Path, leave: int) -> Path:
    """A file that leaves `leave` bytes of the disk."""
    file = disk / "filler"
    with file.open("wb") as stream:
        free = shutil.disk_usage(disk).free
        while free > leave:
            stream.write(b"\0" * min(64 * _KIB, free - leave))
            stream.flush()
            free = shutil.disk_usage(disk).free
    return file


def _judge(root: Path, answer: Answer, before: dict[str, str], kinds: dict[str, int]) -> list[str]:
    """What is wrong after a run that met an obstacle: untouched, or complete with a note."""
    wrong = [f"stale lock {path}" for path in locks(root)]
    if answer.traceback:
        wrong.append(answer.traceback)
    after = state(root)
    if f"refs/heads/{BRANCH}" in after["refs"]:
        kinds["committed"] = kinds.get("committed", 0) + 1
        return wrong
    kinds["refused"] = kinds.get("refused", 0) + 1
    if answer.status not in (1, 5):
        wrong.append(f"exit {answer.status} and no branch: {answer.err.strip()[-150:]}")
    return wrong + difference(before, after)


def _full(ground: Ground, count: int) -> Row:
    wrong: list[str] = []
    kinds: dict[str, int] = {}
    what, target = "a full disk, met at every size", "0 partial files; the next run reaches the same tree"
    with _tmpfs(16) as disk:
        if disk is None:
            return Row(what=what, target=target, measured="no permission to mount a tmpfs", held=None)
        for number in range(count):
            root = ground.fresh(parent=disk)
            before = state(root)
            leave = number * 320 * _KIB // max(1, count) // 4096 * 4096
            filler = _fill(disk, leave)
            guard = Guard([disk, temporary()], programs=frozenset({"git", "ruff", "uname"}))
            ended = in_child(lambda root=root: call(arguments(root)), guard)  # type: ignore[misc]
            answer = ended.answer or Answer(status=None, out="", err=ended.failure)
            found = _judge(root, answer, before, kinds)
            filler.unlink()
            found += [f"afterwards: {line}" for line in finished(root, ground, call(arguments(root)), before)]
            wrong += [f"{leave // _KIB} KiB left: {line}" for line in found]
            shutil.rmtree(root)
    told = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    return Row(
        what=what,
        target=target,
        measured=f"{count} sizes ({told}): {len(wrong)} broken",
        held=not wrong,
        details=tuple(wrong),
    )


def _without_rights(argv: list[str], *, directory: Path) -> Answer:
    """Run the program as a user to whom permission bits apply."""
    command = [sys.executable, "-m", "scaffold", *argv]
    if os.getuid() == 0:
        command = ["setpriv", "--bounding-set", _CAPABILITIES, "--inh-caps", _CAPABILITIES, *command]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(directory)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return Answer(status=done.returncode, out=done.stdout, err=done.stderr)


def _locked(ground: Ground, count: int) -> Row:
    what, target = "no write permission, folder by folder", "0 partial files; the next run reaches the same tree"
    if os.getuid() == 0 and not shutil.which("setpriv"):
        return Row(what=what, target=target, measured="root, and no setpriv here", held=None)
    wrong: list[str] = []
    kinds: dict[str, int] = {}
    sample = ground.fresh()
    places = [path.relative_to(sample) for path in sorted(sample.rglob("*")) if path.is_dir() and not _object(path)]
    places = [Path("."), *places][:: max(1, len(places) // count)]
    for place in places:
        root = ground.fresh()
        before = state(root)
        mode = stat.S_IMODE((root / place).stat().st_mode)
        (root / place).chmod(0o555)
        answer = _without_rights(arguments(root), directory=ground.folder)
        (root / place).chmod(mode)
        found = _judge(root, answer, before, kinds)
        found += [f"afterwards: {line}" for line in finished(root, ground, call(arguments(root)), before)]
        wrong += [f"{place}: {line}" for line in found]
    told = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    return Row(
        what=what,
        target=target,
        measured=f"{len(places)} folders ({told}): {len(wrong)} broken",
        held=not wrong,
        details=tuple(wrong),
    )


def _object(path: Path) -> bool:
    return path.parent.name == "objects" and len(path.name) == 2


def _read_only(ground: Ground) -> Row:
    what, target = "a read-only disk", "refused, 0 bytes changed; the next run reaches the same tree"
    with _tmpfs(16) as disk:
        if disk is None:
            return Row(what=what, target=target, measured="no permission to mount a tmpfs", held=None)
        root = ground.fresh(parent=disk)
        before = state(root)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True, capture_output=True)
        answer = call(arguments(root))
        wrong = [] if answer.status in (1, 5) else [f"exit {answer.status}: {answer.err[-200:]}"]
        wrong += [answer.traceback] if answer.traceback else []
        wrong += difference(before, state(root))
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True, capture_output=True)
        wrong += [f"afterwards: {line}" for line in finished(root, ground, call(arguments(root)), before)]
    return Row(what=what, target=target, measured=f"{len(wrong)} broken", held=not wrong, details=tuple(wrong))


def run(count: int, seed: int) -> list[Row]:
    """`count` sizes of the disk, and as many folders."""
    del seed
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        ground = prepare(Path(name))
        return [_full(ground, count), _read_only(ground), _locked(ground, count)]
