"""The one place that starts git: audited arguments, no prompts, no locale, a time limit.

Source of truth: the plumbing commands' manual pages; only plumbing is used for writes.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.secrets import redact
from scaffold.publish.lock import held

_log = logging.getLogger("scaffold.git")

#: A local plumbing command takes milliseconds; cloning passes its own limit.
TIMEOUT = 120.0

_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_PAGER": "cat"}

#: Set by git for its hooks: inherited, they would point our commands at another repository.
_FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")


class GitFailed(ScaffoldError):
    """A git command that ended with an error; `returncode` is None when it ran out of time, `stdout` what it wrote before."""

    def __init__(self, arguments: Sequence[str], said: str, returncode: int | None, stdout: bytes = b"") -> None:
        first = next((a for a in arguments if not a.startswith("-") and "=" not in a), "")
        message = f"git {first} failed: {redact(said.strip()) or 'no message'}"
        super().__init__("GIT105", message, "run the same command in the clone to see more (`git status`)")
        self.returncode = returncode
        self.stdout = stdout


class Output(NamedTuple):
    """What a git command wrote: results, and its talk (progress, warnings)."""

    stdout: bytes
    stderr: str


def run_git(
    cwd: Path,
    *options: str,
    operands: Sequence[str] = (),
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> bytes:
    """Run `git OPTIONS -- OPERANDS` in `cwd` and return its output; raises GitFailed.

    Whatever comes from outside (paths, addresses, names) belongs into `operands`: after `--` nothing is an option.
    """
    return call_git(cwd, *options, operands=operands, stdin=stdin, env=env, timeout=timeout).stdout


def call_git(
    cwd: Path,
    *options: str,
    operands: Sequence[str] = (),
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> Output:
    """`run_git` for those who want to hear git's talk too."""
    arguments = [*options, *(("--", *operands) if operands else ())]
    inherited = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
    try:
        process = subprocess.Popen(
            ["git", *arguments],
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**inherited, **_ENVIRONMENT, **(env or {})},
            start_new_session=True,  # Ctrl-C is ours to handle: it must not cut a write in two
            pass_fds=held(),
        )
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise GitFailed(arguments, f"{cwd} is not a folder", None) from error
        raise ScaffoldError("GIT105", "git is not installed", "install git 2.31 or later") from error
    with process:
        started = time.monotonic()
        try:
            stdout, said = process.communicate(stdin if stdin is not None else b"", timeout=timeout)
        except BaseException as error:
            _stop(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise GitFailed(arguments, f"no answer within {timeout:.0f} s", None) from error
            raise
        finally:
            took = time.monotonic() - started
            _log.debug("git %s in %s: exit status %s, %.2f s", arguments, cwd, process.returncode, took)
    stderr = said.decode("utf-8", "replace")
    if process.returncode != 0:
        raise GitFailed(arguments, stderr or stdout.decode("utf-8", "replace"), process.returncode, stdout)
    return Output(stdout, stderr)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End git and what it started: first asked, so that it removes its lock files, then forced."""
    for number in (signal.SIGTERM, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM):
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                process.terminate()
            else:
                os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=5)
            return


@functools.cache
def git_version() -> tuple[int, int]:
    """The installed git's version; (0, 0) when it says something else."""
    said = run_git(Path(os.sep), "version").decode("utf-8", "replace")
    match = re.search(r"(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def require_git(version: tuple[int, int], purpose: str, instead: str = "") -> None:
    """Refuse a git that is too old for the purpose (GIT111); `instead` says what the user can do without."""
    if git_version() < version:
        raise ScaffoldError(
            "GIT111",
            f"{purpose} needs git {version[0]}.{version[1]}; here is {git_version()[0]}.{git_version()[1]}",
            "install a newer git" + (f", or {instead}" if instead else ""),
        )


class Clone:
    """A repository's work tree, by its top folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(
        self,
        *options: str,
        operands: Sequence[str] = (),
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> str:
        """Run git in the clone; the output as text without the last newline."""
        return run_git(self.root, *options, operands=operands, stdin=stdin, env=env).decode("utf-8").rstrip("\n")

    def asks(self, *options: str, env: Mapping[str, str] | None = None) -> str | None:
        """Like `git`, but None when the command says no by its exit status."""
        try:
            return self.git(*options, env=env)
        except GitFailed as failure:
            if failure.returncode is None:
                raise
            return None

    def git_path(self, name: str) -> Path:
        """Where git keeps `name` for this work tree (linked work trees have their own index and HEAD)."""
        return (self.root / self.git("rev-parse", "--git-path", name)).resolve()

    def head(self) -> str:
        """The commit that HEAD names."""
        commit = self.asks("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if commit is None:
            raise ScaffoldError(
                "GIT101",
                "the repository has no commit yet",
                "commit the checkout first",
                exit_code=ExitCode.CONFLICT,
            )
        return commit

    def branch(self) -> str | None:
        """The branch that HEAD is on, None when it is detached."""
        return self.asks("symbolic-ref", "--quiet", "--short", "HEAD")

    def tip(self, branch: str) -> str | None:
        """The branch's commit, None when there is no such branch."""
        return self.asks("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")

    def has_file(self, commit: str, path: str) -> bool:
        """True when the commit's tree holds a file at `path`."""
        return self.asks("cat-file", "-e", f"{commit}:{path}") is not None


def open_clone(root: Path) -> Clone:
    """The repository whose work tree's top is `root`; GIT101 when there is none."""
    try:
        top = run_git(root, "rev-parse", "--show-toplevel").decode("utf-8").rstrip("\n")
    except GitFailed as failure:
        raise ScaffoldError(
            "GIT101",
            f"{root} is not a git repository",
            "clone the repository with git, or let --upstream fetch one",
            exit_code=ExitCode.CONFLICT,
        ) from failure
    if Path(top).resolve() != root.resolve():
        raise ScaffoldError(
            "GIT101",
            f"{root} is not the top of its repository",
            f"give --repo {top}",
            exit_code=ExitCode.CONFLICT,
        )
    return Clone(root.resolve())


def find_top(start: Path) -> Path | None:
    """The top folder of the repository that `start` lies in, None outside any."""
    try:
        return Path(run_git(start, "rev-parse", "--show-toplevel").decode("utf-8").rstrip("\n"))
    except GitFailed:
        return None


def check_clean(clone: Clone) -> None:
    """Refuse a work tree or index that differs from HEAD. Untracked files are left alone; they are not lost."""
    changed = clone.git("status", "--porcelain=v1", "--untracked-files=no", "--ignore-submodules").splitlines()
    if changed:
        names = ", ".join(line[3:] for line in changed[:3]) + (" …" if len(changed) > 3 else "")
        raise ScaffoldError(
            "GIT102",
            f"the clone has uncommitted changes: {names}",
            "commit them, or put them aside with `git stash`",
            exit_code=ExitCode.CONFLICT,
        )


def check_identity(clone: Clone) -> None:
    """Refuse to guess an author: both name and address must be configured (or in git's environment variables)."""
    wanted = (("user.name", "GIT_AUTHOR_NAME"), ("user.email", "GIT_AUTHOR_EMAIL"))
    lacking = [k for k, variable in wanted if not os.environ.get(variable) and not clone.asks("config", "--get", k)]
    if lacking:
        raise ScaffoldError(
            "GIT104",
            f"git does not know the author: {' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not set",
            "run " + " and ".join(f'`git config --global {key} "…"`' for key in lacking),
            exit_code=ExitCode.USAGE,
        )
