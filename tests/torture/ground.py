"""A miniature clone to torment: made once, copied for every trial, and judged by what is in it afterwards.

What a user could lose is everything outside `.git` (tracked, untracked, ignored) and the refs; what a crash could leave behind is
lock files, half-staged files and notes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.layouts import git, miniature
from tests.torture.calling import Answer, call

MODEL = "brand_new"
BRANCH = f"add_tf_{MODEL}"
#: Names below `.git/scaffold` that only exist while something is under way.
_UNDER_WAY = ("stage.", "index.", "overlay.", "pending.json", ".")


@dataclass(frozen=True, slots=True)
class Ground:
    """The pristine clone, what a port of it must come to, and a folder for copies."""

    pristine: Path
    folder: Path
    base: str
    tree: str  # of the finished port

    def fresh(self, name: str = "clone", parent: Path | None = None) -> Path:
        """A new copy of the clone."""
        target = (parent or self.folder) / name
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(self.pristine, target, symlinks=True)
        return target


def arguments(root: Path, *more: str) -> list[str]:
    """The command line of every trial."""
    return ["new-tf-model", MODEL, f"--repo={root}", "--no-probe", "--no-verify", "--yes", *more]


def prepare(folder: Path) -> Ground:
    """Make the clone, with files of the user's in it, and port a copy of it."""
    folder = folder.resolve()
    root = miniature(folder / "pristine", git=True)
    (root / ".gitignore").write_text("ignored/\n", encoding="utf-8")
    git(root, "add", ".gitignore")
    git(root, "commit", "-q", "-m", "ignore")
    (root / "mine.txt").write_text("the user's, untracked\n", encoding="utf-8")
    (root / "ignored").mkdir()
    (root / "ignored/weights.bin").write_bytes(bytes(range(256)))
    git(root, "branch", "other")
    git(root, "tag", "v1")
    git(root, "update-index", "--refresh")
    done = folder / "done"
    shutil.copytree(root, done, symlinks=True)
    answer = call(arguments(done))
    if answer.status != 0:
        raise RuntimeError(f"the port itself fails: {answer.err}")
    return Ground(root, folder, git(root, "rev-parse", "HEAD"), git(done, "rev-parse", f"{BRANCH}^{{tree}}"))


def files(root: Path, *, inside: str = "") -> dict[str, str]:
    """Relative path → kind, mode and digest of everything outside `.git` (or below `.git/INSIDE`)."""
    top = root / inside if inside else root
    found = {}
    for folder, names, leaves in os.walk(top):
        if not inside and Path(folder) == root and ".git" in names:
            names.remove(".git")
        for name in (*leaves, *(n for n in names if (Path(folder) / n).is_symlink())):
            path = Path(folder) / name
            status = path.lstat()
            data = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
            found[path.relative_to(root).as_posix()] = f"{status.st_mode:o} {hashlib.sha256(data).hexdigest()}"
        if not names and not leaves:
            found[Path(folder).relative_to(root).as_posix() + "/"] = "empty"
    return found


def state(root: Path) -> dict[str, str]:
    """What the user could lose: all files, HEAD, refs, the index's content, the configuration."""
    seen = {f"file {path}": value for path, value in files(root).items()}
    for label, command in {
        "refs": ("for-each-ref",),
        "index": ("ls-files", "--stage"),
        "config": ("config", "--list", "--local"),
    }.items():
        seen[label] = _git(root, *command)
    common = Path(_git(root, "rev-parse", "--git-path", "HEAD"))
    head = common if common.is_absolute() else root / common
    seen["HEAD"] = head.read_text(encoding="utf-8")
    return seen


def _git(root: Path, *command: str) -> str:
    done = subprocess.run(
        ["git", *command],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
    )
    return done.stdout.strip() if done.returncode == 0 else f"fails: {done.stderr.strip()}"


def locks(root: Path) -> list[str]:
    """Lock files below `.git`, an empty one that scaffold keeps for `flock` left out."""
    found = (path for path in (root / ".git").rglob("*.lock"))
    return sorted(path.relative_to(root).as_posix() for path in found if "scaffold" not in path.parts)


def litter(root: Path) -> list[str]:
    """What a finished run must not leave below `.git/scaffold`."""
    folder = root / ".git/scaffold"
    found = (path.relative_to(folder) for path in folder.rglob("*")) if folder.is_dir() else ()
    return sorted(str(path) for path in found if path.name.startswith(_UNDER_WAY))


def difference(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The entries that differ, in words."""
    keys = sorted(set(before) | set(after))
    return [
        f"{key}: {'gone' if key not in after else 'new' if key not in before else 'changed'}"
        for key in keys
        if before.get(key) != after.get(key)
    ]


def finished(root: Path, ground: Ground, answer: Answer | None, before: dict[str, str]) -> list[str]:
    """What is wrong with a clone in which the port is done: the same tree, on its branch, nothing else touched."""
    wrong = []
    if answer is not None and answer.status != 0:
        wrong.append(f"exit {answer.status}: {answer.err.strip()[-200:]}")
    if answer is not None and answer.traceback:
        wrong.append(answer.traceback)
    if _git(root, "rev-parse", f"{BRANCH}^{{tree}}") != ground.tree:
        wrong.append("another tree than the undisturbed run")
    if _git(root, "rev-parse", f"{BRANCH}^") != ground.base:
        wrong.append("the commit's parent is not the base")
    if _git(root, "symbolic-ref", "HEAD") != f"refs/heads/{BRANCH}":
        wrong.append("HEAD is not on the branch")
    if _git(root, "status", "--porcelain", "--untracked-files=no"):
        wrong.append(f"not clean: {_git(root, 'status', '--porcelain', '--untracked-files=no')[:200]}")
    if _git(root, "fsck", "--strict", "--no-dangling"):
        wrong.append("fsck complains")
    after = state(root)
    own = ("file mine.txt", "file ignored/weights.bin", "config")
    wrong += [f"{key} changed" for key in own if before[key] != after.get(key)]
    ours = (f"refs/heads/{BRANCH}", "refs/scaffold/")
    kept = [line for line in after["refs"].splitlines() if not line.split("\t")[1].startswith(ours)]
    if kept != before["refs"].splitlines():
        wrong.append("other refs changed")
    wrong += [f"left behind: {path}" for path in (*locks(root), *litter(root))]
    return wrong
