"""Commit planned edits on a new branch so that a kill at any moment leaves the clone as it was, or the commit complete.

Everything that can fail is prepared first (objects, a private index, the new files beside it). Then one ref update creates the
branch, and only renames follow. A kill between those leaves a note that the next run uses to finish the switch.
Source of truth: docs/architecture.md ("The commit").
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from scaffold.core.edits import Edit, EditKind
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish.git import Clone
from scaffold.publish.pristine import base_ref, save_before

MESSAGE = "initial commit"
_NOTE = "pending.json"
_ABSENT = "0" * 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A commit whose branch may exist while the work tree is not switched to it yet."""

    branch: str
    base: str
    commit: str


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back for the few milliseconds between the ref update and the last rename."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, lambda got, _frame: held.append(got)) for number in signals}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        if held:
            signal.raise_signal(held[0])


def _conflict(path: str) -> ScaffoldError:
    return ScaffoldError(
        "GIT108",
        f"{path} changed while the port was made",
        "run the command again",
        exit_code=ExitCode.CONFLICT,
    )


def _index_line(clone: Clone, edit: Edit, modes: dict[str, str]) -> bytes:
    """One line for `update-index --index-info`; mode 0 removes."""
    if edit.after is None:
        return f"0 {_ABSENT}\t{edit.path}\0".encode()
    blob = clone.git("hash-object", "-w", "--stdin", "--path", edit.path, stdin=edit.after.encode("utf-8"))
    return f"{modes.get(edit.path, '100644')} {blob}\t{edit.path}\0".encode()


def _check_before(clone: Clone, edits: Sequence[Edit]) -> None:
    """The disk must still hold what the edits were planned on."""
    for edit in edits:
        file = clone.root / edit.path
        _check_writable(file.parent, edit.path)
        if edit.kind is EditKind.CREATE:
            if file.exists() or file.is_symlink():
                raise _conflict(edit.path)
        elif not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != edit.before_sha:
            raise _conflict(edit.path)


def _check_writable(parent: Path, path: str) -> None:
    """Renames come after the ref update, where a refusal would be too late."""
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise ScaffoldError("CLI106", f"{path} cannot be written: {parent} is not writable", "fix its permissions")


def _private_index(clone: Clone, folder: Path, edits: Sequence[Edit], base: str) -> Path:
    """A copy of the index with the edits in it; refuses when the real one holds anything but HEAD."""
    real, private = clone.git_path("index"), folder / f"index.{os.getpid()}"
    if real.with_name("index.lock").exists():
        raise ScaffoldError(
            "GIT105",
            f"another git command is using the clone ({real.with_name('index.lock')} exists)",
            "let it finish; if none runs, remove that file",
            exit_code=ExitCode.CONFLICT,
        )
    shutil.copyfile(real, private)
    env = {"GIT_INDEX_FILE": str(private)}
    if clone.git("write-tree", env=env) != clone.git("rev-parse", f"{base}^{{tree}}"):
        raise ScaffoldError(
            "GIT102",
            "the index differs from HEAD",
            "commit the staged changes, or put them aside with `git stash`",
            exit_code=ExitCode.CONFLICT,
        )
    known = [edit.path for edit in edits if edit.kind is not EditKind.CREATE]
    listed = clone.git("ls-files", "--stage", "-z", operands=known) if known else ""
    modes = {line.split("\t", 1)[1]: line.split(" ", 1)[0] for line in listed.split("\0") if line}
    lines = b"".join(_index_line(clone, edit, modes) for edit in edits)
    clone.git("update-index", "-z", "--index-info", stdin=lines, env=env)
    return private


def _write_json(path: Path, data: object) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(data, indent=1), encoding="utf-8")
    os.replace(temporary, path)


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
    folder.mkdir(parents=True, exist_ok=True)
    stage = folder / f"stage.{os.getpid()}"
    private = folder / f"index.{os.getpid()}"
    try:
        _check_before(clone, edits)
        private = _private_index(clone, folder, edits, base)
        tree = clone.git("write-tree", env={"GIT_INDEX_FILE": str(private)})
        commit = clone.git("commit-tree", tree, "-p", base, stdin=f"{message}\n".encode())
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir()
        for number, edit in enumerate(edits):
            if edit.after is not None:
                (stage / str(number)).write_bytes(edit.after.encode("utf-8"))
        save_before(folder, clone)
        _write_json(folder / _NOTE, asdict(Pending(branch=branch, base=base, commit=commit)))
        with _undisturbed():
            _check_before(clone, edits)
            _create_branch(clone, branch, commit, folder.name)
            _switch(clone, edits, stage, private, branch)
            (folder / _NOTE).unlink(missing_ok=True)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        private.unlink(missing_ok=True)
        if clone.tip(branch) is None:
            (folder / _NOTE).unlink(missing_ok=True)
    return commit


def branch_exists(branch: str) -> ScaffoldError:
    """The refusal of a branch that is in the way."""
    return ScaffoldError(
        "GIT103",
        f"the branch {branch} exists",
        f"rename it (`git branch -m {branch} {branch}_old`) or delete it (`git branch -D {branch}`)",
        exit_code=ExitCode.CONFLICT,
    )


def _create_branch(clone: Clone, branch: str, commit: str, stem: str) -> None:
    refs = f"create refs/heads/{branch} {commit}\nupdate {base_ref(stem)} {commit}\n"
    transaction = f"start\n{refs}prepare\ncommit\n"
    clone.git("update-ref", "--create-reflog", "-m", "scaffold: port", "--stdin", stdin=transaction.encode())


def _place(source: Path, target: Path) -> None:
    """Rename into place; over a file system border, copy beside the target first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        shutil.copymode(target, source)
    try:
        os.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copy(source, beside)
        os.replace(beside, target)


def _switch(clone: Clone, edits: Sequence[Edit], stage: Path, private: Path, branch: str) -> None:
    for number, edit in enumerate(edits):
        target = clone.root / edit.path
        if edit.after is None:
            target.unlink(missing_ok=True)
        else:
            _place(stage / str(number), target)
    _point_head(clone, branch, private)


def _point_head(clone: Clone, branch: str, private: Path) -> None:
    """HEAD to the branch, and the index with the new files' times over the old one."""
    clone.git("symbolic-ref", "-m", f"scaffold: moving to {branch}", "HEAD", f"refs/heads/{branch}")
    # --refresh answers 1 when a file differs; nothing here depends on it
    clone.asks("update-index", "-q", "--refresh", env={"GIT_INDEX_FILE": str(private)})
    os.replace(private, clone.git_path("index"))


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
        return False
    if clone.tip(pending.branch) != pending.commit or clone.head() not in (pending.base, pending.commit):
        (folder / _NOTE).unlink(missing_ok=True)  # killed before the branch came into being, or the user went on
        return False
    paths = clone.git("diff", "--name-only", "-z", "--no-renames", pending.base, pending.commit).split("\0")
    stage = folder / f"stage.{os.getpid()}"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    private = folder / f"index.{os.getpid()}"
    try:
        todo = [path for path in paths if path and not _holds(clone, pending, path)]
        for number, path in enumerate(todo):
            (stage / str(number)).write_bytes(_blob(clone, f"{pending.commit}:{path}") or b"")
        shutil.copyfile(clone.git_path("index"), private)
        clone.git("read-tree", pending.commit, env={"GIT_INDEX_FILE": str(private)})
        with _undisturbed():
            for number, path in enumerate(todo):
                if clone.has_file(pending.commit, path):
                    _place(stage / str(number), clone.root / path)
                else:
                    (clone.root / path).unlink(missing_ok=True)
            _point_head(clone, pending.branch, private)
            (folder / _NOTE).unlink(missing_ok=True)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        private.unlink(missing_ok=True)
        for leftover in folder.glob("index.*"):
            leftover.unlink(missing_ok=True)
    return True


def _blob(clone: Clone, name: str) -> bytes | None:
    from scaffold.publish.git import GitFailed, run_git

    try:
        return run_git(clone.root, "cat-file", "blob", name)
    except GitFailed:
        return None


def _holds(clone: Clone, pending: Pending, path: str) -> bool:
    """True when the disk has the new content already; False when it has the old one; GIT108 otherwise."""
    file = clone.root / path
    present = file.read_bytes() if file.is_file() else None
    if present == _blob(clone, f"{pending.commit}:{path}"):
        return True
    if present != _blob(clone, f"{pending.base}:{path}"):
        raise _conflict(path)
    return False
