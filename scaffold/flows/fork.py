"""From an account on GitHub to a clone in which a port can start, and the way of the port's branch back to the fork.

Source of truth: the porting guide's requirements G3, G5, G6, G8, G9 and G11; docs/architecture.md ("From fork to draft pull
request"). Every step looks first and changes only what is missing, so that running it again is free.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import PullRequest, Repository
from scaffold.core.names import counted
from scaffold.core.progress import Progress

if TYPE_CHECKING:
    from scaffold.core.names import ModelNames
    from scaffold.flows.ahead import Sighted
    from scaffold.hosting.github import GitHub
    from scaffold.publish.base import Base
    from scaffold.publish.git import Clone
    from scaffold.publish.origin import Origin

#: The repository that is forked unless another is named.
UPSTREAM = "huggingface/transformers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkRequest:
    """What to connect. `target` is a clone to use, or where one is to be made; `base` a ref of upstream, None to look.

    `regenerate`: the model may have TensorFlow on the base.
    """

    model: str
    target: Path
    upstream: str = UPSTREAM
    organization: str | None = None
    base: str | None = None
    fast: bool = False
    reference: Path | None = None
    regenerate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A clone on the base, connected to fork and upstream; `ongoing` are open pull requests that mention the model."""

    clone: Clone
    origin: Origin
    ongoing: tuple[PullRequest, ...] = ()


def connect_fork(
    request: ForkRequest, hub: GitHub, progress: Progress, *, begun: Callable[[Path], None] | None = None
) -> Connected:
    """Find the base, make or find the fork, then make or connect the clone and put its work tree on the base.

    A model that the base does not have, or has in TensorFlow, is refused before anything is made. `begun` gets the clone's
    private folder as soon as there is one, before anything is fetched. Raises HUB160, HUB161 and what the steps raise; running
    it again goes on from there.
    """
    from scaffold.publish.fork_clone import connect
    from scaffold.publish.origin import save_origin, state_of
    from scaffold.publish.transport import wait_until_ready

    known = _check_target(request)
    with progress.step("base"):
        upstream = _upstream(request.upstream, hub)
        base, seen = _base(request, known, upstream, hub)
        progress.note(f"{_name(base.ref)}{f': {base.note}' if base.note else ''}")
    with progress.step("fork"):
        ongoing = _ongoing(seen, upstream, hub, progress)
        fork = hub.ensure_fork(upstream.full_name, organization=request.organization)
        progress.note(fork.html_url)
    with progress.step("clone"):
        if not hub.dry_run:
            wait_until_ready(fork.clone_url, token=hub.token)
        _sync(hub, fork, upstream, progress)
        clone = connect(
            request.target,
            fork=fork,
            upstream=upstream,
            base=base,
            token=hub.token,
            fast=request.fast,
            reference=request.reference,
            progress=progress,
            begun=begun,
        )
        origin = _origin(hub, upstream, fork, base, clone)
        moves = known is not None and known.base_ref != base.ref and clone.tip(seen.branch) is not None
        if known is not None and moves and not _comes_from(clone, base.commit, seen.branch, seen.stem):
            progress.note(f"{seen.branch} does not start from {_name(base.ref)}: it stays on {_name(known.base_ref)}")
            origin = known  # a pull request into another base would show that base's changes, too
        save_origin(state_of(clone), origin)
        _stand_on_base(clone, base, seen.branch, hub, progress)
    return Connected(clone=clone, origin=origin, ongoing=ongoing)


def _check_target(request: ForkRequest) -> Origin | None:
    """Refuse before anything is written: an unknown author, a clone with changes. Returns what the clone is connected to.

    A switch of the work tree that was killed is finished first: what it left half done is no change of the user's.
    """
    from scaffold.publish.git import Clone, check_clean, check_identity
    from scaffold.publish.origin import load_origin, state_of
    from scaffold.publish.switch import resume_all

    if not (request.target / ".git").exists():
        existing = next(folder for folder in (request.target, *request.target.absolute().parents) if folder.is_dir())
        check_identity(Clone(existing))
        return None
    clone = Clone(request.target)
    check_identity(clone)
    if clone.git_path("index").exists():  # else it is a clone that an earlier run did not finish
        resume_all(clone, state_of(clone))
        check_clean(clone)
    return load_origin(state_of(clone))


def _upstream(full_name: str, hub: GitHub) -> Repository:
    found = hub.repository(full_name)
    if found is None:
        raise ScaffoldError(
            "HUB160",
            f"{hub.host.name} has no repository {full_name}, or the token may not see it",
            "check --upstream OWNER/REPOSITORY",
            exit_code=ExitCode.USAGE,
        )
    return found


def _ongoing(seen: Sighted, upstream: Repository, hub: GitHub, progress: Progress) -> tuple[PullRequest, ...]:
    """Open pull requests that mention the model and TensorFlow: advice, never a reason to stop (G3)."""
    found = hub.ongoing(upstream.full_name, seen.spellings)
    if found:
        progress.note(f"{counted(len(found), 'open pull request')} on it: {', '.join(pull.url for pull in found[:3])}")
    return found


def _base(request: ForkRequest, known: Origin | None, upstream: Repository, hub: GitHub) -> tuple[Base, Sighted]:
    """The ref that was asked for, else the one that this clone's ports start from already, else the newest that will do.

    With it the model, as seen among the base's files. Where the clone has that branch
    already, upstream may have got TensorFlow for the model since: that is for the rebase to meet.
    """
    from scaffold.flows.ahead import Sighted, look_ahead
    from scaffold.flows.ported import PREFIX
    from scaffold.publish.base import find_base
    from scaffold.publish.git import Clone
    from scaffold.publish.transport import credentials

    seen = Sighted(stem=request.model.replace("-", "_"), spellings=(request.model,))
    ported = known is not None and Clone(request.target).tip(f"{PREFIX}{seen.stem}") is not None

    def look(store: Clone, base: Base) -> None:
        nonlocal seen
        env = credentials(hub.token, upstream.clone_url)
        ported_ok = request.regenerate or ported
        seen = look_ahead(store, base.commit, request.model, ported_ok=ported_ok, env=env) or seen

    noted = known.base_ref if known is not None and known.upstream == upstream.full_name else None
    base = find_base(upstream.clone_url, token=hub.token, wanted=request.base or noted, look=look)
    return base, seen


def _sync(hub: GitHub, fork: Repository, upstream: Repository, progress: Progress) -> None:
    """Bring the fork's default branch up to date: a stale fork makes a push look as if it changed workflow files."""
    if hub.sync_fork(fork.full_name, upstream.default_branch) == "conflict":
        progress.note(f"the fork's {upstream.default_branch} has commits of its own and was left as it is")


def _origin(hub: GitHub, upstream: Repository, fork: Repository, base: Base, clone: Clone) -> Origin:
    from scaffold.publish.fork_clone import remote_of
    from scaffold.publish.origin import Origin

    return Origin(
        web=hub.host.web,
        upstream=upstream.full_name,
        fork=fork.full_name,
        remote=remote_of(clone, fork) or "origin",
        base_ref=base.ref,
        base_branch=base.branch,
        base_commit=base.commit,
    )


def _stand_on_base(clone: Clone, base: Base, branch: str, hub: GitHub, progress: Progress) -> None:
    """Switch a reused clone to the base (G8, G9), unless the port's branch is there already."""
    from scaffold.publish.origin import state_of
    from scaffold.publish.switch import check_out
    from scaffold.publish.transport import environment_for

    if clone.head() == base.commit or clone.tip(branch) is not None:
        return
    tip = clone.tip(base.branch)
    if tip is not None and clone.asks("merge-base", "--is-ancestor", tip, base.commit) is None:
        raise ScaffoldError(
            "HUB161",
            f"the branch {base.branch} has commits that upstream's {_name(base.ref)} lacks",
            f"rename it (`git branch -m {base.branch} my_{base.branch}`), or name another base with --base",
            exit_code=ExitCode.CONFLICT,
        )
    env = environment_for(clone, "upstream" if "upstream" in clone.git("remote").split() else "origin", hub.token)
    check_out(clone, base.branch, base.commit, folder=state_of(clone) / "setup", env=env)
    progress.note(f"switched to {base.branch}")


def _name(ref: str) -> str:
    return ref.split("/", 2)[-1]


def ported_already(request: ForkRequest, hub: GitHub, progress: Progress) -> Connected | None:
    """For a dry run: the clone as it is, where it holds the port; None where one would be made. Changes nothing."""
    from scaffold.core.hosting import Call
    from scaffold.publish.fork_clone import has_commit
    from scaffold.publish.git import Clone
    from scaffold.publish.origin import load_origin, state_of

    clone = Clone(request.target)
    origin = load_origin(state_of(clone)) if (request.target / ".git").exists() else None
    if origin is None:
        return None
    with progress.step("base"):
        base, seen = _base(request, origin, _upstream(request.upstream, hub), hub)
        branch = seen.branch
        progress.note(_name(base.ref))
    if clone.tip(branch) is None:
        return None
    known = has_commit(clone, base.commit)
    if not known or clone.asks("merge-base", "--is-ancestor", base.commit, branch) is None:
        hub.calls.append(Call(method="git rebase", target=branch, body={"onto": base.commit}))
    return Connected(clone=clone, origin=origin)


def _comes_from(clone: Clone, base: str, branch: str, stem: str) -> bool:
    """True for a port that was generated on a commit of the base's history."""
    from scaffold.publish.pristine import base_ref, commit_of

    start, common = commit_of(clone, f"{base_ref(stem)}^"), clone.asks("merge-base", base, branch)
    return (
        start is not None
        and common is not None
        and clone.asks("merge-base", "--is-ancestor", start, common) is not None
    )


def rebase_port(connected: Connected, names: ModelNames, hub: GitHub, progress: Progress) -> str | None:
    """Replay a port that was there already on the base as it is now (G9); its new tip, None where nothing is to be done.

    A port that does not come from the base's own history (made on another base, by hand, or in a shallow clone) is left as it
    is, and a note says so. Raises GIT122 (conflicts), GIT123 and GIT102, exit status 5, with nothing changed.
    """
    from scaffold.publish.origin import state_of
    from scaffold.publish.rebase import rebase

    clone, base, branch = connected.clone, connected.origin.base_commit, names.branch
    if clone.asks("merge-base", "--is-ancestor", base, branch) is not None:
        return None
    if not _comes_from(clone, base, branch, names.stem):
        progress.note(f"{branch} does not start from {_name(connected.origin.base_ref)}, so it was not rebased onto it")
        return None
    with progress.step("rebase"):
        tip = rebase(clone, branch, base, state_of(clone) / names.stem, token=hub.token)
        progress.note(f"onto {base[:12]}, {_name(connected.origin.base_ref)}")
    return tip


def push_port(connected: Connected, branch: str, hub: GitHub, progress: Progress) -> str:
    """The port's branch to the fork (G11): "pushed", "up-to-date", or "planned" in a dry run."""
    from scaffold.core.hosting import Call
    from scaffold.flows.remote import lease_of
    from scaffold.publish.transport import ls_remote, push

    origin = connected.origin
    if hub.dry_run:
        tip, ref = connected.clone.tip(branch), f"refs/heads/{branch}"
        fork = f"{origin.web}/{origin.fork}.git"
        if tip is not None and not hub.calls and ls_remote(fork, ref, token=hub.token).get(ref) == tip:
            return "up-to-date"
        hub.calls.append(Call(method="PUSH", target=f"{origin.web}/{origin.fork}", body={"branch": branch}))
        return "planned"
    with progress.step("push"):
        lease = lease_of(connected.clone, origin.remote, branch)
        return push(connected.clone, origin.remote, branch, token=hub.token, progress=progress, lease=lease)
