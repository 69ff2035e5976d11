"""The fork: found under whatever name it has, made once, kept up to date.

Source of truth: GitHub's REST documentation of forks; publishing.md §2 (202 and asynchronous; also 202 when the fork exists).
"""

from __future__ import annotations

from typing import Any

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Call, Repository
from scaffold.hosting import shapes
from scaffold.hosting.address import repository_path, same_name
from scaffold.hosting.client import PAGE, Client
from scaffold.hosting.errors import Refused


def repository(client: Client, full_name: str) -> Repository | None:
    """The repository as the user sees it, None when there is none (or the token may not see it)."""
    return client.get(
        repository_path(full_name), f"look at {full_name}", lambda data: shapes.repository(client.host, data)
    )


def ensure_fork(client: Client, upstream: str, owner: str, *, organization: bool) -> Repository:
    """The fork of `upstream` in the account `owner` (an organisation's, or the user's own), made when there is none.

    Raises HUB110 (exit status 5) when `owner` has no fork that can be pushed to and cannot get one.
    """
    name = upstream.partition("/")[2]
    if same_name(owner, upstream.partition("/")[0]):
        raise _unusable(f"{upstream} belongs to {owner} and cannot be forked there", "work in it without a fork")
    found = _by_name(client, upstream, f"{owner}/{name}") or _among_newest(client, upstream, owner)
    if found is None:
        found = _make(client, upstream, owner, organization=organization)
    return _usable(found, upstream)


def _make(client: Client, upstream: str, owner: str, *, organization: bool) -> Repository:
    """POST once. GitHub answers with the existing fork, under its present name, where one exists after all."""
    what = f"fork {upstream}"
    path = repository_path(upstream, "forks")
    body: dict[str, Any] = {"organization": owner} if organization else {}
    full_name = f"{owner}/{upstream.partition('/')[2]}"

    def send() -> Repository | None:
        made = client.write("POST", path, body, what, lambda data: shapes.repository(client.host, data))
        return made if made.parent else None  # without its parent the answer says too little; then it is looked up

    return client.settle(
        Call(method="POST", target=path, body=body, note=what),
        look=lambda: _among_newest(client, upstream, owner),
        send=send,
        planned=Repository(
            full_name=full_name,
            clone_url=f"{client.host.web}/{full_name}.git",
            html_url=f"{client.host.web}/{full_name}",
            default_branch="main",
            parent=upstream,
            can_push=True,
        ),
    )


def _by_name(client: Client, upstream: str, full_name: str) -> Repository | None:
    """The repository with the usual name, if that is a fork of `upstream`."""
    found = repository(client, full_name)
    return found if found and same_name(found.parent or "", upstream) else None


def _among_newest(client: Client, upstream: str, owner: str) -> Repository | None:
    """The owner's fork among the newest 100, whatever its name. Popular repositories have tens of thousands of forks."""

    def theirs(entries: list[dict[str, Any]]) -> Repository | None:
        mine = [entry for entry in entries if same_name(entry["owner"]["login"], owner)]
        return shapes.repository(client.host, mine[0], parent=upstream) if mine else None

    path = repository_path(upstream, "forks")
    found = client.get(path, f"list the forks of {upstream}", theirs, sort="newest", per_page=PAGE)
    # An entry of a list may leave out what the user may do there.
    return found if found is None or found.can_push else repository(client, found.full_name)


def _usable(fork: Repository, upstream: str) -> Repository:
    if not same_name(fork.parent or "", upstream):
        origin = f"is a fork of {fork.parent}" if fork.parent else "is no fork"
        raise _unusable(
            f"{fork.full_name} {origin}, not of {upstream}, and GitHub allows one fork of a family to an account",
            f"name {fork.parent or 'its origin'} as the upstream, fork into an organisation, or delete {fork.html_url}",
        )
    if not fork.can_push:
        raise _unusable(
            f"{fork.full_name} cannot be pushed to: it is archived, or the account may only read it",
            f"unarchive it or ask its owner for permission to write ({fork.html_url}/settings)",
        )
    return fork


def sync_fork(client: Client, fork: str, branch: str) -> str:
    """Bring the fork's branch up to its parent's.

    "up-to-date" (nothing was sent), "fast-forwarded", "merged" (the branch had commits of its own), "conflict" (nothing was
    changed; not an error), or "missing" when the fork is none or one of the two has no such branch.
    """
    known = repository(client, fork)
    if known is None or known.parent is None:
        return "missing"
    theirs = branch_exists(client, known.parent, branch)
    ours = branch_exists(client, fork, branch)
    if theirs is None or ours is None:
        return "missing"
    if theirs == ours:
        return "up-to-date"
    return _merge_upstream(client, fork, branch, theirs)


_MERGED = {"fast-forward": "fast-forwarded", "merge": "merged", "none": "up-to-date"}


def _merge_upstream(client: Client, fork: str, branch: str, theirs: str) -> str:
    what = f"bring {branch} of {fork} up to date"
    path = repository_path(fork, "merge-upstream")
    body = {"branch": branch}

    def send() -> str | None:
        return client.write("POST", path, body, what, lambda data: _MERGED.get(data["merge_type"]))

    def look() -> str | None:
        return "fast-forwarded" if branch_exists(client, fork, branch) == theirs else None

    call = Call(method="POST", target=path, body=body, note=what)
    try:
        return client.settle(call, look=look, send=send, planned="fast-forwarded")
    except Refused as refused:
        if refused.status == 409:
            return "conflict"
        raise


def branch_exists(client: Client, full_name: str, branch: str) -> str | None:
    """The commit that the branch points at, None when there is no such branch."""
    path = repository_path(full_name, "branches", branch)
    return client.get(path, f"look at the branch {branch} of {full_name}", lambda data: str(data["commit"]["sha"]))


def _unusable(message: str, help: str) -> ScaffoldError:
    return ScaffoldError("HUB110", message, help, exit_code=ExitCode.CONFLICT)
