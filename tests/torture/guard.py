"""An audit hook that notes what a run of the program touches: processes, imports, files written and read.

Source of the events: the audit events table of Python's library reference. A hook cannot be taken away again, so this one is
installed once and does nothing unless a `Guard` is switched on.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import scaffold

#: What Python itself and the installed packages read; a run may open any of it.
_LIBRARIES = tuple(
    {
        os.path.realpath(path)
        for path in (
            *(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib", "scripts")),
            sys.prefix,
            sys.base_prefix,
            *filter(None, sys.path),  # an import lists them, and an editable installation adds one
            os.path.dirname(os.path.dirname(scaffold.__file__)),
        )
    }
)
_SYSTEM = ("/dev/", "/proc/", "/etc/", "/sys/")
_STARTS = {"os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.forkpty", "pty.spawn", "os.startfile"}
_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
_LISTS = {"os.listdir", "os.scandir"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Guard:
    """What was seen while it was on. `inside` are the folders that a run may write to, `source` text marks foreign code."""

    def __init__(self, inside: Iterable[Path], *, programs: frozenset[str] = frozenset(), foreign: str = "") -> None:
        self.inside = tuple(os.path.realpath(path) for path in inside)
        self.programs = programs  # base names that may be started
        self.foreign = foreign  # part of the path of files that must never be run
        self.started: list[str] = []  # programs, all of them
        self.breaches: list[str] = []
        self.on = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note what happens in the body."""
        global _current
        install()
        _current, self.on = self, True
        try:
            yield
        finally:
            self.on = False
            _current = None

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        """One audit event."""
        if event == "open":
            self._open(*arguments)
        elif event == "subprocess.Popen":
            name = os.path.basename(os.fsdecode(arguments[0]))
            self.started.append(name)
            if name not in self.programs:
                self.breaches.append(f"started {name}")
        elif event in _STARTS or event == "socket.connect":
            self.started.append(event)
            self.breaches.append(event)
        elif event in _CHANGES:
            self._change(event, arguments)
        elif event in _LISTS:
            self._read(arguments[0])
        else:
            self._code(event, arguments)

    def _code(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "exec" and isinstance(arguments[0], CodeType):
            name = arguments[0].co_filename
            if self.foreign and self.foreign in name:
                self.breaches.append(f"ran code of {name}")
        elif event == "import" and arguments[0].split(".")[0] in ("transformers", "torch", "tensorflow"):
            self.breaches.append(f"imported {arguments[0]}")

    def _open(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int):
            return
        writes = any(c in mode for c in "wax+") if isinstance(mode, str) else bool((flags or 0) & _WRITES)
        if writes:
            self._inside("opened for writing", path)
        else:
            self._read(path)

    def _change(self, event: str, arguments: tuple[Any, ...]) -> None:
        paths = arguments[:2] if event in ("os.rename", "os.link") else arguments[:1]
        if event == "os.symlink":
            paths = arguments[1:2]
        for path in paths:
            # names relative to an open folder come from shutil.rmtree, whose own top is checked by os.rmdir
            if isinstance(path, (str, bytes, os.PathLike)) and os.path.isabs(os.fsdecode(path)):
                self._inside(event, path)

    def _inside(self, what: str, path: Any) -> None:
        full = _real(path)
        if not full.startswith(("/dev/null", "/dev/tty")) and not _below(full, self.inside):
            self.breaches.append(f"{what} {full[:200]!r}")

    def _read(self, path: Any) -> None:
        if path is None or isinstance(path, int):
            return
        full = _real(path)
        if not _below(full, self.inside) and not _below(full, _LIBRARIES) and not full.startswith(_SYSTEM):
            self.breaches.append(f"read {full[:200]!r}")


def _real(path: Any) -> str:
    try:
        return os.path.realpath(os.fsdecode(path))
    except (ValueError, OSError):  # NUL in the name: nothing can be opened by it
        return "/dev/null"


def _below(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


_current: Guard | None = None
_installed = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    guard = _current
    if guard is not None and guard.on:
        guard.on = False  # what the guard itself does is not the program's
        try:
            guard.see(event, arguments)
        finally:
            guard.on = True


def install() -> None:
    """Add the hook to this process, once."""
    global _installed
    if not _installed:
        sys.addaudithook(_hook)
        _installed = True


def temporary() -> Path:
    """Where the program may make its temporary folders."""
    return Path(tempfile.gettempdir())
