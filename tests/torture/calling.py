"""Call the command line in this process with the streams a terminal user has: encoded, strict, captured."""

from __future__ import annotations

import io
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from scaffold.cli.main import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command came to. `status` is None when an exception left `main`, which is what a user sees as a traceback."""

    status: int | None
    out: str
    err: str

    @property
    def traceback(self) -> str:
        """The last line of a traceback, or of the report of an internal error; empty when there was none."""
        if self.status is None or "Traceback (most recent call last)" in self.err:
            return self.err.strip().splitlines()[-1][:300]
        for line in (self.err + self.out).splitlines():
            if "CLI105" in line:
                return line.strip()[:300]
        return ""


def call(argv: Sequence[str]) -> Answer:
    """Run one command."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
    before = sys.stdout, sys.stderr, sys.stdin
    sys.stdout, sys.stderr, sys.stdin = out, err, io.StringIO()
    status: int | None = None
    try:
        status = int(main(list(argv)))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout, sys.stderr, sys.stdin = before
    return Answer(status=status, out=_text(out), err=_text(err))


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8", "replace")
