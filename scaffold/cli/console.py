"""Everything the program says: results on standard output, talk and progress on standard error.

Source of truth for the exit codes: scaffold/core/errors.py. With `--json`, standard output holds exactly one document.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from scaffold.core.errors import ScaffoldError

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


def _wants_colour(stream: IO[str]) -> bool:
    if os.environ.get("NO_COLOR"):  # no-color.org: any non-empty value
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Console:
    """Implements core.progress.Progress; `as_json` keeps standard output free for the document."""

    def __init__(self, *, as_json: bool = False, out: IO[str] | None = None, err: IO[str] | None = None) -> None:
        self.as_json = as_json
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self._notes: list[str] = []
        self._depth = 0

    @property
    def interactive(self) -> bool:
        """True when somebody sits at a terminal who can be asked."""
        return sys.stdin is not None and sys.stdin.isatty() and self.err.isatty() and not self.as_json

    def paint(self, text: str, colour: str, stream: IO[str] | None = None) -> str:
        """The text in a colour where the stream shows colours."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if _wants_colour(stream or self.out) else text

    def say(self, text: str = "") -> None:
        """A line of the result; left out with --json."""
        if not self.as_json:
            print(text, file=self.out)

    def talk(self, text: str) -> None:
        """A line about the run, on standard error."""
        print(text, file=self.err, flush=True)

    def data(self, document: Any) -> None:
        """The one JSON document."""
        if self.as_json:
            print(json.dumps(document, indent=2, ensure_ascii=False), file=self.out)

    def raw(self, text: str) -> None:
        """Text as it is (a diff, a translated file), also with --json switched off only."""
        self.out.write(text)
        self.out.flush()

    def error(self, error: ScaffoldError) -> None:
        """`error[CODE]: …` and its help on standard error; with --json also the document."""
        head = self.paint(f"error[{error.code}]", "red", self.err)
        self.talk(f"{head}: {error.message}")
        if error.help:
            self.talk(f"  help: {error.help}")
        self.data(
            {
                "error": {
                    "code": error.code,
                    "message": error.message,
                    "help": error.help,
                    "exit_code": int(error.exit_code),
                }
            }
        )

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show the step while it runs (a spinner in a terminal), then its time and notes."""
        started, outer = time.monotonic(), self._notes
        self._notes = []
        try:
            with self._spinner(title):
                yield
        except BaseException:
            self._finish(title, time.monotonic() - started, "✗", "red")
            raise
        else:
            self._finish(title, time.monotonic() - started, "✓", "green")
        finally:
            self._notes = outer

    def note(self, text: str) -> None:
        """A detail of the running step; outside any step, a line of talk."""
        self._notes.append(text)

    @contextmanager
    def _spinner(self, title: str) -> Iterator[None]:
        if not (self.err.isatty() and _wants_colour(self.err)):
            yield
            return
        # rich costs 60 ms to import: only where its spinner is seen
        from rich.console import Console as RichConsole

        with RichConsole(file=self.err).status(f"{title} …"):
            yield

    def _finish(self, title: str, seconds: float, mark: str, colour: str) -> None:
        notes = f"  {self.paint('; '.join(self._notes), 'dim', self.err)}" if self._notes else ""
        self.talk(f"{self.paint(mark, colour, self.err)} {title:<10} {seconds:6.1f} s{notes}")
