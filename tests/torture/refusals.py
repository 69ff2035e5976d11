"""States in which a port must not start, and states in which it must work all the same.

Target: publishing.md §7: exit 5, nothing changed, a fix named in one line; detached, shallow and linked trees are ported in.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.layouts import git
from tests.torture.calling import Answer, call
from tests.torture.ground import BRANCH, Ground, arguments, difference, files, finished, locks, prepare, state
from tests.torture.rows import Row

_FILE = "src/transformers/__init__.py"
_NEW = "src/transformers/models/brand_new/modeling_tf_brand_new.py"


def _edit(root: Path) -> None:
    with (root / _FILE).open("a", encoding="utf-8") as file:
        file.write("# the user's\n")


def _staged(root: Path) -> None:
    (root / "new.py").write_text("x = 1\n", encoding="utf-8")
    git(root, "add", "new.py")


def _staged_and_reverted(root: Path) -> None:
    text = (root / _FILE).read_text(encoding="utf-8")
    _edit(root)
    git(root, "add", _FILE)
    (root / _FILE).write_text(text, encoding="utf-8")


def _removed(root: Path) -> None:
    (root / "setup.py").unlink()


def _conflicted(root: Path) -> None:
    git(root, "switch", "-q", "-c", "left")
    _edit(root)
    git(root, "commit", "-qam", "left")
    git(root, "switch", "-q", "main")
    (root / _FILE).write_text("right\n", encoding="utf-8")
    git(root, "commit", "-qam", "right")
    subprocess.run(["git", "merge", "-q", "left"], cwd=root, check=False, capture_output=True)


def _rebasing(root: Path) -> None:
    _conflicted(root)
    git(root, "merge", "--abort")
    subprocess.run(["git", "rebase", "-q", "left"], cwd=root, check=False, capture_output=True)


def _in_the_way(root: Path) -> None:
    (root / _NEW).write_text("# the user's\n", encoding="utf-8")


def _folder_in_the_way(root: Path) -> None:
    (root / _NEW).mkdir()
    (root / _NEW / "mine.txt").write_text("the user's\n", encoding="utf-8")


def _linked_folder(root: Path) -> None:
    models = root / "src/transformers/models"
    (models / "brand_new").rename(root.parent / "elsewhere")
    (models / "brand_new").symlink_to(root.parent / "elsewhere")
    git(root, "add", "-A", "src")
    git(root, "commit", "-qm", "a link")


def _linked_file(root: Path) -> None:
    (root / _FILE).rename(root.parent / "elsewhere.py")
    (root / _FILE).symlink_to(root.parent / "elsewhere.py")
    git(root, "add", "-A", "src")
    git(root, "commit", "-qm", "a link")


def _index_lock(root: Path) -> None:
    (root / ".git/index.lock").touch()


def _branch(root: Path) -> None:
    git(root, "branch", BRANCH)


def _branch_below(root: Path) -> None:
    git(root, "branch", f"{BRANCH}/mine")


def _branch_elsewhere(root: Path) -> None:
    git(root, "worktree", "add", "-q", "-b", BRANCH, str(root.parent / "other-tree"))


def _unborn(root: Path) -> None:
    git(root, "switch", "-q", "--orphan", "empty")
    git(root, "restore", "--source=main", "--worktree", ".")


def _no_git(root: Path) -> None:
    (root / ".git").rename(root.parent / "gone")


#: What is refused with exit status 5.
REFUSED: dict[str, Callable[[Path], object]] = {
    "the port's file, untracked": _in_the_way,
    "a changed file": _edit,
    "a staged file": _staged,
    "a change that is staged and undone in the tree": _staged_and_reverted,
    "a deleted file": _removed,
    "a merge with conflicts": _conflicted,
    "a rebase with conflicts": _rebasing,
    "a folder in the way": _folder_in_the_way,
    "a tracked link to a folder outside": _linked_folder,
    "a tracked link to a file outside": _linked_file,
    "an index.lock": _index_lock,
    "a branch of that name": _branch,
    "a branch below that name": _branch_below,
    "a branch of that name in another work tree": _branch_elsewhere,
    "a branch without a commit": _unborn,
    "no repository": _no_git,
}


def _shallow(root: Path) -> Path:
    target = root.with_name("shallow")
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{root}", str(target)], check=True, capture_output=True)
    return _identified(target)


def _linked(root: Path) -> Path:
    target = root.with_name("linked")
    git(root, "worktree", "add", "-q", "--detach", str(target))
    return target


def _bare_linked(root: Path) -> Path:
    bare, target = root.with_name("bare.git"), root.with_name("of-bare")
    git(root, "clone", "-q", "--bare", str(root), str(bare))
    _identified(bare)
    git(bare, "worktree", "add", "-q", str(target), "main")
    return target


def _identified(root: Path) -> Path:
    git(root, "config", "user.name", "A Porter")
    git(root, "config", "user.email", "porter@example.com")
    return root


def _configured(key: str, value: str) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        git(root, "config", key, value)
        return root

    return make


def _hooks(root: Path) -> Path:
    for name in ("pre-commit", "commit-msg", "post-checkout", "pre-push", "prepare-commit-msg"):
        hook = root / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho ran >> hooks-ran\nexit 1\n", encoding="utf-8")
        hook.chmod(0o755)
    return root


def _detached(root: Path) -> Path:
    git(root, "switch", "-q", "--detach")
    return root


def _packed(root: Path) -> Path:
    git(root, "gc", "-q")
    git(root, "pack-refs", "--all")
    return root


def _below_a_link(root: Path) -> Path:
    link = root.with_name("link")
    link.symlink_to(root)
    return link


def _blanks(root: Path) -> Path:
    return root.rename(root.with_name("a clone – with ünicode 'quotes' $HOME"))


#: Where the port must work.
ACCEPTED: dict[str, Callable[[Path], Path]] = {
    "detached HEAD": _detached,
    "a shallow clone": _shallow,
    "a linked work tree": _linked,
    "a work tree of a bare repository": _bare_linked,
    "packed refs and objects": _packed,
    "hooks that fail": _hooks,
    "a path through a link": _below_a_link,
    "a path with blanks and quotes": _blanks,
    "core.fsmonitor of a missing program": _configured("core.fsmonitor", "/nonexistent"),
    "commit.gpgSign": _configured("commit.gpgsign", "true"),
    "core.quotePath off": _configured("core.quotepath", "false"),
    "split index": _configured("core.splitIndex", "true"),
    "index version 4": _configured("index.version", "4"),
}


def _one_line(answer: Answer) -> bool:
    """The message and its help stand in one line each."""
    heads = [line for line in answer.err.splitlines() if line.startswith("error[")]
    helps = [line for line in answer.err.splitlines() if line.startswith("  help: ")]
    return len(heads) == 1 and len(helps) == 1


def _whole(root: Path) -> dict[str, str]:
    inside = files(root, inside=".git") if (root / ".git").is_dir() else {}
    return files(root) | {k: v for k, v in inside.items() if not k.startswith(".git/scaffold")}


def _refused(ground: Ground, label: str, spoil: Callable[[Path], object], more: tuple[str, ...]) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="torture-", dir=ground.folder) as name:
        root = ground.fresh(parent=Path(name))
        spoil(root)
        before = _whole(root)
        answer = call(arguments(root, *more))
        wrong = difference(before, _whole(root))
        # a TensorFlow file that is there already is no conflict: nothing is to be ported (LOC103)
        if answer.status != (1 if spoil is _in_the_way else 5):
            wrong.append(f"exit {answer.status}: {answer.err.strip()[-200:]}")
        if answer.traceback:
            wrong.append(answer.traceback)
        if not more and not _one_line(answer):
            wrong.append(f"no one-line fix: {answer.err.strip()[-200:]}")
    return [f"{label}{' '.join(('', *more))}: {line}" for line in wrong]


def _accepted(ground: Ground, label: str, make: Callable[[Path], Path]) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="torture-", dir=ground.folder) as name:
        root = make(ground.fresh(parent=Path(name)))
        if not (root / "mine.txt").exists():
            (root / "mine.txt").write_text("the user's, untracked\n", encoding="utf-8")
            (root / "ignored").mkdir()
            (root / "ignored/weights.bin").write_bytes(b"1")
        before = state(root)
        answer = call(arguments(root))
        if (root / ".git").is_dir():
            wrong = finished(root, ground, answer, before)
        else:  # a linked work tree: its `.git` is a file
            wrong = [] if answer.status == 0 else [f"exit {answer.status}: {answer.err.strip()[-200:]}"]
            if git(root, "rev-parse", f"{BRANCH}^{{tree}}") != ground.tree or git(
                root, "status", "--porcelain", "-uno"
            ):
                wrong.append("another tree, or not clean")
        if (root / "hooks-ran").exists():
            wrong.append("a hook ran")
        if (root / ".git").is_dir():
            wrong += locks(root)
    return [f"{label}: {line}" for line in wrong]


def run(count: int, seed: int) -> list[Row]:
    """Every state, `count` of each table at most."""
    del seed
    os.environ.pop("GIT_DIR", None)
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        ground = prepare(Path(name))
        refused = [
            line
            for label, spoil in list(REFUSED.items())[:count]
            for more in ((), ("--json",))
            for line in _refused(ground, label, spoil, more)
        ]
        accepted = [line for label, make in list(ACCEPTED.items())[:count] for line in _accepted(ground, label, make)]
    tried = min(count, len(REFUSED))
    return [
        Row(
            what="dirty tree, staged changes, branch in the way, links, locks, merges",
            target="exit 5, 0 bytes changed, one-line fix named",
            measured=f"{tried} states, twice each: {len(refused)} broken",
            held=not refused,
            details=tuple(refused),
        ),
        Row(
            what="detached HEAD, shallow, linked work tree, hooks, odd configurations and paths",
            target="the same tree as in an ordinary clone, no hook run",
            measured=f"{min(count, len(ACCEPTED))} states: {len(accepted)} broken",
            held=not accepted,
            details=tuple(accepted),
        ),
    ]
