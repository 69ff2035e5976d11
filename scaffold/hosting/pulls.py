"""Pull requests: found, opened once, brought up to date, made ready for review.

Source of truth: GitHub's REST and GraphQL documentation; publishing.md §2 (the head filter that is ignored without an owner).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

from scaffold.core.errors import ScaffoldError
from scaffold.core.hosting import Call, PullRequest
from scaffold.hosting import shapes
from scaffold.hosting.address import repository_path, same_name
from scaffold.hosting.client import PAGE, Client

_log = logging.getLogger(__name__)

#: `Add TFRoCBert`, `TF port of …`, `[TensorFlow] …`.
_TENSORFLOW = re.compile(r"\bTF|tensorflow", re.I)


def ongoing(
    client: Client, upstream: str, names: Sequence[str], *, begin: Callable[[], None]
) -> tuple[PullRequest, ...]:
    """Open pull requests with one of the names and TensorFlow (or TF) in their title.

    Advisory: an empty answer may also mean a failed search. One search a name, since GitHub's wants all words; `begin` starts the
    budget of each.
    """
    found: dict[int, PullRequest] = {}

    def shape(document: Any) -> tuple[PullRequest, ...]:
        return tuple(shapes.found_pull(client.host, upstream, item) for item in document["items"])

    for name in dict.fromkeys(name.replace('"', "") for name in names):
        query = f'repo:{upstream} is:pr is:open in:title "{name}"'
        begin()
        try:
            pulls = client.get("/search/issues", f"search {upstream}", shape, q=query, per_page=PAGE) or ()
        except ScaffoldError as error:
            _log.warning("the search for ongoing work failed: %s", error.message)
            break
        found |= {pull.number: pull for pull in pulls if _TENSORFLOW.search(pull.title)}
    return tuple(found[number] for number in sorted(found, reverse=True))


def mentions(client: Client, upstream: str, words: Sequence[str]) -> int | None:
    """Number of open issues and pull requests that hold all the words; None when a search failed.

    GitHub wants each search to say which of the two it is about.
    """
    quoted = " ".join('"' + word.replace('"', "") + '"' for word in words)
    total = 0
    for kind in ("issue", "pr"):
        query = f"repo:{upstream} is:{kind} is:open {quoted}"
        try:
            found = client.get(
                "/search/issues", f"search {upstream}", lambda d: int(d["total_count"]), q=query, per_page=1
            )
        except ScaffoldError as error:
            _log.warning("the search for %s failed: %s", " ".join(words), error.message)
            return None
        total += found or 0
    return total


def pull(client: Client, full_name: str, number: int) -> PullRequest | None:
    """The pull request as it is now, None when there is none."""
    return client.get(
        repository_path(full_name, "pulls", str(number)),
        f"look at pull request {number} of {full_name}",
        lambda data: shapes.pull_request(client.host, full_name, data),
    )


def find_pull(
    client: Client, full_name: str, head: str, *, base: str | None = None, head_repository: str | None = None
) -> PullRequest | None:
    """The open pull request from `head` (`owner:branch`), None when there is none."""
    owner, colon, branch = head.partition(":")
    if not (owner and colon and branch):
        raise ValueError(f"{head!r} is not owner:branch")  # GitHub would ignore the filter and list all
    parameters = {"state": "open", "head": head, **({"base": base} if base else {})}

    def shape(data: dict[str, Any]) -> tuple[PullRequest, str]:
        source = (data["head"].get("repo") or {}).get("full_name") or ""
        return shapes.pull_request(client.host, full_name, data), source

    what = f"list the pull requests of {full_name}"
    for found, source in client.pages(repository_path(full_name, "pulls"), what, shape, **parameters):
        from_owner, _, from_branch = found.head.partition(":")
        if (
            (same_name(from_owner, owner) and from_branch == branch)
            and base in (None, found.base)
            and (head_repository is None or same_name(source, head_repository))
        ):
            return found
    return None


def ensure_pull(
    client: Client,
    full_name: str,
    *,
    head: str,
    base: str,
    title: str,
    body: str,
    draft: bool = True,
    maintainer_can_modify: bool = True,
    head_repository: str | None = None,
) -> tuple[PullRequest, str]:
    """The open pull request from `head` into `base` with this title and text, and "created", "updated" or "unchanged".

    One that exists stays draft or ready as it is. `head_repository` is needed when both repositories belong to one account.
    """
    existing = find_pull(client, full_name, head, base=base, head_repository=head_repository)
    if existing is not None:
        return _update(client, existing, title, body)
    fields: dict[str, Any] = {"title": title, "body": body, "head": head, "base": base, "draft": draft}
    siblings = same_name(head.partition(":")[0], full_name.partition("/")[0])
    across = not siblings or not same_name(head_repository or full_name, full_name)
    if across:  # within one repository GitHub may refuse the field
        fields["maintainer_can_modify"] = maintainer_can_modify
    if across and siblings and head_repository:
        fields["head_repo"] = head_repository
    kind = "draft pull request" if draft else "pull request"
    what = f"open the {kind} from {head} in {full_name}"
    path = repository_path(full_name, "pulls")

    made = client.settle(
        Call(method="POST", target=path, body=fields, note=what),
        look=lambda: find_pull(client, full_name, head, base=base, head_repository=head_repository),
        send=lambda: client.write(
            "POST", path, fields, what, lambda data: shapes.pull_request(client.host, full_name, data)
        ),
        planned=PullRequest(
            repository=full_name,
            number=0,
            url="",
            title=title,
            body=body,
            author="",
            head=head,
            head_sha="",
            base=base,
            draft=draft,
            state="open",
        ),
    )
    return made, "created"


def _update(client: Client, existing: PullRequest, title: str, body: str) -> tuple[PullRequest, str]:
    """Send what differs, if anything does."""
    wanted = {"title": title, "body": body}
    fields = {key: text for key, text in wanted.items() if not _same_text(text, getattr(existing, key))}
    if not fields:
        return existing, "unchanged"
    full_name, number = existing.repository, existing.number
    what = f"update the {' and '.join(fields)} of pull request {number} in {full_name}"
    path = repository_path(full_name, "pulls", str(number))

    def look() -> PullRequest | None:
        now = pull(client, full_name, number)
        done = now is not None and all(_same_text(text, getattr(now, key)) for key, text in fields.items())
        return now if done else None

    changed = client.settle(
        Call(method="PATCH", target=path, body=fields, note=what),
        look=look,
        send=lambda: client.write(
            "PATCH", path, fields, what, lambda data: shapes.pull_request(client.host, full_name, data)
        ),
        planned=existing,
    )
    return changed, "updated"


def _same_text(one: str, other: str) -> bool:
    """GitHub's editor ends lines with CR LF, and white space at the end is lost."""
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()


def mark_ready(client: Client, request: PullRequest) -> None:
    """Turn the draft into one that is ready for review; nothing happens to one that is."""
    full_name, number = request.repository, request.number
    what = f"mark pull request {number} in {full_name} as ready for review"
    call = Call(method="POST", target="/graphql", body={"mutation": "markPullRequestReadyForReview"}, note=what)
    if number == 0:  # only planned, in a dry run
        client.settle(call, look=lambda: True, send=lambda: True, planned=True)
        return
    path = repository_path(full_name, "pulls", str(number))

    def state() -> tuple[bool, str] | None:
        return client.get(
            path,
            f"look at pull request {number} of {full_name}",
            lambda data: (bool(data["draft"]), str(data["node_id"])),
        )

    def send() -> bool | None:
        client.mutate("markPullRequestReadyForReview", {"pullRequestId": node}, what)
        return None  # an answer with status 200 may hold anything: look

    def look() -> bool | None:
        after = state()
        return True if after and not after[0] else None

    now = state()
    if now is None:
        raise client.missing(f"look at pull request {number} of {full_name}")
    is_draft, node = now
    if is_draft:
        client.settle(call, look=look, send=send, planned=True)
