"""The real GitHub, read only, held to the same description as the stand-in. Off unless asked for:

    SCAFFOLD_LIVE_GITHUB_TOKEN=… SCAFFOLD_LIVE_GITHUB_REPOSITORY=owner/name pytest tests/github/test_live.py

The repository needs a pull request, of whatever state. Nothing is written.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.github import contract

TOKEN = os.environ.get("SCAFFOLD_LIVE_GITHUB_TOKEN", "")
REPOSITORY = os.environ.get("SCAFFOLD_LIVE_GITHUB_REPOSITORY", "")

pytestmark = pytest.mark.skipif(
    not (TOKEN and REPOSITORY), reason="set SCAFFOLD_LIVE_GITHUB_TOKEN and SCAFFOLD_LIVE_GITHUB_REPOSITORY"
)


def get(path: str, **query: str) -> Any:
    """The answer to a GET, after it was judged; 200 only."""
    headers = {"Authorization": f"Bearer {TOKEN}", "X-GitHub-Api-Version": "2022-11-28"}
    response = requests.get(f"{contract.SERVER}{path}", params=query, headers=headers, timeout=30)
    kind = response.headers["Content-Type"]
    sent = contract.Sent("GET", path, query, b"")
    assert response.status_code == 200, f"{path}: {response.status_code}"
    assert contract.problems(sent, response.status_code, response.content, kind) == []
    return response.json()


def test_the_user_and_the_limits() -> None:
    assert get("/user")["login"]
    assert get("/rate_limit")["rate"]["limit"] > 0


def test_the_repository() -> None:
    branch = get(f"/repos/{REPOSITORY}")["default_branch"]
    sha = get(f"/repos/{REPOSITORY}/git/ref/heads/{branch}")["object"]["sha"]
    assert get(f"/repos/{REPOSITORY}/branches/{quote(branch, safe='')}")["name"] == branch
    get(f"/repos/{REPOSITORY}/forks")
    get(f"/repos/{REPOSITORY}/commits/{sha}/status")
    get(f"/repos/{REPOSITORY}/commits/{sha}/check-runs")


def test_a_head_without_its_user_is_ignored() -> None:
    every = get(f"/repos/{REPOSITORY}/pulls", state="all", per_page="5")
    same = get(f"/repos/{REPOSITORY}/pulls", state="all", per_page="5", head="no-such-branch")
    none = get(f"/repos/{REPOSITORY}/pulls", state="all", head=f"{REPOSITORY.partition('/')[0]}:no-such-branch")
    assert [pull["number"] for pull in every] == [pull["number"] for pull in same] != []
    assert none == []


def test_a_pull_request() -> None:
    number = get(f"/repos/{REPOSITORY}/pulls", state="all", per_page="1")[0]["number"]
    assert get(f"/repos/{REPOSITORY}/pulls/{number}")["number"] == number
    get(f"/repos/{REPOSITORY}/pulls/{number}/reviews")
    get(f"/repos/{REPOSITORY}/pulls/{number}/requested_reviewers")
    get(f"/repos/{REPOSITORY}/issues/{number}/comments")
    assert get("/search/issues", q=f"repo:{REPOSITORY} is:pr", per_page="1")["total_count"] >= 1
