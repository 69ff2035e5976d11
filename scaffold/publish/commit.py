"""Commit planned edits on a new branch so that a kill at any moment leaves the clone as it was, or the commit complete.

Everything that can fail is prepared first (objects, a private index, the new files beside it); publish/switch.py makes the move.
Source of truth: docs/architecture.md ("The commit").
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from scaffold.core.edits import Edit, EditKind
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish.git import Clone
from scaffold.publish.pristine import base_ref, save_before
from scaffold.publish.switch import (
    ABSENT,
    Pending,
    check_writable,
    conflict,
    private_index,
    read_pending,
    resume,
    switch,
)

__all__ = ["MESSAGE", "Pending", "branch_exists", "commit_edits", "read_pending", "resume"]

MESSAGE = "initial commit"


def _index_line(clone: Clone, edit: Edit, modes: dict[str, str]) -> bytes:
    """One line for `update-index --index-info`; mode 0 removes."""
    if edit.after is None:
        return f"0 {ABSENT}\t{edit.path}\0".encode()
    blob = clone.git("hash-object", "-w", "--stdin", "--path", edit.path, stdin=edit.after.encode("utf-8"))
    return f"{modes.get(edit.path, '100644')} {blob}\t{edit.path}\0".encode()


def _check_before(clone: Clone, edits: Sequence[Edit]) -> None:
    """The disk must still hold what the edits were planned on."""
    for edit in edits:
        file = clone.root / edit.path
        check_writable(file.parent, edit.path)
        if edit.kind is EditKind.CREATE:
            if file.exists() or file.is_symlink():
                raise conflict(edit.path)
        elif not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != edit.before_sha:
            raise conflict(edit.path)


def _enter(clone: Clone, private: Path, edits: Sequence[Edit]) -> str:
    """Put the edits into the private index; returns its tree."""
    env = {"GIT_INDEX_FILE": str(private)}
    known = [edit.path for edit in edits if edit.kind is not EditKind.CREATE]
    listed = clone.git("ls-files", "--stage", "-z", operands=known) if known else ""
    modes = {line.split("\t", 1)[1]: line.split(" ", 1)[0] for line in listed.split("\0") if line}
    lines = b"".join(_index_line(clone, edit, modes) for edit in edits)
    clone.git("update-index", "-z", "--index-info", stdin=lines, env=env)
    return clone.git("write-tree", env=env)


def commit_edits(clone: Clone, edits: Sequence[Edit], *, branch: str, folder: Path, message: str = MESSAGE) -> str:
    """Commit the edits on the new branch, switch the work tree to it and return the commit's id.

    `folder` is the port's private state folder, named after its stem: the same transaction sets refs/scaffold/<stem>/base.
    Raises before the ref update with nothing changed in the clone.
    """
    if not edits:
        raise ValueError("nothing to commit")
    base = clone.head()
    if clone.tip(branch) is not None:
        raise branch_exists(branch)
    _check_before(clone, edits)
    private = private_index(clone, folder, base)
    try:
        tree = _enter(clone, private, edits)
        commit = clone.git("commit-tree", tree, "-p", base, stdin=f"{message}\n".encode())
        save_before(folder, clone)
        switch(
            clone,
            Pending(branch=branch, base=base, commit=commit),
            folder=folder,
            private=private,
            update=f"create refs/heads/{branch} {commit}\nupdate {base_ref(folder.name)} {commit}",
            reason="scaffold: port",
            check=lambda: _check_before(clone, edits),
        )
    finally:
        private.unlink(missing_ok=True)
    return commit


def check_branch_is_free(clone: Clone, branch: str) -> None:
    """Refuse (GIT103) a branch below the name: git keeps branches like files, and cannot have `a` beside `a/b`."""
    below = clone.git("for-each-ref", "--count=1", "--format=%(refname:short)", f"refs/heads/{branch}/")
    if below:
        raise branch_exists(below)


def branch_exists(branch: str) -> ScaffoldError:
    """The refusal of a branch that is in the way."""
    return ScaffoldError(
        "GIT103",
        f"the branch {branch} exists",
        f"rename it (`git branch -m {branch} {branch.replace('/', '_')}_old`) or delete it (`git branch -D {branch}`)",
        exit_code=ExitCode.CONFLICT,
    )
