"""Move the work tree from one commit to another so that a kill at any moment leaves the old state, or one that can be finished.

The new files are staged beside the tree and a private index is made; then one ref update, and after it only renames. A kill among
those leaves a note, by which the next run finishes the switch. git's own `index.lock` is never taken, so none is left behind.
Source of truth: docs/architecture.md ("The commit").
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish.git import Clone, check_clean
from scaffold.publish.journal import abandoned, write_json

_NOTE = "pending.json"
ABSENT = "0" * 40
_GITLINK = "160000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A move of the work tree from `base` to `commit` whose ref update may be done while the tree is not switched yet."""

    branch: str
    base: str
    commit: str


@dataclass(frozen=True, slots=True)
class Change:
    """A path that differs between two commits, with its blobs; ABSENT where there is no file."""

    path: str
    before: str
    after: str


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back for the few milliseconds between the ref update and the last rename."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, lambda got, _frame: received.append(got)) for number in signals}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        if received:
            signal.raise_signal(received[0])


def conflict(path: str) -> ScaffoldError:
    """The refusal of a file that somebody else changed or put there."""
    return ScaffoldError(
        "GIT108",
        f"{path} changed in the meantime",
        "move it out of the way or undo the change, then run the command again",
        exit_code=ExitCode.CONFLICT,
    )


def changes_between(clone: Clone, old: str, new: str) -> tuple[Change, ...]:
    """The paths whose blob or mode differs, submodules left out."""
    fields = clone.git("diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-abbrev", old, new).split("\0")
    found = []
    for head, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, before, after = head.lstrip(":").split(" ")[:4]
        if _GITLINK not in (old_mode, new_mode):
            found.append(Change(path, before, after))
    return tuple(found)


def on_disk(clone: Clone, paths: Sequence[str]) -> dict[str, str]:
    """The blob that each path would be committed as (line endings and filters applied), ABSENT when there is no file."""
    found = {path: ABSENT for path in paths}
    files = []
    for path in paths:
        file = clone.root / path
        if file.is_symlink():
            target = os.fsencode(os.readlink(file))
            found[path] = clone.git("hash-object", "--no-filters", "--stdin", stdin=target)
        elif file.is_file():
            files.append(path)
    if files:
        names = "".join(f"{path}\n" for path in files).encode()
        found.update(zip(files, clone.git("hash-object", "--stdin-paths", stdin=names).split("\n"), strict=True))
    return found


def check_writable(parent: Path, path: str) -> None:
    """Renames come after the ref update, where a refusal would be too late."""
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise ScaffoldError("CLI106", f"{path} cannot be written: {parent} is not writable", "fix its permissions")


def private_index(clone: Clone, folder: Path, base: str) -> Path:
    """A copy of the index; refuses when the real one is in use or holds anything but `base`."""
    real, private = clone.git_path("index"), folder / f"index.{os.getpid()}"
    lock = real.with_name("index.lock")
    if lock.exists():
        raise ScaffoldError(
            "GIT105",
            f"another git command is using the clone ({lock} exists)",
            "let it finish; if none runs, remove that file",
            exit_code=ExitCode.CONFLICT,
        )
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    shutil.copyfile(real, private)
    if clone.git("write-tree", env={"GIT_INDEX_FILE": str(private)}) != clone.git("rev-parse", f"{base}^{{tree}}"):
        raise ScaffoldError(
            "GIT102",
            "the index differs from HEAD",
            "commit the staged changes, or put them aside with `git stash`",
            exit_code=ExitCode.CONFLICT,
        )
    return private


def switch(
    clone: Clone,
    pending: Pending,
    *,
    folder: Path,
    private: Path,
    update: str,
    reason: str,
    check: Callable[[], object] | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Make the prepared move: `private` is the index of `pending.commit`.

    `update` holds the lines of one `git update-ref --stdin` transaction. `check` is asked just before it; until then every
    error leaves the clone as it was. `env` is the environment of commands that may have to fetch blobs. `folder` is the
    port's private state folder.
    """
    changes = changes_between(clone, pending.base, pending.commit)
    stage = folder / f"stage.{os.getpid()}"
    try:
        stage_files(clone, changes, stage, private, env)
        _check_disk(clone, changes)
        write_json(folder / _NOTE, asdict(pending))
        with undisturbed():
            if check is not None:
                check()
            clone.git("update-ref", "--create-reflog", "-m", reason, "--stdin", stdin=f"{update}\n".encode())
            place_all(clone, changes, stage)
            _point_head(clone, pending.branch, private)
            (folder / _NOTE).unlink(missing_ok=True)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        private.unlink(missing_ok=True)
        if clone.tip(pending.branch) != pending.commit:
            (folder / _NOTE).unlink(missing_ok=True)


def stage_files(
    clone: Clone, changes: Sequence[Change], stage: Path, index: Path, env: Mapping[str, str] | None = None
) -> None:
    """Write the new files below `stage`, as git would check them out."""
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    wanted = "".join(f"{change.path}\0" for change in changes if change.after != ABSENT).encode()
    if wanted:
        environment = {**(env or {}), "GIT_INDEX_FILE": str(index)}
        clone.git("checkout-index", "-z", "--stdin", f"--prefix={stage}/", stdin=wanted, env=environment)


def _check_disk(clone: Clone, changes: Sequence[Change]) -> list[Change]:
    """What is still to be done; GIT108 for a path that holds neither the old nor the new content."""
    present = on_disk(clone, [change.path for change in changes])
    going = {change.path for change in changes if change.after == ABSENT}
    todo = []
    for change in changes:
        found = present[change.path]
        target = clone.root / change.path
        if found not in (change.before, change.after):
            raise conflict(change.path)
        if change.after != ABSENT and target.is_dir() and not target.is_symlink():
            check_vacated(clone, target, going)
        if {found, change.after} != {ABSENT}:
            _check_parent(clone, target, going)
        # a removal may have left an empty folder, and a change of the mode alone cannot be seen by content
        if found != change.after or change.after in (ABSENT, change.before):
            todo.append(change)
    return todo


def _check_parent(clone: Clone, target: Path, going: set[str]) -> None:
    """The folder that the file is in, or will be in, is writable; a file may be in its place only if that goes."""
    for parent in target.parents:
        if parent.is_symlink() or parent.is_file():
            name = parent.relative_to(clone.root).as_posix()
            if name not in going:
                raise conflict(name)
        elif parent.exists():
            check_writable(parent, target.relative_to(clone.root).as_posix())
            return


def check_vacated(clone: Clone, folder: Path, going: set[str]) -> None:
    """A folder where a file shall be: everything in it must be among what goes."""
    for path in folder.rglob("*"):
        name = path.relative_to(clone.root).as_posix()
        if name not in going and (path.is_symlink() or not path.is_dir()):
            raise conflict(name)


def place_all(clone: Clone, changes: Sequence[Change], stage: Path) -> None:
    """Removals first: a new file may lie where an old folder was, and the other way round."""
    for change in changes:
        if change.after == ABSENT:
            _remove(clone.root, clone.root / change.path)
    for change in changes:
        if change.after != ABSENT:
            _place(stage / change.path, clone.root / change.path)


def _remove(root: Path, target: Path) -> None:
    """Take the file away and the folders that it leaves empty, as git does."""
    if target.is_symlink() or not target.is_dir():
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            target.unlink()
    for parent in target.parents:
        if parent == root:
            return
        try:
            parent.rmdir()
        except OSError:
            return


def _place(source: Path, target: Path) -> None:
    """Rename into place; over a file system border, copy beside the target first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        _remove_empty(target)
    try:
        os.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copy(source, beside, follow_symlinks=False)
        os.replace(beside, target)


def _remove_empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir()
    folder.rmdir()


def _point_head(clone: Clone, branch: str, private: Path) -> None:
    """HEAD to the branch, and the index to what the branch holds."""
    if clone.branch() != branch:
        clone.git("symbolic-ref", "-m", f"scaffold: moving to {branch}", "HEAD", f"refs/heads/{branch}")
    install_index(clone, private)


def install_index(clone: Clone, private: Path) -> None:
    """The index with the new files' times over the old one."""
    # --refresh answers 1 when a file differs; nothing here depends on it
    clone.asks("update-index", "-q", "--refresh", env={"GIT_INDEX_FILE": str(private)})
    os.replace(private, clone.git_path("index"))


def check_out(
    clone: Clone,
    branch: str,
    commit: str,
    *,
    folder: Path,
    reason: str = "scaffold: check out",
    env: Mapping[str, str] | None = None,
) -> None:
    """Put HEAD, index and work tree on `branch` at `commit`; the branch is made, or moved there from wherever it was.

    Refuses (exit 5, nothing changed) a dirty tree, untracked files in the way and a branch that another work tree has.
    """
    resume(clone, folder)
    old, base = clone.tip(branch), clone.head()
    if old == commit and clone.branch() == branch:
        return
    check_free(clone, branch)
    check_clean(clone)
    private = private_index(clone, folder, base)
    try:
        prefetch(clone, base, commit, env)
        clone.git("read-tree", "-m", "-i", base, commit, env={"GIT_INDEX_FILE": str(private)})
        pending = Pending(branch=branch, base=base, commit=commit)
        update = f"update refs/heads/{branch} {commit} {old or ABSENT}"
        switch(clone, pending, folder=folder, private=private, update=update, reason=reason, env=env)
    finally:
        private.unlink(missing_ok=True)


def move_branch(
    clone: Clone, branch: str, commit: str, *, folder: Path, reason: str, env: Mapping[str, str] | None = None
) -> None:
    """Move an existing branch, with the work tree when it is checked out here. HEAD stays where it was."""
    old = clone.tip(branch)
    if clone.branch() == branch:
        check_out(clone, branch, commit, folder=folder, reason=reason, env=env)
    elif old != commit:
        check_free(clone, branch)
        clone.git("update-ref", "--create-reflog", "-m", reason, f"refs/heads/{branch}", commit, old or ABSENT)


def check_free(clone: Clone, branch: str) -> None:
    """Refuse a branch that another work tree of the same repository has checked out."""
    here = clone.root.resolve()
    for entry in clone.git("worktree", "list", "--porcelain").split("\n\n"):
        lines = entry.splitlines()
        if f"branch refs/heads/{branch}" in lines and Path(lines[0].partition(" ")[2]).resolve() != here:
            raise ScaffoldError(
                "GIT103",
                f"the branch {branch} is checked out in {lines[0].partition(' ')[2]}",
                "work in that folder (--repo), or switch it to another branch",
                exit_code=ExitCode.CONFLICT,
            )


def prefetch(clone: Clone, old: str, new: str, env: Mapping[str, str] | None) -> None:
    """In a partial clone, get all blobs that the move needs in one request; `git diff` does that by itself."""
    clone.git("diff", "--shortstat", "--no-ext-diff", old, new, env=env)


def read_pending(folder: Path) -> Pending | None:
    """The note of a run that was killed while it switched, if there is one."""
    try:
        return Pending(**json.loads((folder / _NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def resume(clone: Clone, folder: Path) -> bool:
    """Finish a switch that a kill interrupted; True when there was one. User bytes are never overwritten.

    Each changed file must hold the old or the new content; anything else was written by somebody else and is refused.
    """
    pending = read_pending(folder)
    if pending is None:
        sweep(folder)  # a kill after the last step leaves no note, but may leave what was prepared
        return False
    if clone.tip(pending.branch) != pending.commit or clone.head() not in (pending.base, pending.commit):
        (folder / _NOTE).unlink(missing_ok=True)  # killed before the ref update, or the user went on
        sweep(folder)
        return False
    stage, private = folder / f"stage.{os.getpid()}", folder / f"index.{os.getpid()}"
    try:
        todo = _check_disk(clone, changes_between(clone, pending.base, pending.commit))
        shutil.copyfile(clone.git_path("index"), private)
        clone.git("read-tree", pending.commit, env={"GIT_INDEX_FILE": str(private)})
        stage_files(clone, todo, stage, private)
        with undisturbed():
            place_all(clone, todo, stage)
            _point_head(clone, pending.branch, private)
            (folder / _NOTE).unlink(missing_ok=True)
    finally:
        sweep(folder)
    return True


def resume_all(clone: Clone, state: Path) -> None:
    """Finish every switch that a kill interrupted: of any port, and to the base. `state` is the clone's private folder."""
    for note in sorted(state.glob(f"*/{_NOTE}")):
        resume(clone, note.parent)


def sweep(folder: Path) -> None:
    """Remove what this run or one that was killed prepared; none of it is anybody's only copy."""
    for stage in filter(abandoned, folder.glob("stage.*")):
        shutil.rmtree(stage, ignore_errors=True)
    for index in filter(abandoned, folder.glob("index.*")):
        index.unlink(missing_ok=True)
