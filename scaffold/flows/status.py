"""Where a port stands: its branch, its pull request, reviews and CI, and what to do next.

Source: guide.md G38 and G39 (three approvals, a green CI); publishing.md §2 (CI is check runs and statuses; no status at all is
not a success). Reads only; without a network the local part is told, and that the rest is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Check, PullRequest, Review
from scaffold.flows.ported import model_of
from scaffold.publish.origin import Origin

if TYPE_CHECKING:
    from scaffold.core.names import ModelNames
    from scaffold.hosting.github import GitHub
    from scaffold.publish.git import Clone

#: Approvals that a model needs (guide.md G38).
NEEDED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """Logins by their latest verdict; `stale` approved an older commit."""

    approved: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    changes_requested: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuous:
    """CI on the head commit: passing, failing, pending or none; with the checks that are not green."""

    state: str = "none"
    failing: tuple[Check, ...] = ()
    pending: tuple[Check, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All that is known. `remote_commit` is the fork's branch; `offline` says why GitHub was not asked (empty: it was).

    `unpushed` counts the branch's commits that the fork's branch lacks, None where that has others; `unresolved` are the files
    that `scaffold update` left with conflicts. `behind` is the number of commits that the base has and the branch has not, as far
    as this clone knows the base; `base_moved` tells that the base branch has moved on GitHub since it was last fetched. `noted`
    is the address of the pull request that was opened from this clone. `next` is a command and why.
    """

    model: str
    branch: str
    commit: str | None
    checked_out: bool
    dirty: bool
    pending: str | None
    origin: Origin | None
    remote_commit: str | None = None
    behind: int | None = None
    unpushed: int | None = None
    unresolved: tuple[str, ...] = ()
    base_moved: bool | None = None
    weights_pending: bool = False
    noted: str = ""
    pull: PullRequest | None = None
    reviews: Reviews = field(default_factory=Reviews)
    ci: Continuous = field(default_factory=Continuous)
    offline: str = ""
    next: tuple[str, str] = ("", "")

    @property
    def pushed(self) -> bool:
        """True when the fork's branch is at the local commit, as far as is known."""
        return self.commit is not None and self.remote_commit == self.commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`connect` makes the connection to the noted host when one is wanted; None: do not ask GitHub."""

    root: Path
    model: str | None
    connect: Callable[[Origin], GitHub] | None = None


def run(request: Request) -> Status:
    """Read everything. A network that fails, or a token that is refused, is told in `offline` and is no error."""
    from scaffold.locate import locate
    from scaffold.publish.git import open_clone

    clone = open_clone(request.root)
    located = locate(request.root, request.model or model_of(clone), ported_ok=True)
    status = _local(clone, located.names)
    origin = status.origin
    if origin is None:
        status = replace(status, offline="the clone is not connected to a fork")
    elif request.connect is None:
        status = replace(status, offline="GitHub was not asked (--offline)")
    else:
        try:
            status = _remote(status, clone, located.names, origin, request.connect(origin))
        except ScaffoldError as error:
            if error.exit_code not in (ExitCode.NETWORK, ExitCode.AUTHENTICATION):
                raise
            status = replace(status, offline=error.message)
    from scaffold.flows.next_step import next_step

    return replace(status, next=next_step(status))


def _local(clone: Clone, names: ModelNames) -> Status:
    from scaffold.flows.pull import recall
    from scaffold.flows.update import unresolved
    from scaffold.publish.journal import pending
    from scaffold.publish.origin import load_origin, state_of

    state = state_of(clone)
    origin = load_origin(state)
    tip = clone.tip(names.branch)
    if tip is not None and not clone.has_file(tip, names.tf_path):
        tip = None
    interrupted = next((entry.command for entry in pending(state) if entry.model == names.stem), None)
    known = recall(state / names.stem)
    tracked = clone.asks(
        "rev-parse", "--verify", "--quiet", f"refs/remotes/{origin.remote if origin else 'origin'}/{names.branch}"
    )
    return Status(
        model=names.stem,
        branch=names.branch,
        commit=tip,
        checked_out=clone.branch() == names.branch,
        dirty=bool(clone.git("status", "--porcelain=v1", "--untracked-files=no", "--ignore-submodules")),
        pending=interrupted,
        origin=origin,
        remote_commit=tracked,
        behind=_behind(clone, origin, tip),
        unpushed=_unpushed(clone, tracked, tip),
        unresolved=unresolved(clone, state / names.stem, tip) if tip is not None else (),
        noted=known.url if known else "",
        weights_pending=tip is not None and _loads_from_pt(clone, names, tip),
    )


def _behind(clone: Clone, origin: Origin | None, tip: str | None) -> int | None:
    """Commits of the base that the branch lacks; None when the clone does not know the base."""
    if origin is None or tip is None:
        return None
    base = _known_base(clone, origin)
    said = clone.asks("rev-list", "--count", f"{tip}..{base}")
    return int(said) if said is not None else None


def _unpushed(clone: Clone, remote: str | None, tip: str | None) -> int | None:
    if remote is None or tip is None or clone.asks("merge-base", "--is-ancestor", remote, tip) is None:
        return None
    return int(clone.git("rev-list", "--count", f"{remote}..{tip}"))


def _known_base(clone: Clone, origin: Origin) -> str:
    """The base as last fetched: upstream's branch, else the commit that was noted."""
    name = origin.base_ref.removeprefix("refs/heads/")
    for remote in ("upstream", origin.remote):
        found = clone.asks("rev-parse", "--verify", "--quiet", f"refs/remotes/{remote}/{name}")
        if found and not name.startswith("refs/"):
            return found
    return origin.base_commit


def _loads_from_pt(clone: Clone, names: ModelNames, tip: str) -> bool:
    test = clone.asks("cat-file", "blob", f"{tip}:{names.tf_test_path}")
    return test is not None and "from_pt=True" in test


def _remote(status: Status, clone: Clone, names: ModelNames, origin: Origin, github: GitHub) -> Status:
    from scaffold.pipeline import state_folder

    remote = github.branch_exists(origin.fork, status.branch)
    status = replace(
        status,
        remote_commit=remote,
        unpushed=_unpushed(clone, remote, status.commit),
        base_moved=_base_moved(clone, origin, github),
    )
    pull = find(state_folder(clone, names.stem), origin, status.branch, github)
    if pull is None:
        return status
    return replace(
        status, pull=pull, reviews=count(github.reviews(pull)), ci=judge(github.checks(pull.repository, pull.head_sha))
    )


def _base_moved(clone: Clone, origin: Origin, github: GitHub) -> bool | None:
    """Tags do not move; a branch has when its commit is not what we know."""
    if not origin.base_ref.startswith("refs/heads/"):
        return False
    now = github.branch_exists(origin.upstream, origin.base_ref.removeprefix("refs/heads/"))
    return None if now is None else now != _known_base(clone, origin)


def find(folder: Path, origin: Origin, branch: str, github: GitHub) -> PullRequest | None:
    """The noted pull request, also when it is merged or closed; else the open one of the branch."""
    from scaffold.flows.pull import recall

    head = f"{origin.fork.partition('/')[0]}:{branch}"
    known = recall(folder)
    if known is not None:
        found = github.pull(known.repository, known.number)
        if found is not None and (found.state == "open" or found.merged):
            return found
    for repository in dict.fromkeys([origin.fork, origin.upstream]):
        found = github.find_pull(repository, head)
        if found is not None:
            return found
    return None


def count(reviews: tuple[Review, ...]) -> Reviews:
    """The verdicts by kind; `reviews` holds each person's latest one already."""
    return Reviews(
        approved=tuple(r.login for r in reviews if r.state == "APPROVED" and r.current),
        stale=tuple(r.login for r in reviews if r.state == "APPROVED" and not r.current),
        changes_requested=tuple(r.login for r in reviews if r.state == "CHANGES_REQUESTED"),
    )


def judge(checks: tuple[Check, ...]) -> Continuous:
    """Failing as soon as one fails; passing only when there is a success and nothing is open."""
    failing = tuple(check for check in checks if check.state == "failure")
    pending = tuple(check for check in checks if check.state == "pending")
    green = any(check.state == "success" for check in checks)
    state = "failing" if failing else "pending" if pending else "passing" if green else "none"
    return Continuous(state=state, failing=failing, pending=pending, total=len(checks))
