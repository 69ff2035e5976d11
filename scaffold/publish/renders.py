"""Generated versions of a port as commits: made without touching the work tree, and remembered under private refs.

Source of truth: docs/architecture.md ("Update and undo").
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scaffold.core.edits import Edit
from scaffold.publish.follow_up import tree_with
from scaffold.publish.git import Clone, run_git


@contextmanager
def checked_out(clone: Clone, commit: str, replaced: Sequence[tuple[str, bytes]], folder: Path) -> Iterator[Path]:
    """A temporary repository below `folder` that stands on `commit`, with some files replaced; removed afterwards.

    It borrows the clone's objects. What a killed run left is removed first.
    """
    for leftover in folder.glob("render.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    root = folder / f"render.{os.getpid()}"
    try:
        root.mkdir(parents=True)
        run_git(root, "init", "--quiet", "--template=", "--initial-branch=main")
        copy = Clone(root)
        (root / ".git/objects/info").mkdir(exist_ok=True)
        (root / ".git/objects/info/alternates").write_text(f"{clone.git_path('objects')}\n", encoding="utf-8")
        shallow = clone.git_path("shallow")
        if shallow.is_file():
            shutil.copyfile(shallow, root / ".git/shallow")
        _fetch_missing(clone, commit)
        copy.git("update-ref", "refs/heads/main", commit)
        copy.git("read-tree", "HEAD")
        copy.git("checkout-index", "--all", "--quiet", "--index")
        for path, data in replaced:
            (root / path).write_bytes(data)
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _fetch_missing(clone: Clone, commit: str) -> None:
    """In a partial clone, have all files of the commit here: the temporary repository cannot ask for them."""
    if clone.asks("config", "--get-regexp", r"^remote\..*\.promisor$"):
        empty = clone.git("hash-object", "-t", "tree", "-w", "--stdin")
        clone.git("diff", "--shortstat", "--no-ext-diff", empty, commit)


def commit_render(clone: Clone, base: str, edits: Sequence[Edit], folder: Path) -> str:
    """A commit on top of `base` that holds exactly the edits, the same for the same input; no ref points to it yet."""
    tree = tree_with(clone, base, edits, folder)
    who = {f"GIT_{role}_DATE": "2000-01-01T00:00:00Z" for role in ("AUTHOR", "COMMITTER")}
    return clone.git("commit-tree", tree, "-p", base, stdin=b"generated\n", env=who)
