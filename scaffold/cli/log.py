"""The log file of --log-file or SCAFFOLD_LOG: what was run, every step, note, git command and error, secrets hidden.

Readable by its owner alone, rotated at a megabyte. Everything goes through the standard `logging`, below the name `scaffold`.
"""

from __future__ import annotations

import logging
import os
import platform
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold import __version__
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.secrets import redact

if TYPE_CHECKING:
    from scaffold.cli.console import Console

_BYTES = 1_000_000
_BACKUPS = 2


class _Redacting(logging.Formatter):
    """The last thing that touches a line, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _Warnings(logging.Handler):
    """Warnings of code that has no console become talk; the console's own lines are said already."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(("scaffold.console", "scaffold.cli")):
            self._console.talk(f"warning: {record.getMessage()}")


def _file_handler(path: Path) -> logging.Handler:
    # 25 ms to import: only for those who want a log
    from logging.handlers import RotatingFileHandler

    class Private(RotatingFileHandler):
        """Made with mode 0600, never wider for a moment; a full disk costs lines, not the command."""

        def _open(self):  # type: ignore[no-untyped-def]  # whatever type the base class has in this Python
            descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.chmod(self.baseFilename, 0o600)  # it may have been there, and wider
            return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")

        def handleError(self, record: logging.LogRecord) -> None:
            """A line that cannot be written is lost; the base class would print it to standard error unredacted."""

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = Private(path, maxBytes=_BYTES, backupCount=_BACKUPS)
    except OSError as error:
        raise ScaffoldError(
            "CLI106",
            f"the log {path} cannot be written: {error.strerror}",
            "give another path with --log-file (or SCAFFOLD_LOG), or leave it out",
            exit_code=ExitCode.USAGE,
        ) from error
    handler.setFormatter(_Redacting("%(asctime)s %(process)d %(levelname)-7s %(name)s: %(message)s"))
    return handler


@contextmanager
def recording(path: Path | None, argv: Sequence[str], console: Console) -> Iterator[logging.Logger]:
    """Log to `path` while the body runs. CLI106 (exit status 2) when the file cannot be opened."""
    logger = logging.getLogger("scaffold")
    handlers: list[logging.Handler] = [_Warnings(console)]
    if path is not None:
        handlers.append(_file_handler(path))
    before = logger.level
    logger.setLevel(logging.DEBUG if path is not None else logging.WARNING)
    for handler in handlers:
        logger.addHandler(handler)
    try:
        logger.info("scaffold %s, Python %s, %s", __version__, platform.python_version(), sys.platform)
        logger.info("run in %s: scaffold %s", os.getcwd(), shlex.join(argv))
        yield logger
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.setLevel(before)
