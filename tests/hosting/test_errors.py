"""What each refusal means: code, exit status, and a help that names the fix."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from scaffold.core.errors import ExitCode
from scaffold.core.hosting import Host, Token
from scaffold.hosting import errors
from scaffold.hosting.errors import Attempt

CLASSIC = Token("ghp_" + "c" * 36, "GH_TOKEN")
FINE = Token("github_pat_" + "f" * 60, "GH_TOKEN")


def tried(*, write: bool = True, token: Token | None = CLASSIC, web: str = "https://github.com") -> Attempt:
    return Attempt("fork o/r", write, Host(web=web), token)


@pytest.mark.parametrize(
    ("status", "said", "headers", "code", "exit_code", "fix"),
    [
        (401, "Bad credentials", {}, "HUB103", 4, "gh auth login --hostname github.com"),
        (403, "Must have admin rights", {}, "HUB104", 4, "`repo` and `workflow`"),
        (403, "No", {"X-GitHub-SSO": "required; url=https://github.com/sso"}, "HUB105", 4, "Configure SSO"),
        (403, "No", {"X-OAuth-Scopes": "gist, read:org", "X-Accepted-OAuth-Scopes": "public_repo, repo"}, "HUB104", 4,
         "one of the scopes `public_repo`, `repo` at https://github.com/settings/tokens; it has `gist`, `read:org`"),
        (403, "No", {"X-OAuth-Scopes": "", "X-Accepted-OAuth-Scopes": "repo"}, "HUB104", 4, "it has `none`"),
        (403, "Resource not accessible by personal access token", {"X-Accepted-GitHub-Permissions": "pull_requests=write"},
         "HUB104", 4, "grant it pull_requests=write"),
        (403, "Resource not accessible by personal access token", {}, "HUB104", 4, "make a classic token"),
        (403, "Resource not accessible by integration", {}, "HUB104", 4, "a token of your own"),
        (422, "refusing to allow a Personal Access Token to create or update workflow `a.yml` without `workflow` scope", {},
         "HUB104", 4, "the scope `workflow`"),
        (404, "Not Found", {}, "HUB104", 4, "`repo`"),
        (403, "API rate limit exceeded for user ID 1.", {}, "HUB106", 6, "in a few minutes"),
        (403, "You have exceeded a secondary rate limit", {"Retry-After": "30"}, "HUB106", 6, "in 30 s"),
        (429, "", {}, "HUB106", 6, "scaffold resume"),
        (409, "There are merge conflicts", {}, "HUB109", 5, "its state on GitHub"),
        (422, "A pull request already exists for a:b.", {}, "HUB109", 5, "the one that exists"),
        (422, "No commits between o:main and a:b", {}, "HUB109", 1, "push the branch"),
        (422, "Draft pull requests are not supported in this repository.", {}, "HUB109", 1, "drafts"),
        (422, "Fork collab can't be granted by someone without permission", {}, "HUB109", 1, "fork that you may push to"),
        (410, "Issues are disabled for this repo", {}, "HUB109", 1, "correct"),
        (500, "", {}, "HUB107", 6, "scaffold resume"),
        (502, "", {}, "HUB107", 6, "scaffold resume"),
    ],
)  # fmt: skip
def test_refusals(status: int, said: str, headers: dict[str, str], code: str, exit_code: int, fix: str) -> None:
    error = errors.refused(status, {"message": said}, headers, tried())
    assert (error.code, error.exit_code) == (code, ExitCode(exit_code))
    assert fix in error.help
    assert "fork o/r" in error.message


def test_what_cannot_be_found_on_reading() -> None:
    error = errors.refused(404, {"message": "Not Found"}, {}, tried(write=False))
    assert (error.code, error.exit_code) == ("HUB108", ExitCode.FAILURE)


def test_fine_grained_tokens_are_recognised() -> None:
    assert "fine-grained" in errors.refused(403, {"message": "Forbidden"}, {}, tried(token=FINE)).help
    assert "fine-grained" not in errors.refused(403, {"message": "Forbidden"}, {}, tried()).help


def test_without_a_token_it_is_the_token_that_is_missing() -> None:
    error = errors.refused(404, {"message": "Not Found"}, {}, tried(token=None))
    assert (error.code, error.exit_code) == ("HUB103", ExitCode.AUTHENTICATION)


def test_an_enterprise_server_has_its_own_variable_and_page() -> None:
    help = errors.refused(401, {}, {}, tried(web="https://git.example.com")).help
    assert "https://git.example.com/settings/tokens" in help
    assert "GH_ENTERPRISE_TOKEN" in help


@pytest.mark.parametrize("kind", ["FORBIDDEN", "INSUFFICIENT_SCOPES"])
def test_graphql_permissions(kind: str) -> None:
    error = errors.refused(400, {"data": None, "errors": [{"type": kind, "message": "No"}]}, {}, tried())
    assert (error.code, error.exit_code) == ("HUB104", ExitCode.AUTHENTICATION)
    assert "No" in error.message


def test_graphql_limits_and_other_errors() -> None:
    limited = errors.refused(400, {"errors": [{"type": "RATE_LIMITED", "message": "Slow down"}]}, {}, tried())
    assert (limited.code, limited.limited) == ("HUB106", True)
    closed = errors.refused(
        400, {"errors": [{"type": "UNPROCESSABLE", "message": "Pull request is closed."}]}, {}, tried()
    )
    assert (closed.code, closed.exit_code) == ("HUB109", ExitCode.FAILURE)
    assert "Pull request is closed." in closed.message


def test_the_time_of_a_primary_limit() -> None:
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) - 5)}
    assert "in 1 s" in errors.refused(403, {"message": "No"}, reset, tried()).help


@pytest.mark.parametrize(
    "data", [None, "text", [], {"message": None}, {"errors": "x"}, {"errors": ["x", {}]}, {"data": "<html>"}]
)
def test_answers_of_any_form(data: Any) -> None:
    error = errors.refused(422, data, None, tried())
    assert error.code == "HUB109"
    assert "no reason given" in error.message


def test_validation_errors_are_told() -> None:
    data = {"message": "Validation Failed", "errors": [{"resource": "PullRequest", "field": "head", "code": "invalid"}]}
    error = errors.refused(422, data, {}, tried())
    assert "Validation Failed; head invalid" in error.message
    assert error.help == "push the branch first"


def test_no_secret_is_repeated() -> None:
    error = errors.refused(422, {"message": f"what about {CLASSIC.value}?"}, {}, tried())
    assert CLASSIC.value not in str(error)


@pytest.mark.parametrize(
    ("error", "words", "fix"),
    [
        (requests.exceptions.ConnectTimeout(), "timed out", "scaffold resume"),
        (requests.exceptions.ReadTimeout(), "timed out", "scaffold resume"),
        (requests.exceptions.ConnectionError(), "dropped", "scaffold resume"),
        (requests.exceptions.SSLError(), "certificate", "REQUESTS_CA_BUNDLE"),
        (requests.exceptions.ProxyError(), "proxy", "HTTPS_PROXY"),
    ],
)
def test_the_network(error: Exception, words: str, fix: str) -> None:
    found = errors.unreachable(error, tried())
    assert (found.code, found.exit_code, found.is_definite) == ("HUB107", ExitCode.NETWORK, False)
    assert words in found.message
    assert fix in found.help


@pytest.mark.parametrize(("status", "definite"), [(401, True), (422, True), (429, True), (500, False), (503, False)])
def test_what_may_have_happened_all_the_same(status: int, definite: bool) -> None:
    assert errors.refused(status, {}, {}, tried()).is_definite is definite
