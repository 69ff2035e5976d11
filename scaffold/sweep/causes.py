"""What came of a model, and what its failure is grouped by: the first obstacle, without names, numbers and paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: Best first: the order of tables and bars.
OUTCOMES = ("strict", "partial", "wrong", "marked", "failed")

#: Most specific first; a match is replaced by the second part.
_BLUR = (
    (re.compile(r"\{\{[^{}]*\}\} ?"), ""),
    (re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`"), "…"),
    (re.compile(r"[\w./-]+\.py(:\d+)*"), "FILE"),
    (re.compile(r"\bTF[A-Z]\w+"), "TFX"),
    (re.compile(r"\[[\d, ]*\]|\([\d, ]*\)"), "SHAPE"),
    (re.compile(r"\b\d+(\.\d+)?(e-?\d+)?"), "N"),
)

_CODE = re.compile(r"[A-Z]{3}\d*")


def blurred(text: str) -> str:
    """The message's first line with what differs from model to model taken out, 160 characters at most."""
    line = text.strip().splitlines()[0] if text.strip() else ""
    for pattern, replacement in _BLUR:
        line = pattern.sub(replacement, line)
    return line[:160]


def outcome_of(row: Mapping[str, Any]) -> str:
    """One of OUTCOMES.

    `strict`: every class agrees and nothing is marked or left out. `partial`: some classes agree. `wrong`: a class ran
    without a marker and differs. `marked`, `failed`: no class agrees, with and without a marker.
    """
    heads, markers = row["heads"], row["markers"]
    if row["error"] or not heads:
        return "marked" if markers else "failed"
    if any(head["diverges"] for head in heads) and not markers:
        return "wrong"
    if all(head["ok"] for head in heads) and not (markers or row["withheld"]):
        return "strict"
    if any(head["ok"] for head in heads):
        return "partial"
    return "marked" if markers else "failed"


def obstacle_of(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """(kind, text) of what stands first in a row's way, None for a strict one. A marker explains what came after it."""
    if row["markers"]:
        first = row["markers"][0]
        where = ", ".join(str(part) for part in (first["line"] and f"line {first['line']}", first["owner"]) if part)
        return f"{first['code']} {first['subject']}", f"{first['message']}{f' ({where})' if where else ''}"
    if row["error"]:
        code, _, message = row["error"].partition(" ")
        return (code, message) if _CODE.fullmatch(code) else ("", row["error"])
    heads = [head for head in row["heads"] if not head["ok"]]
    for head in sorted(heads, key=lambda head: not head["diverges"]):  # a wrong result before what did not run at all
        if found := _of_head(head):
            return found
    return ("left out", ": ".join(row["withheld"][0])) if row["withheld"] else None


def _of_head(head: Mapping[str, Any]) -> tuple[str, str] | None:
    if head["diverges"]:
        return "differs", head["diverges"].partition(" first at ")[2] or head["diverges"]
    failed = [check.partition(": ") for check in head["failed_checks"]]
    if head["error"]:
        # what could not be loaded is said by the check that tried
        loading = next((detail for name, _, detail in failed if name.startswith("weights-") and detail), None)
        if loading and "weights" in head["error"]:
            return "weights", loading
        return "", head["error"].partition("): ")[2] or head["error"]
    return (failed[0][0], failed[0][2]) if failed else None


def cause_of(row: Mapping[str, Any]) -> str | None:
    """The group of a row that is not strict, None for a strict one."""
    found = obstacle_of(row)
    if found is None:
        return None
    kind, text = found
    if row["markers"]:
        return kind  # the code and the name; what it says of them depends on the place
    kind = kind if _CODE.fullmatch(kind) else blurred(kind)
    return f"{kind}: {blurred(text)}" if kind else blurred(text)
