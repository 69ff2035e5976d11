"""What a clone remembers of a port as it was generated: the refs below refs/scaffold/<stem>/, and where HEAD was before.

`base` names the commit of the untouched render (its parent is the tree that was ported), so that a later render can be merged
with what the user wrote since. Source of truth: docs/architecture.md ("Update and undo").
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from scaffold.publish.git import Clone
from scaffold.publish.journal import write_json

_BEFORE = "before.json"


def base_ref(stem: str) -> str:
    """The ref of the pristine render."""
    return f"refs/scaffold/{stem}/base"


def next_ref(stem: str) -> str:
    """The ref of the render whose conflicts the user is resolving."""
    return f"refs/scaffold/{stem}/next"


def undone_ref(stem: str) -> str:
    """The ref that keeps the commits of a port that was undone."""
    return f"refs/scaffold/{stem}/undone"


def undone_base_ref(stem: str) -> str:
    """The ref that keeps the pristine render of a port that was undone."""
    return f"refs/scaffold/{stem}/undone-base"


def commit_of(clone: Clone, ref: str) -> str | None:
    """The commit that a full ref name (or any other name of a commit) stands for, None when there is none."""
    return clone.asks("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """Where HEAD was when the port was committed; `branch` is None when it was detached."""

    branch: str | None
    commit: str


def save_before(folder: Path, clone: Clone) -> None:
    """Note where HEAD is. `folder` is the port's private state folder."""
    write_json(folder / _BEFORE, asdict(Before(branch=clone.branch(), commit=clone.head())))


def load_before(folder: Path) -> Before | None:
    """What was noted; None when nothing was, or when it cannot be read (the pristine render's parent stands in for it)."""
    try:
        return Before(**json.loads((folder / _BEFORE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
