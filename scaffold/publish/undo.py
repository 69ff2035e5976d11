"""Take a port back: the tree as it was before it, with every file that somebody edited since left where it is.

Each step can be done again: first a ref that keeps the port's commits, then the files, then the index, then HEAD, and the branch
last. As long as the branch is there, running it again goes on from wherever a kill fell.
Source of truth: docs/architecture.md ("Update and undo").
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish.git import Clone
from scaffold.publish.pristine import base_ref, commit_of, load_before, undone_ref
from scaffold.publish.switch import (
    ABSENT,
    Change,
    changes_between,
    check_free,
    on_disk,
    place_all,
    prefetch,
    resume,
    stage_files,
    sweep,
    undisturbed,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """What an undo comes to. `target` is the commit to go back to, `branch` the branch of it, None for a detached HEAD.

    `restored` are the files that get their old content or go, `kept` those that hold something of the user's and stay,
    `commits` the number of commits on the branch beyond the generated ones. `here`: the port's branch is checked out.
    """

    port_branch: str
    tip: str
    target: str
    branch: str | None
    restored: tuple[Change, ...]
    kept: tuple[str, ...]
    commits: int
    here: bool


def plan_undo(clone: Clone, port_branch: str, folder: Path) -> Undoing | None:
    """What undoing would do; None when there is no such branch. `folder` is the port's private state folder.

    Refused, nothing changed (exit status 5): a port that was not made here (GIT140), staged changes that no file holds
    (GIT141), a branch that another work tree has checked out (GIT103).
    """
    tip, stem = clone.tip(port_branch), folder.name
    if tip is None:
        return None
    pristine = commit_of(clone, base_ref(stem))
    if pristine is None:
        raise ScaffoldError(
            "GIT140",
            f"the branch {port_branch} was not made by `scaffold new-tf-model` in this clone",
            f"delete it yourself if you want to: `git branch -D {port_branch}`",
            exit_code=ExitCode.CONFLICT,
        )
    check_free(clone, port_branch)
    branch, target = _before(clone, folder, pristine)
    commits = len(clone.git("rev-list", f"{pristine}..{tip}").split())
    here = clone.branch() == port_branch
    if not here:
        return Undoing(
            port_branch=port_branch,
            tip=tip,
            target=target,
            branch=branch,
            restored=(),
            kept=(),
            commits=commits,
            here=False,
        )
    restored, kept = _sorted(clone, pristine, tip, target)
    _check_staged(clone)
    return Undoing(
        port_branch=port_branch,
        tip=tip,
        target=target,
        branch=branch,
        restored=restored,
        kept=kept,
        commits=commits,
        here=True,
    )


def _before(clone: Clone, folder: Path, pristine: str) -> tuple[str | None, str]:
    """The branch that HEAD was on, if it still exists, with its commit; else the commit alone."""
    noted = load_before(folder)
    if noted is not None and noted.branch is not None and (tip := clone.tip(noted.branch)) is not None:
        return noted.branch, tip
    return None, noted.commit if noted is not None else clone.git("rev-parse", f"{pristine}^")


def _sorted(clone: Clone, pristine: str, tip: str, target: str) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """What differs between the branch and the target: files to be restored, and those that hold something of the user's."""
    changes = changes_between(clone, tip, target)
    paths = [change.path for change in changes]
    present, generated = on_disk(clone, paths), _blobs(clone, pristine, paths)
    restored, kept = [], []
    for change in changes:
        found = present[change.path]
        if found == change.after != ABSENT or found == generated[change.path] or found == ABSENT:
            restored.append(change)
        else:
            kept.append(change.path)
    return tuple(restored), tuple(kept)


def _blobs(clone: Clone, commit: str, paths: list[str]) -> dict[str, str]:
    found = dict.fromkeys(paths, ABSENT)
    for line in clone.git("ls-tree", "-r", "-z", "--full-tree", commit, operands=paths).split("\0") if paths else []:
        if line:
            head, _, path = line.partition("\t")
            found[path] = head.split()[2]
    return found


def _check_staged(clone: Clone) -> None:
    """The index is about to be replaced: what is staged must be in HEAD or on the disk as well."""
    staged = clone.git("diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "HEAD").split("\0")
    wanted = {path: head.split(" ")[3] for head, path in zip(staged[::2], staged[1::2], strict=False)}
    present = on_disk(clone, list(wanted))
    lost = [path for path, blob in wanted.items() if blob not in (ABSENT, present[path])]
    if lost:
        raise ScaffoldError(
            "GIT141",
            f"{lost[0]} has staged changes that the file itself does not hold",
            "commit them, or put them aside with `git stash`",
            exit_code=ExitCode.CONFLICT,
        )


def undo(clone: Clone, plan: Undoing, folder: Path) -> None:
    """Do it. The branch's commits stay reachable under refs/scaffold/<stem>/undone."""
    resume(clone, folder)
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    clone.git("update-ref", "--create-reflog", "-m", "scaffold: undo", undone_ref(folder.name), plan.tip)
    if plan.here:
        _go_back(clone, plan, folder)
    clone.git("update-ref", "-m", "scaffold: undo", "-d", f"refs/heads/{plan.port_branch}", plan.tip)
    clone.asks("config", "--remove-section", f"branch.{plan.port_branch}")
    shutil.rmtree(folder, ignore_errors=True)


def _go_back(clone: Clone, plan: Undoing, folder: Path) -> None:
    """Files, then the index, then HEAD: until HEAD has moved, everything can be done again."""
    stage, private = folder / f"stage.{os.getpid()}", folder / f"index.{os.getpid()}"
    env = {"GIT_INDEX_FILE": str(private)}
    try:
        prefetch(clone, plan.tip, plan.target, None)
        clone.git("read-tree", plan.target, env=env)
        stage_files(clone, plan.restored, stage, private)
        with undisturbed():
            place_all(clone, plan.restored, stage)
            clone.asks("update-index", "-q", "--refresh", env=env)
            os.replace(private, clone.git_path("index"))
            if plan.branch is not None:
                clone.git("symbolic-ref", "-m", "scaffold: undo", "HEAD", f"refs/heads/{plan.branch}")
            else:
                clone.git("update-ref", "--no-deref", "-m", "scaffold: undo", "HEAD", plan.target)
    finally:
        sweep(folder)
