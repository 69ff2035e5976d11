"""Pushing a port's branches to its fork, or saying what would be pushed.

Where a dry run pushes nothing, what it would push stands in the same list as GitHub's calls, in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scaffold.core.hosting import Call, Token
from scaffold.core.progress import Progress
from scaffold.flows.ported import PREFIX, Ported

if TYPE_CHECKING:
    from scaffold.hosting.github import GitHub
    from scaffold.publish.git import Clone


def pushed_commit(ported: Ported, token: Token | None) -> str | None:
    """The commit that the fork's branch is at, asked of the remote itself; None when it has no such branch."""
    from scaffold.publish.transport import address, ls_remote

    ref = f"refs/heads/{ported.branch}"
    url = address(ported.clone, ported.origin.remote, push=True)
    return ls_remote(url, ref, token=_token_for(ported, token)).get(ref)


def _token_for(ported: Ported, token: Token | None) -> Token | None:
    """The token if pushes go to the host that it is for: a remote can be pointed anywhere."""
    from scaffold.publish.transport import address

    url = urlsplit(address(ported.clone, ported.origin.remote, push=True))
    return token if url.netloc.rpartition("@")[2] == ported.origin.host.name else None


def push_branch(ported: Ported, github: GitHub, token: Token | None, progress: Progress) -> str:
    """Push the port's branch: "pushed", "up-to-date" or, in a dry run, "planned" (also after a commit that is only planned)."""
    from scaffold.publish.transport import push

    if github.dry_run:
        pushed = _planned_push(ported, github, token)
    else:
        own, lease = _token_for(ported, token), lease_of(ported.clone, ported.origin.remote, ported.branch)
        pushed = push(ported.clone, ported.origin.remote, ported.branch, token=own, progress=progress, lease=lease)
    if pushed != "pushed":  # else `push` has said where to
        progress.note(f"{ported.branch}: {pushed}")
    return pushed


def _planned_push(ported: Ported, github: GitHub, token: Token | None) -> str:
    follows = any(call.method == "git commit" for call in github.calls)
    if not follows and pushed_commit(ported, token) == ported.tip:
        return "up-to-date"
    github.calls.append(_call(ported, f"refs/heads/{ported.branch}", "the new one" if follows else ported.tip))
    return "planned"


def lease_of(clone: Clone, remote: str, branch: str) -> str | None:
    """What a push may replace: the commit we pushed last, if it was this clone's own: rebased since, or undone and made anew.

    What `undo` took back stays in the clone, below refs/scaffold/.
    """
    from scaffold.publish.pristine import undone_ref

    pushed = clone.asks("rev-parse", "--verify", "--quiet", f"refs/remotes/{remote}/{branch}")
    if pushed is None or clone.asks("merge-base", "--is-ancestor", pushed, f"refs/heads/{branch}") is not None:
        return None
    own = (f"refs/heads/{branch}", undone_ref(branch.removeprefix(PREFIX)))
    been = [clone.asks("rev-list", "--walk-reflogs", ref) or "" for ref in own]
    return pushed if pushed in " ".join(been).split() else None


def make_base(ported: Ported, github: GitHub, token: Token | None, branch: str, progress: Progress) -> None:
    """Create the base branch in the fork, at the commit that the port started from. Never moves one that is there."""
    from scaffold.publish.transport import push_commit

    commit = ported.origin.base_commit
    if github.dry_run:
        github.calls.append(_call(ported, f"refs/heads/{branch}", commit))
        return
    own = _token_for(ported, token)
    push_commit(ported.clone, ported.origin.remote, commit, branch, token=own, progress=progress)


def _call(ported: Ported, ref: str, commit: str) -> Call:
    return Call(
        method="git push",
        target=f"{ported.origin.fork} {ref}",
        body={"commit": commit},
        note=f"to remote {ported.origin.remote}",
    )
