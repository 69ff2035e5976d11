"""Everything the program says: results on standard output, talk and progress on standard error, secrets hidden in both.

With `--json`, standard output holds exactly one document. What is said is also logged (scaffold/cli/log.py).
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from scaffold.core.errors import ScaffoldError
from scaffold.core.secrets import redact

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}

_log = logging.getLogger("scaffold.console")


def _wants_colour(stream: IO[str]) -> bool:
    if os.environ.get("NO_COLOR"):  # no-color.org: any non-empty value
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _redacted(value: Any) -> Any:
    """The document with every string redacted; redacting its JSON text could swallow a quotation mark."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {_redacted(key): _redacted(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(entry) for entry in value]
    return value


def _lenient(stream: IO[str]) -> IO[str]:
    """What the stream cannot encode (a file name that is not UTF-8, an arrow on a Latin-1 terminal) is escaped, not fatal."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


class Console:
    """Implements core.progress.Progress; `as_json` keeps standard output free for the document.

    `color` is auto, always or never; `quiet` leaves out talk and steps, not errors; `asks` says whether questions may be put.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        color: str = "auto",
        quiet: bool = False,
        asks: bool = True,
        out: IO[str] | None = None,
        err: IO[str] | None = None,
    ) -> None:
        self.as_json = as_json
        self.color = color
        self.quiet = quiet
        self.asks = asks
        self.out = _lenient(out or sys.stdout)
        self.err = _lenient(err or sys.stderr)
        self.documented = False
        self._notes: list[str] = []
        self._titles: list[str] = []
        self._status: Any = None

    @property
    def interactive(self) -> bool:
        """True when somebody sits at a terminal who can be asked."""
        terminal = sys.stdin is not None and sys.stdin.isatty() and self.err.isatty()
        return terminal and self.asks and not self.as_json

    def paint(self, text: str, colour: str, stream: IO[str] | None = None) -> str:
        """The text in a colour where the stream shows colours."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self._coloured(stream or self.out) else text

    def _coloured(self, stream: IO[str]) -> bool:
        return self.color == "always" or (self.color == "auto" and _wants_colour(stream))

    def say(self, text: str = "") -> None:
        """A line of the result; left out with --json."""
        if not self.as_json:
            print(redact(text), file=self.out)

    def talk(self, text: str) -> None:
        """A line about the run, on standard error; left out with --quiet."""
        _log.info("%s", text)
        if not self.quiet:
            self._tell(text)

    def _tell(self, text: str) -> None:
        text = redact(text)
        if self._status is None:
            print(text, file=self.err, flush=True)
            return
        from rich.text import Text

        self._status.console.print(Text.from_ansi(text), soft_wrap=True)  # above the spinner

    def data(self, document: Any) -> None:
        """The one JSON document; whatever comes after the first is only logged."""
        if not self.as_json:
            return
        if self.documented:
            _log.warning("a second document was not printed")
            return
        self.documented = True
        ascii_only = (getattr(self.out, "encoding", None) or "utf-8").lower().replace("-", "") != "utf8"
        print(json.dumps(_redacted(document), indent=2, ensure_ascii=ascii_only), file=self.out, flush=True)

    def raw(self, text: str) -> None:
        """Text as it is, without a line break after it (a diff, a translated file); left out with --json."""
        if not self.as_json:
            self.out.write(redact(text))
            self.out.flush()

    def error(self, error: ScaffoldError, *, hints: tuple[str, ...] = (), **details: Any) -> None:
        """`error[CODE]: …`, its help and further lines on standard error; with --json also the document with `details`."""
        lines = [f"{self.paint(f'error[{error.code}]', 'red', self.err)}: {error.message}"]
        lines += [f"  help: {error.help}"] if error.help else []
        for line in (*lines, *(f"  {hint}" for hint in hints)):
            self._tell(line)
        entry = {
            "code": error.code,
            "message": error.message,
            "help": error.help,
            "exit_code": int(error.exit_code),
            **details,
        }
        self.data({"error": entry})

    def traceback(self, error: BaseException) -> None:
        """Where the error came from, on standard error."""
        self._tell("".join(traceback.format_exception(error)).rstrip())

    def suggest(self, command: str, why: str = "") -> None:
        """The command that usually comes next, as talk."""
        self.talk(f"next: `{command}`{f' {why}' if why else ''}")

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show the step while it runs (a spinner in a terminal), then its time and notes."""
        started, outer = time.monotonic(), self._notes
        self._notes = []
        self._titles.append(title)
        _log.info("step %s", title)
        try:
            with self._spinner():
                yield
        except BaseException:
            self._finish(title, time.monotonic() - started, "✗", "red")
            raise
        else:
            self._finish(title, time.monotonic() - started, "✓", "green")
        finally:
            self._titles.pop()
            self._notes = outer
            self._show_title()

    def note(self, text: str) -> None:
        """A detail of the running step; outside any step, a line of talk."""
        if self._titles:
            _log.info("note %s", text)
            self._notes.append(text)
        else:
            self.talk(text)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No spinner meanwhile: somebody is asked."""
        if self._status is not None:
            self._status.stop()
        try:
            yield
        finally:
            if self._status is not None:
                self._status.start()

    def _show_title(self) -> None:
        if self._status is not None and self._titles:
            self._status.update(self._title())

    def _title(self) -> Any:
        from rich.text import Text

        return Text(f"{self._titles[-1]} …")

    @contextmanager
    def _spinner(self) -> Iterator[None]:
        """A spinner for the outermost step, whose text follows the steps inside it."""
        if self._status is not None:
            self._show_title()
            yield
            return
        if self.quiet or not self.err.isatty() or os.environ.get("TERM") == "dumb":
            yield
            return
        # rich costs 60 ms to import: only where its spinner is seen
        from rich.console import Console as RichConsole

        rich = RichConsole(file=self.err, no_color=not self._coloured(self.err))
        with rich.status(self._title()) as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None

    def _finish(self, title: str, seconds: float, mark: str, colour: str) -> None:
        notes = f"  {self.paint('; '.join(self._notes), 'dim', self.err)}" if self._notes else ""
        self.talk(f"{self.paint(mark, colour, self.err)} {title:<10} {seconds:6.1f} s{notes}")
