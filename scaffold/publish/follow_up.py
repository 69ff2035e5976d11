"""A further commit on the branch that is checked out, made like the first one: a kill leaves the old state or the whole new one.

Only the objects are made here, from a private index; publish/switch.py moves the branch and the work tree.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from scaffold.core.edits import Edit
from scaffold.publish.git import Clone, check_identity
from scaffold.publish.switch import ABSENT, move_branch, resume


def commit_onto(clone: Clone, edits: Sequence[Edit], *, branch: str, folder: Path, message: str) -> str:
    """Commit the edits on top of `branch`, which is checked out and clean, and return the commit's id.

    GIT108 (exit status 5) when a file no longer holds what the edit was planned on; nothing has changed then.
    """
    if not edits:
        raise ValueError("nothing to commit")
    check_identity(clone)
    resume(clone, folder)
    base = clone.head()
    tree = tree_with(clone, base, edits, folder)
    commit = clone.git("commit-tree", tree, "-p", base, stdin=f"{message}\n".encode())
    move_branch(clone, branch, commit, folder=folder, reason=f"scaffold: {message}")
    return commit


def tree_with(clone: Clone, base: str, edits: Sequence[Edit], folder: Path) -> str:
    """The tree of the commit `base` with the edits in it, as an object; the index and the work tree are not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / f"index.{os.getpid()}"
    env = {"GIT_INDEX_FILE": str(index)}
    try:
        clone.git("read-tree", base, env=env)
        known = clone.git("ls-files", "--stage", "-z", operands=[edit.path for edit in edits], env=env)
        modes = {line.split("\t", 1)[1]: line.split(" ", 1)[0] for line in known.split("\0") if line}
        lines = b"".join(_line(clone, edit, modes.get(edit.path, "100644")) for edit in edits)
        clone.git("update-index", "-z", "--index-info", stdin=lines, env=env)
        return clone.git("write-tree", env=env)
    finally:
        index.unlink(missing_ok=True)


def _line(clone: Clone, edit: Edit, mode: str) -> bytes:
    """A line for `update-index --index-info`; mode 0 removes the path."""
    if edit.after is None:
        return f"0 {ABSENT}\t{edit.path}\0".encode()
    blob = clone.git("hash-object", "-w", "--stdin", "--path", edit.path, stdin=edit.after.encode("utf-8"))
    return f"{mode} {blob}\t{edit.path}\0".encode()
