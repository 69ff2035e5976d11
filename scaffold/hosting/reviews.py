"""Who looks at a pull request: requests for review, the one comment instead of them, verdicts.

Source of truth: GitHub's REST documentation; publishing.md §2 (one name that is no collaborator fails a whole list).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from scaffold.core.hosting import Call, PullRequest, Review
from scaffold.hosting import shapes
from scaffold.hosting.address import repository_path, same_name
from scaffold.hosting.client import Client
from scaffold.hosting.errors import Refused

_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\[bot\])?")

#: What GitHub answers when the user may not ask for reviews, or the person may not be asked.
_CANNOT_BE_ASKED = (403, 404, 422)

_VERDICTS = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")


def request_reviewers(
    client: Client, pull: PullRequest, logins: Sequence[str], *, begin: Callable[[], None]
) -> tuple[str, ...]:
    """Ask each for a review; returns those that could not be asked. Who was asked or has reviewed is left in peace.

    One request a name: a single name that cannot be asked fails a whole list. `begin` starts the budget of each write.
    """
    by_name: dict[str, str] = {}
    for name in logins:
        by_name.setdefault(name.lstrip("@").lower(), name.lstrip("@"))
    by_name.pop(pull.author.lower(), None)
    wanted = list(by_name.values())
    if not wanted or not _may_ask(client, pull):
        return tuple(wanted)
    busy = _asked(client, pull) | _reviewed(client, pull) if pull.number else set()
    failed = []
    for name in wanted:
        if name.lower() in busy:
            continue
        begin()
        if not _LOGIN.fullmatch(name) or not _is_collaborator(client, pull, name) or not _ask(client, pull, name):
            failed.append(name)
    return tuple(failed)


def _may_ask(client: Client, pull: PullRequest) -> bool:
    """True for who may triage the repository. Others are refused, and running again must not send anything again."""

    def shape(data: dict[str, Any]) -> bool:
        permissions = data.get("permissions") or {}
        return bool(permissions.get("triage") or permissions.get("push"))

    return bool(client.get(repository_path(pull.repository), f"look at {pull.repository}", shape))


def _is_collaborator(client: Client, pull: PullRequest, name: str) -> bool:
    """False when GitHub says that `name` is none; when it does not tell, the request itself will."""
    path = repository_path(pull.repository, "collaborators", name)
    try:
        return client.get(path, f"see whether {name} may review in {pull.repository}", lambda data: True) is not None
    except Refused as refused:
        if refused.status == 403 and not refused.limited:
            return True
        raise


def _ask(client: Client, pull: PullRequest, name: str) -> bool:
    path = repository_path(pull.repository, "pulls", _number(pull), "requested_reviewers")
    body = {"reviewers": [name]}
    what = f"ask {name} to review pull request {pull.number} in {pull.repository}"

    def send() -> bool | None:
        return client.write("POST", path, body, what, lambda data: name.lower() in _logins(data["requested_reviewers"]))

    def look() -> bool | None:
        return True if name.lower() in _asked(client, pull) else None

    try:
        return client.settle(Call(method="POST", target=path, body=body, note=what), look=look, send=send, planned=True)
    except Refused as refused:
        if refused.status in _CANNOT_BE_ASKED and not refused.limited:
            return False
        raise


def _number(pull: PullRequest) -> str:
    """The number in a path; one that a dry run only plans has none yet."""
    return str(pull.number or "NUMBER")


def _asked(client: Client, pull: PullRequest) -> set[str]:
    path = repository_path(pull.repository, "pulls", str(pull.number), "requested_reviewers")
    what = f"list who was asked to review pull request {pull.number} in {pull.repository}"
    return client.get(path, what, lambda data: _logins(data["users"])) or set()


def _logins(users: list[dict[str, Any]]) -> set[str]:
    return {str(user["login"]).lower() for user in users}


def _reviewed(client: Client, pull: PullRequest) -> set[str]:
    """Reviewers leave the list of the asked once they have answered."""
    return {login.lower() for login in client.pages(*_reviews_of(pull), shapes.login)}


def _reviews_of(pull: PullRequest) -> tuple[str, str]:
    path = repository_path(pull.repository, "pulls", str(pull.number), "reviews")
    return path, f"list the reviews of pull request {pull.number} in {pull.repository}"


def reviews(client: Client, pull: PullRequest) -> tuple[Review, ...]:
    """The latest verdict of each reviewer, in the order of their first; mere comments are no verdict."""
    latest: dict[str, Review] = {}

    def shape(data: dict[str, Any]) -> Review:
        current = data.get("commit_id") == pull.head_sha
        return Review(login=shapes.login(data), state=str(data["state"]), current=current)

    for review in client.pages(*_reviews_of(pull), shape) if pull.number else ():
        if review.state in _VERDICTS and not same_name(review.login, pull.author):
            latest[review.login] = review
    return tuple(latest.values())


def ensure_comment(client: Client, pull: PullRequest, marker: str, text: str) -> bool:
    """Write the comment unless one with the (hidden) marker is there; True when written."""
    hidden = marker if marker.startswith("<!--") else f"<!-- {marker} -->"
    if not hidden.endswith("-->") or "-->" in hidden[:-3]:
        raise ValueError(f"{marker!r} would show")
    path = repository_path(pull.repository, "issues", _number(pull), "comments")
    body = {"body": text if hidden in text else f"{text}\n\n{hidden}"}
    what = f"comment on pull request {pull.number} in {pull.repository}"

    def look() -> bool | None:
        listing = f"list the comments of pull request {pull.number} in {pull.repository}"
        marked = client.pages(path, listing, lambda data: hidden in (data["body"] or ""))
        return True if any(marked) else None

    if pull.number and look():
        return False
    return client.settle(
        Call(method="POST", target=path, body=body, note=what),
        look=look,
        send=lambda: client.write("POST", path, body, what, lambda data: hidden in data["body"] or None),
        planned=True,
    )
