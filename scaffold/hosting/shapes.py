"""From GitHub's JSON to `core.hosting`. Addresses are built from the host, never taken from an answer: git gets a token for them.

Source of the fields: GitHub's REST description (full-repository, pull-request, check-run, status).
"""

from __future__ import annotations

from typing import Any

from scaffold.core.hosting import Check, Host, PullRequest, Repository

#: What a finished check run's conclusion means for somebody who waits for green.
_CONCLUSIONS = {
    "success": "success",
    "neutral": "neutral",
    "skipped": "neutral",
    "stale": "pending",
    "action_required": "pending",  # a maintainer has to let it start
}


def repository(host: Host, data: dict[str, Any], *, parent: str | None = None) -> Repository:
    """A repository; `parent` where the answer is a list of forks, whose entries leave it out."""
    full_name = str(data["full_name"])
    above = data.get("parent") or {}
    return Repository(
        full_name=full_name,
        clone_url=f"{host.web}/{full_name}.git",
        html_url=f"{host.web}/{full_name}",
        default_branch=str(data.get("default_branch") or "main"),
        parent=above.get("full_name") or parent,
        can_push=bool((data.get("permissions") or {}).get("push")) and not data.get("archived"),
    )


def pull_request(host: Host, full_name: str, data: dict[str, Any]) -> PullRequest:
    """A pull request of `full_name`, from an entry of a list or from the single one."""
    number = int(data["number"])
    head = data["head"]
    return PullRequest(
        repository=full_name,
        number=number,
        url=f"{host.web}/{full_name}/pull/{number}",
        title=str(data["title"]),
        body=str(data.get("body") or ""),
        author=login(data),
        head=str(head.get("label") or head["ref"]),
        head_sha=str(head["sha"]),
        base=str(data["base"]["ref"]),
        draft=bool(data.get("draft")),
        state=str(data["state"]),
        merged=bool(data.get("merged_at") or data.get("merged")),
    )


def found_pull(host: Host, full_name: str, data: dict[str, Any]) -> PullRequest:
    """A pull request as the search knows it: without its branches."""
    number = int(data["number"])
    return PullRequest(
        repository=full_name,
        number=number,
        url=f"{host.web}/{full_name}/pull/{number}",
        title=str(data["title"]),
        body=str(data.get("body") or ""),
        author=login(data),
        head="",
        head_sha="",
        base="",
        draft=bool(data.get("draft")),
        state=str(data["state"]),
        merged=bool((data.get("pull_request") or {}).get("merged_at")),
    )


def login(data: dict[str, Any]) -> str:
    """Who wrote it; deleted accounts have left "ghost" behind."""
    return str((data.get("user") or {}).get("login") or "ghost")


def check_run(data: dict[str, Any]) -> Check:
    """A check run (GitHub Actions and other apps)."""
    finished = data.get("status") == "completed"
    state = _CONCLUSIONS.get(str(data.get("conclusion")), "failure") if finished else "pending"
    return Check(name=str(data["name"]), state=state, url=str(data.get("html_url") or data.get("details_url") or ""))


def status(data: dict[str, Any]) -> Check:
    """A commit status (CircleCI and other services from before check runs)."""
    state = {"success": "success", "pending": "pending"}.get(str(data.get("state")), "failure")
    return Check(name=str(data["context"]), state=state, url=str(data.get("target_url") or ""))
