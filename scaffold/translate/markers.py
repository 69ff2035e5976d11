"""The one grammar of the marks a translation leaves in a file: written here, and parsed here.

# TODO(port) TFP102 torch.nn.functional.interpolate: argument `x` has no TensorFlow counterpart
#   from modeling_foo.py:312; try …
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from scaffold.core.diagnostics import Diagnostic

MARKER = re.compile(r"^\s*# TODO\(port\) (?P<code>[A-Z]{3}\d{3}) (?P<subject>\S+): (?P<message>.*)$", re.M)


@dataclass(frozen=True, slots=True)
class Marker:
    """One mark found in a file."""

    line: int
    code: str
    subject: str
    message: str


def write(diagnostic: Diagnostic) -> list[str]:
    """The comment lines of a diagnostic, without indentation."""
    lines = [f"# TODO(port) {diagnostic.code} {diagnostic.subject}: {diagnostic.message}"]
    where = PurePosixPath(diagnostic.path).name
    line = f":{diagnostic.span.line}" if diagnostic.span else ""
    advice = f"; {diagnostic.help}" if diagnostic.help else ""
    lines.append(f"#   from {where}{line}{advice}")
    return lines


def parse(text: str) -> list[Marker]:
    """All marks of a file, top to bottom."""
    return [
        Marker(text.count("\n", 0, m.start("code")) + 1, m["code"], m["subject"], m["message"])
        for m in MARKER.finditer(text)
    ]
