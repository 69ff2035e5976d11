"""What is read out of GitHub's JSON, where fields are null or left out."""

from __future__ import annotations

from typing import Any

import pytest

from scaffold.core.hosting import Host
from scaffold.hosting import shapes

HOST = Host(web="https://github.example.com")


@pytest.mark.parametrize(
    ("status", "conclusion", "state"),
    [
        ("queued", None, "pending"),
        ("in_progress", None, "pending"),
        ("waiting", None, "pending"),
        ("completed", "success", "success"),
        ("completed", "failure", "failure"),
        ("completed", "cancelled", "failure"),
        ("completed", "timed_out", "failure"),
        ("completed", "something new", "failure"),
        ("completed", None, "failure"),
        ("completed", "neutral", "neutral"),
        ("completed", "skipped", "neutral"),
        ("completed", "action_required", "pending"),
        ("completed", "stale", "pending"),
    ],
)
def test_check_runs(status: str, conclusion: str | None, state: str) -> None:
    assert shapes.check_run({"name": "tests", "status": status, "conclusion": conclusion}).state == state


@pytest.mark.parametrize(
    ("said", "state"), [("success", "success"), ("pending", "pending"), ("failure", "failure"), ("error", "failure")]
)
def test_statuses(said: str, state: str) -> None:
    assert shapes.status({"context": "ci", "state": said, "target_url": None}).state == state


def test_addresses_are_the_hosts_whatever_the_answer_says() -> None:
    """git gets a token for the clone's address."""
    answer: dict[str, Any] = {
        "full_name": "o/r",
        "clone_url": "https://evil.example/o/r.git",
        "html_url": "https://evil.example/o/r",
        "default_branch": "main",
    }
    found = shapes.repository(HOST, answer)
    assert found.clone_url == "https://github.example.com/o/r.git"
    assert found.html_url == "https://github.example.com/o/r"
    assert (found.parent, found.can_push) == (None, False)


@pytest.mark.parametrize(
    ("permissions", "archived", "can_push"),
    [
        ({"push": True}, False, True),
        ({"push": True}, True, False),
        ({"push": False}, False, False),
        (None, False, False),
    ],
)
def test_who_can_push(permissions: dict[str, bool] | None, archived: bool, can_push: bool) -> None:
    answer = {"full_name": "o/r", "permissions": permissions, "archived": archived}
    assert shapes.repository(HOST, answer).can_push is can_push


def test_a_pull_request_of_which_little_is_left() -> None:
    answer: dict[str, Any] = {
        "number": 3,
        "title": "T",
        "body": None,
        "state": "closed",
        "user": None,
        "head": {"label": None, "ref": "x", "sha": "0" * 40, "repo": None},
        "base": {"ref": "main"},
        "merged_at": "2026-01-01T00:00:00Z",
    }
    pull = shapes.pull_request(HOST, "o/r", answer)
    assert (pull.author, pull.body, pull.head, pull.merged, pull.draft) == ("ghost", "", "x", True, False)
    assert pull.url == "https://github.example.com/o/r/pull/3"
