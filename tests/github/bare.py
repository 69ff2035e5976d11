"""A bare repository on disk and the few questions that the REST side asks of it.

Forks borrow their parent's objects through `objects/info/alternates`, as GitHub's own networks of forks do, so making
one takes milliseconds and both sides of a pull request can be compared in one repository.
"""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path

#: Nothing of the machine's or the user's own configuration may change what the server does.
ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "GIT_AUTHOR_NAME": "Hub",
    "GIT_AUTHOR_EMAIL": "hub@example.com",
    "GIT_COMMITTER_NAME": "Hub",
    "GIT_COMMITTER_EMAIL": "hub@example.com",
}

_SETTINGS = """
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
[receive]
	autogc = false
	hideRefs = refs/pull
[http]
	receivepack = true
[gc]
	auto = 0
"""


#: Every commit is a second younger than the one before, whatever the clock says.
_seconds = itertools.count(1_700_000_000)


def environment() -> dict[str, str]:
    """The process' environment without git's own variables, plus the ones above."""
    return {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | ENVIRONMENT


class Bare:
    """A bare repository by its folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run git in the repository; raises CalledProcessError unless `check` is False."""
        command = ["git", "-C", str(self.path), *arguments]
        return subprocess.run(
            command, input=stdin or "", capture_output=True, text=True, check=check, env=environment(), timeout=300
        )

    @classmethod
    def create(cls, path: Path, source: Path | None, branch: str) -> Bare:
        """A bare copy of `source`, or a new repository with one commit on `branch`."""
        if source is None:
            bare = cls._skeleton(path, branch)
            bare.commit(branch, {"README.md": "# Empty\n"}, "Initial commit")
            return bare
        path.parent.mkdir(parents=True, exist_ok=True)
        command = ["git", "clone", "-q", "--bare", "--", str(source), str(path)]
        subprocess.run(command, check=True, env=environment(), capture_output=True)
        with (path / "config").open("a", encoding="utf-8") as file:
            file.write(_SETTINGS)
        (path / "HEAD").write_text(f"ref: refs/heads/{branch}\n", encoding="utf-8")
        return cls(path)

    @classmethod
    def _skeleton(cls, path: Path, branch: str) -> Bare:
        """What `git init` makes, without starting a process: most tests make two repositories."""
        for folder in ("objects/info", "refs/heads", "refs/tags"):
            (path / folder).mkdir(parents=True)
        (path / "HEAD").write_text(f"ref: refs/heads/{branch}\n", encoding="utf-8")
        core = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
        (path / "config").write_text(core + _SETTINGS, encoding="utf-8")
        return cls(path)

    def fork(self, path: Path, branch: str, *, one_branch: bool) -> Bare:
        """A fork that borrows this repository's objects; branches and tags are copied, pull requests aren't."""
        made = self._skeleton(path, branch)
        (path / "objects/info/alternates").write_text(f"{self.path / 'objects'}\n", encoding="utf-8")
        wanted = [f"refs/heads/{branch}"] if one_branch else ["refs/heads", "refs/tags"]
        refs = self.git("for-each-ref", "--format=create %(refname) %(objectname)", *wanted).stdout
        made.git("update-ref", "--stdin", stdin=refs)
        return made

    def sha(self, ref: str) -> str | None:
        """The object that a ref names, or None; `ref` is full (`refs/heads/main`), `HEAD`, or a commit's number."""
        file = self.path / ref
        if ref.startswith("refs/heads/") and file.is_file():
            return file.read_text(encoding="utf-8").strip()
        done = self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    def commits_between(self, base: str, head: str) -> int:
        """How many commits `head` has that `base` lacks."""
        return int(self.git("rev-list", "--count", f"{base}..{head}").stdout)

    def is_ancestor(self, old: str, new: str) -> bool:
        """True when `new` contains `old`."""
        return self.git("merge-base", "--is-ancestor", old, new, check=False).returncode == 0

    def merge(self, ours: str, theirs: str) -> str | None:
        """The tree of a merge, or None when there are conflicts."""
        done = self.git("merge-tree", "--write-tree", ours, theirs, check=False)
        return done.stdout.split()[0] if done.returncode == 0 else None

    def changes(self, base: str, head: str) -> tuple[int, int, int]:
        """Files changed, lines added, lines deleted since the two parted."""
        rows = [row.split("\t") for row in self.git("diff", "--numstat", f"{base}...{head}").stdout.splitlines()]
        added, deleted = (sum(int(row[column]) for row in rows if row[column] != "-") for column in (0, 1))
        return len(rows), added, deleted

    def workflows_changed(self, new: str, known: tuple[str, ...] = ("--all",)) -> str | None:
        """The first workflow file that commits of `new`, unknown to this repository so far, add or change."""
        options = ("--format=", "--name-only", "--diff-filter=AM", "--no-renames")
        listed = self.git("log", *options, new, "--not", *known, "--", ".github/workflows").stdout.split("\n")
        return next((name for name in listed if name), None)

    def commit(self, branch: str, files: dict[str, str | None], message: str) -> str:
        """Put a commit that writes (or, with None, deletes) `files` on a branch, as a teammate would; returns its sha.

        A branch that isn't there yet starts at the default branch.
        """
        ref = f"refs/heads/{branch}"
        parent = self.sha(ref) or self.sha("HEAD")
        lines = [f"commit {ref}", f"committer Hub <hub@example.com> {next(_seconds)} +0000", _data(message)]
        lines += [f"from {parent}"] if parent else []
        lines += [
            f"D {name}" if text is None else f"M 100644 inline {name}\n{_data(text)}" for name, text in files.items()
        ]
        self.git("fast-import", "--quiet", stdin="\n".join(lines) + "\n")
        sha = self.sha(ref)
        assert sha
        return sha


def _data(text: str) -> str:
    """A text in the form that `git fast-import` reads."""
    return f"data {len(text.encode())}\n{text}"
