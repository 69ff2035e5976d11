"""A problem with a place in a source file, printed the way ruff prints one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """ERROR leaves a marker in the generated file; WARNING and NOTE are only reported."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Span:
    """A region of the PyTorch file: 1-based lines, 0-based columns (as in `ast`)."""

    line: int
    column: int
    end_line: int
    end_column: int


def _shown(source: str, span: Span) -> list[str]:
    """The span's first line with a caret line below it; characters that would steer a terminal are shown as `�`."""
    text = re.split(r"\r\n|\r|\n", source)[span.line - 1]  # not splitlines, which also splits at form feeds
    data = text.encode("utf-8")
    start = len(data[: span.column].decode("utf-8", "ignore"))  # columns count bytes
    end = len(data[: span.end_column].decode("utf-8", "ignore")) if span.end_line == span.line else len(text)
    text = "".join(c if c.isprintable() else " " if c == "\t" else "�" for c in text)
    shift = max(0, min(start - 60, len(text) - 120)) if len(text) > 200 else 0
    text = text[shift : shift + 200]
    return [f"  | {text}", f"  | {' ' * (start - shift)}{'^' * max(1, min(end - start, 200 - (start - shift)))}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding of the translator. `subject` is the qualified torch name or class concerned."""

    code: str
    subject: str
    message: str
    help: str = ""
    path: str = ""
    span: Span | None = None
    severity: Severity = Severity.ERROR
    owner: str = ""  # top-level class or function of the PyTorch file in which it stands

    def render(self, source: str | None = None) -> str:
        """`path:line:col: CODE subject: message`, with the source line, a caret and the help when known."""
        where = f"{self.path}:{self.span.line}:{self.span.column + 1}: " if self.span else f"{self.path}: "
        lines = [f"{where}{self.code} {self.subject}: {self.message}"]
        if source is not None and self.span is not None:
            lines += _shown(source, self.span)
        if self.help:
            lines.append(f"  = help: {self.help}")
        return "\n".join(lines)
