"""A problem with a place in a source file, printed the way ruff prints one."""

from __future__ import annotations

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
            text = source.splitlines()[self.span.line - 1]
            end = self.span.end_column if self.span.end_line == self.span.line else len(text)
            lines += [f"  | {text}", f"  | {' ' * self.span.column}{'^' * max(1, end - self.span.column)}"]
        if self.help:
            lines.append(f"  = help: {self.help}")
        return "\n".join(lines)
