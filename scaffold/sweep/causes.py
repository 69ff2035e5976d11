"""What a row's failure is grouped by: the first thing that stands in the way, without names, numbers and paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: Most specific first; a match is replaced by the second part.
_BLUR = (
    (re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`"), "…"),
    (re.compile(r"[\w./-]+\.py(:\d+)*"), "FILE"),
    (re.compile(r"\bTF[A-Z]\w+"), "TFX"),
    (re.compile(r"\[[\d, ]*\]|\([\d, ]*\)"), "SHAPE"),
    (re.compile(r"\d+(\.\d+)?(e-?\d+)?"), "N"),
)


def blurred(text: str) -> str:
    """The message's first line with what differs from model to model taken out, 160 characters at most."""
    line = text.strip().splitlines()[0] if text.strip() else ""
    for pattern, replacement in _BLUR:
        line = pattern.sub(replacement, line)
    return line[:160]


def cause_of(row: Mapping[str, Any]) -> str | None:
    """The group of a row that is not strict, None for a strict one."""
    if row["error"]:
        return blurred(row["error"])
    if row["markers"]:
        first = row["markers"][0]
        return f"{first['code']} {first['subject']}"
    for head in row["heads"]:
        if head["error"]:
            return blurred(head["error"].partition("): ")[2] or head["error"])
        if head["diverges"]:
            return f"differs at {blurred(head['diverges'].partition(' first at ')[2])}"
        if head["failed_checks"]:
            return blurred(head["failed_checks"][0])
    if row["withheld"]:
        return f"left out: {blurred(row['withheld'][0][1])}"
    return None
