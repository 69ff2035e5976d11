"""Unified diffs of planned edits, as `git apply` reads them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from scaffold.core.edits import Edit


def _lines(text: str) -> list[str]:
    # str.splitlines also splits at form feeds and other characters that git takes as part of a line
    return [line + "\n" for line in text[:-1].split("\n")] if text.endswith("\n") else _unended(text)


def _unended(text: str) -> list[str]:
    *ended, last = text.split("\n")
    return [line + "\n" for line in ended] + ([last] if last else [])


def unified(before: str | None, after: str | None, path: str) -> str:
    """One file's diff with git's headers; a missing newline at the end is marked as git marks it."""
    old = "/dev/null" if before is None else f"a/{path}"
    new = "/dev/null" if after is None else f"b/{path}"
    head = f"diff --git a/{path} b/{path}\n"
    if before is None:
        head += "new file mode 100644\n"
    elif after is None:
        head += "deleted file mode 100644\n"
    body = difflib.unified_diff(_lines(before or ""), _lines(after or ""), old, new)
    return head + "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in body)


def diff(root: Path, edits: Iterable[Edit]) -> str:
    """The diff of all edits against the files on disk."""
    parts = []
    for edit in edits:
        file = root / edit.path
        before = file.read_bytes().decode("utf-8") if edit.before_sha is not None else None
        parts.append(unified(before, edit.after, edit.path))
    return "".join(parts)


def line_counts(root: Path, edit: Edit) -> tuple[int, int]:
    """(added, removed) lines of one edit."""
    file = root / edit.path
    before = file.read_bytes().decode("utf-8") if edit.before_sha is not None and file.is_file() else ""
    body = list(difflib.unified_diff(_lines(before), _lines(edit.after or ""), n=0))[2:]
    return sum(line.startswith("+") for line in body), sum(line.startswith("-") for line in body)
