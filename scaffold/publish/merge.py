"""Three-way merge of one generated file: what was generated before, what stands on the branch, what is generated now.

`git merge-file --diff3` does the work. Source of truth: its manual page; publishing.md section 5.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from scaffold.publish.git import Clone, GitFailed, run_git

LABELS = ("yours", "generated before", "generated now")

#: More conflicts than this are one exit status of git (127); above it is an error.
_MOST = 127


@dataclass(frozen=True, slots=True)
class Merged:
    """The result for one path; `text` None means that the file goes, `conflicts` counts the places to resolve."""

    path: str
    text: bytes | None
    conflicts: int = 0


def content(clone: Clone, commit: str, path: str) -> bytes | None:
    """The file in the commit's tree, None when there is none."""
    if clone.asks("cat-file", "-e", f"{commit}:{path}") is None:
        return None
    return run_git(clone.root, "cat-file", "blob", f"{commit}:{path}")


def merge(path: str, before: bytes | None, yours: bytes | None, now: bytes | None) -> Merged:
    """Nothing of `yours` is lost: it is in the result, or between conflict markers, or the file is left as it is."""
    if before == now or yours == now:
        return Merged(path, yours)
    if yours == before:
        return Merged(path, now)
    if yours is None or now is None:
        # one side removed what the other changed: the user's side stands
        return Merged(path, yours)
    return _three_way(path, before or b"", yours, now)


def _three_way(path: str, before: bytes, yours: bytes, now: bytes) -> Merged:
    with tempfile.TemporaryDirectory(prefix="scaffold-") as name:
        folder = Path(name)
        for file, data in (("yours", yours), ("before", before), ("now", now)):
            (folder / file).write_bytes(data)
        labels = [part for label in LABELS for part in ("-L", label)]
        command = ("merge-file", "--diff3", "--quiet", *labels, "yours", "before", "now")
        conflicts = 0
        try:
            run_git(folder, *command)
        except GitFailed as failure:
            if failure.returncode is None or not 0 < failure.returncode <= _MOST:
                raise
            conflicts = failure.returncode
        return Merged(path, (folder / "yours").read_bytes(), conflicts)
