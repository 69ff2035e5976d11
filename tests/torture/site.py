"""A porter's whole world for trials with GitHub in them: the stand-in with an upstream, a home, a work folder, no frameworks."""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold import pipeline
from scaffold.core.checkout import Located
from scaffold.core.progress import Progress
from scaffold.core.reports import VerificationReport
from tests.github.server import GitHubServer
from tests.layouts import git, miniature
from tests.torture.calling import call
from tests.torture.ground import BRANCH, MODEL, litter, locks

UPSTREAM = "huggingface/transformers"
FORK = "porter/transformers"
TOKEN = "ghp_" + "p" * 36
#: Requests that change nothing that could be doubled.
_IDEMPOTENT = ("repos/merge-upstream", "git-upload-pack")
#: What a hub knows that commands change.
_STATE = ("repositories", "moved", "pulls", "comments", "reviews", "statuses", "check_runs", "exchanges", "faults")


def without_frameworks() -> None:
    """Let the pipeline say that the port could not be verified, instead of starting PyTorch and TensorFlow; no way back."""

    def verify_existing(
        located: Located, python: str, progress: Progress, modes: tuple[str, ...] = ()
    ) -> VerificationReport:
        return VerificationReport(heads=(), not_run="no frameworks in these trials")

    pipeline.verify_existing = verify_existing


@dataclass(frozen=True, slots=True)
class Kept:
    """A world as it was at some moment: a copy of its folder, and what the hub knew."""

    folder: Path
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """One trial's world."""

    hub: GitHubServer
    work: Path
    env: dict[str, str]

    @property
    def clone(self) -> Path:
        """Where `new-tf-model --fork` puts the clone."""
        return self.work / "transformers"

    def port(self, *more: str) -> list[str]:
        """`new-tf-model --fork`."""
        quick = ("--no-probe", "--no-verify", "--yes", "--github-url", self.hub.web)
        return ["new-tf-model", MODEL, "--fork", *quick, *more]

    def draft(self, *more: str) -> list[str]:
        """`open-draft-pr`."""
        return ["open-draft-pr", MODEL, "--repo", str(self.clone), "--yes", "--allow-failing", *more]

    def ready(self) -> list[str]:
        """`ready`, without what runs the checkout's tools."""
        return ["ready", MODEL, "--repo", str(self.clone), "--yes", "--skip-checks", "--skip-tests"]

    def keep(self) -> Kept:
        """Remember this moment, to begin again from it."""
        folder, kept = self.work.parent, self.work.parent.with_name(f"{self.work.parent.name}-kept")
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept, symlinks=True)
        return Kept(kept, copy.deepcopy({name: getattr(self.hub, name) for name in _STATE}))

    def restore(self, kept: Kept) -> None:
        """Begin again: every file, and all that the hub knows."""
        folder = self.work.parent
        shutil.rmtree(folder)
        shutil.copytree(kept.folder, folder, symlinks=True)
        with self.hub.lock:
            for name, value in copy.deepcopy(kept.state).items():
                setattr(self.hub, name, value)

    def writes(self, since: int = 0) -> list[str]:
        """What was sent that could be doubled."""
        found = self.hub.exchanges[since:]
        return [e.operation for e in found if e.method not in ("GET", "HEAD") and e.operation not in _IDEMPOTENT]

    def wrong(self, tree: str, *, pulls: int = 1, draft: bool = True) -> list[str]:
        """What is wrong with a finished flow; `draft`: whether its pull request is still to be one."""
        problems = []
        forks = [name for name in self.hub.repositories if name != UPSTREAM]
        if forks != [FORK]:
            problems.append(f"forks: {forks}")
        if len(self.hub.pulls) != pulls:
            problems.append(f"{len(self.hub.pulls)} pull requests")
        if any(pull.draft != draft for pull in self.hub.pulls):
            problems.append(f"the pull request is {'no' if draft else 'still a'} draft")
        if len(self.hub.comments) > 1:
            problems.append(f"{len(self.hub.comments)} comments")
        return problems + self._clone_wrong(tree, forks)

    def _clone_wrong(self, tree: str, forks: list[str]) -> list[str]:
        root, problems = self.clone, []
        if git(root, "rev-parse", f"{BRANCH}^{{tree}}") != tree:
            problems.append("another tree than the undisturbed run")
        if git(root, "rev-list", "--count", f"main..{BRANCH}") != "1":
            problems.append("not one commit")
        if git(root, "rev-parse", "--abbrev-ref", "HEAD") != BRANCH or git(root, "status", "--porcelain"):
            problems.append("the clone is not clean on its branch")
        if forks and self.hub.repositories[forks[0]].bare.sha(f"refs/heads/{BRANCH}") != git(root, "rev-parse", BRANCH):
            problems.append("the fork's branch is not the clone's")
        if git(root, "fsck", "--no-dangling"):
            problems.append("fsck complains")
        return problems + [f"left behind: {path}" for path in (*locks(root), *litter(root))]


def warm(folder: Path) -> str:
    """Import what every child needs, and the tree that an undisturbed port comes to."""
    from scaffold.flows import draft, fork, ready  # noqa: F401 — to be imported before the zygote is made
    from scaffold.hosting import github  # noqa: F401
    from scaffold.publish import fork_clone, rebase, transport  # noqa: F401

    without_frameworks()
    root = miniature(folder / "warm", git=True)
    answer = call(["new-tf-model", MODEL, f"--repo={root}", "--no-probe", "--no-verify", "--yes"])
    if answer.status != 0:
        raise RuntimeError(answer.err)
    return git(root, "rev-parse", f"{BRANCH}^{{tree}}")


@contextmanager
def site(
    folder: Path, *, token: str = TOKEN, validate: bool = True, stale_fork: bool = False, may_ask: bool = False
) -> Iterator[Site]:
    """A fresh world below `folder`, which is emptied first.

    `stale_fork`: the porter has a fork already, a commit behind; `may_ask`: the porter may ask gante for reviews upstream.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("home", "work", "tmp"):
        (folder / name).mkdir(parents=True)
    source = miniature(folder / "source", git=True)
    if stale_fork:
        git(source, "commit", "-q", "--allow-empty", "-m", "upstream goes on")
    git(source, "tag", "v4.46.3")
    env = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "LC_ALL", "PYTHONPATH")}
    env |= {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "GIT_CONFIG_NOSYSTEM": "1"}
    env |= {"GH_ENTERPRISE_TOKEN": token, "GITHUB_ENTERPRISE_TOKEN": token}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "A Porter", f"GIT_{who}_EMAIL": "porter@example.com"}
    hub = GitHubServer(folder / "hub", validate=validate).start()
    try:
        hub.add_user("porter", token=token)
        hub.add_user("gante", token="ghp_" + "g" * 36)
        upstream = hub.add_repository(UPSTREAM, source=source)
        if stale_fork:
            hub.fork(upstream, *FORK.split("/")).bare.git("update-ref", "refs/heads/main", "main~1")
        if may_ask:
            for login in ("porter", "gante"):
                hub.add_collaborator(UPSTREAM, login, "triage")
        yield Site(hub, folder / "work", env)
    finally:
        hub.stop()
