"""The stand-in's judge can fail, and its planned failures happen as planned."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from github import GithubException, RateLimitExceededException

from tests.github import contract, faults, rest
from tests.github.arranged import FORK, OTHER, TOKEN, UPSTREAM, client, opened, work
from tests.github.bodies import Bodies
from tests.github.server import GitHubServer

ROOT = Path(__file__).parents[2]

#: Values for the parameters of every path, and a body for every write.
PATH = {"owner": "huggingface", "repo": "transformers", "branch": "main", "username": "gante", "ref": "main"}
NUMBERS = {"pull_number": "1", "issue_number": "1"}
WRITES: dict[str, Any] = {
    "repos/create-fork": {},
    "repos/merge-upstream": {"branch": "main"},
    "pulls/create": {"title": "T", "head": "porter:second", "base": "main"},
    "pulls/update": {"title": "New"},
    "pulls/request-reviewers": {"reviewers": ["gante"]},
    "issues/create-comment": {"body": "Hello"},
    "issues/add-labels": {"labels": ["TensorFlow"]},
    "graphql": {"query": "{ viewer { login } }"},
}
ALL = [operation.name for operation in contract.operations()]


@pytest.fixture
def loose(tmp_path: Path) -> Iterator[GitHubServer]:
    """A server with a pull request that only collects what breaks the contract."""
    hub = GitHubServer(tmp_path / "loose")
    hub.start()
    hub.add_user("porter", token=TOKEN)
    hub.add_repository(UPSTREAM, collaborators={"gante": "push", "porter": "push"})
    opened(hub)
    work(hub, "second")
    yield hub
    hub.stop()
    assert not hub.failures


def send(hub: GitHubServer, name: str, session: Any = requests, **options: Any) -> requests.Response:
    """The request of an operation, well formed; merge-upstream goes to the fork."""
    operation = next(found for found in contract.operations() if found.name == name)
    owner = "porter" if name == "repos/merge-upstream" else "huggingface"
    ref = "heads/main" if name == "git/get-ref" else "main"
    path = operation.path.format_map(PATH | NUMBERS | {"owner": owner, "ref": ref})
    base = f"{hub.web}/api" if name == "graphql" else hub.api
    query = {"q": "is:pr"} if name.startswith("search/") else {}
    options = {"json": WRITES.get(name), "params": query, "timeout": 5} | options
    headers = {"Authorization": f"token {TOKEN}"}
    response: requests.Response = session.request(operation.method, base + path, headers=headers, **options)
    return response


def test_every_operation_is_there_and_keeps_to_the_contract(loose: GitHubServer) -> None:
    assert set(rest.HANDLERS) == set(ALL)
    assert set(WRITES) == {found.name for found in contract.operations() if found.method != "GET"}
    with requests.Session() as session:
        answers = {name: send(loose, name, session).status_code for name in ALL}
    assert {name: status for name, status in answers.items() if status >= 300} == {}
    assert loose.violations == []
    assert [exchange.operation for exchange in loose.exchanges] == ALL


def test_a_broken_answer_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Bodies.me
    monkeypatch.setattr(Bodies, "me", lambda bodies, login: whole(bodies, login) | {"id": "not a number"})
    with pytest.raises(AssertionError, match=r"users/get-authenticated: 200 response: .*'not a number'"):  # noqa: SIM117
        with GitHubServer(tmp_path / "hub") as hub:
            hub.add_user("porter", token=TOKEN)
            assert send(hub, "users/get-authenticated").json()["id"] == "not a number"


def test_a_missing_field_deep_inside_is_caught(loose: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Bodies.user
    monkeypatch.setattr(Bodies, "user", lambda bodies, login: {**whole(bodies, login), "avatar_url": None})
    send(loose, "pulls/get")
    (told,) = loose.violations
    assert "pulls/get: 200 response" in told
    assert "user.avatar_url" in told


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("pulls/create", {"title": "T", "head": "porter:second"}, "'base' is a required property"),
        ("pulls/create", {"title": 5, "head": "porter:second", "base": "main"}, "$.title"),
        ("pulls/update", {"state": "merged"}, "$.state"),
        ("issues/create-comment", {"body": None}, "$.body"),
        ("graphql", {"variables": {}}, "'query' is a required property"),
    ],
)
def test_a_wrong_request_is_caught(loose: GitHubServer, name: str, body: Any, words: str) -> None:
    send(loose, name, json=body)
    assert [words in told for told in loose.violations] == [True], loose.violations


def test_an_address_that_github_does_not_have_is_caught(loose: GitHubServer) -> None:
    assert requests.get(f"{loose.api}/repos/{UPSTREAM}/tensorflow", timeout=5).status_code == 404
    assert loose.violations == [f"GET /repos/{UPSTREAM}/tensorflow is not in the description"]


def test_a_status_or_an_error_that_github_would_not_send_is_caught() -> None:
    sent = contract.Sent("GET", "/repos/o/r/pulls", {}, b"")
    kind = "application/json"
    assert contract.problems(sent, 401, b'{"message": "Bad credentials"}', kind) == []
    assert contract.problems(sent, 401, b'{"error": "no"}', kind) != []
    assert contract.problems(sent, 502, b"<html>", "text/html") != []
    assert contract.problems(sent, 502, b"<html>", "text/html", planned=True) == []
    assert contract.problems(sent, 201, b"[]", kind) == ["pulls/list: status 201 is not described"]
    assert contract.problems(sent, 200, b"{}", kind, planned=True) != []


def test_judging_can_be_left_out(tmp_path: Path) -> None:
    with GitHubServer(tmp_path / "hub", validate=False) as hub:
        assert requests.get(f"{hub.api}/nothing", timeout=5).status_code == 404


def test_a_fault_of_the_stand_in_is_not_mistaken_for_the_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: rest.Call) -> rest.Answer:
        raise ZeroDivisionError("broken handler")

    monkeypatch.setitem(rest.HANDLERS, "rate-limit/get", broken)
    with pytest.raises(AssertionError, match="broken handler"):  # noqa: SIM117
        with GitHubServer(tmp_path / "hub", validate=False) as hub:
            assert requests.get(f"{hub.api}/rate_limit", timeout=5).status_code == 500


# planned failures


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422, 429, 500, 502, 503])
def test_any_status_at_any_operation(loose: GitHubServer, status: int) -> None:
    with requests.Session() as session:
        for name in ALL:
            loose.fault(name, status=status, headers={"X-Planned": name})
            response = send(loose, name, session)
            assert (response.status_code, response.headers["X-Planned"]) == (status, name)
    assert [exchange.status for exchange in loose.exchanges] == [status] * len(ALL)
    assert all(exchange.fault for exchange in loose.exchanges)
    assert loose.violations == []


@pytest.mark.parametrize("when", ["before", "after", "during"])
def test_a_cut_connection_at_any_operation(loose: GitHubServer, when: str) -> None:
    bodiless = {"repos/check-collaborator"} if when == "during" else set()
    for name in sorted({*ALL} - bodiless):
        loose.fault(name, when=when, drop=True)
        with pytest.raises(requests.RequestException):
            send(loose, name)
    assert loose.violations == []


@pytest.mark.parametrize(("when", "forks"), [("before", 0), ("after", 1)])
def test_before_and_after(site: GitHubServer, when: str, forks: int) -> None:
    site.fault("repos/create-fork", when=when, status=502, body="<html>Bad gateway</html>")
    with client(site) as api:
        upstream = api.get_repo(UPSTREAM)
        with pytest.raises(GithubException) as caught:
            upstream.create_fork()
        assert caught.value.status == 502
        assert (FORK in site.repositories) == bool(forks)
        assert upstream.create_fork().full_name == FORK


def test_a_pull_request_made_although_502_said_otherwise(site: GitHubServer) -> None:
    work(site)
    site.fault("pulls/create", when="after", status=502)
    with client(site) as api:
        repo = api.get_repo(UPSTREAM)
        for status in (502, 422):
            with pytest.raises(GithubException) as caught:
                repo.create_pull(base="main", head="porter:add_tf_quokka", title="T", body="B", draft=True)
            assert caught.value.status == status
    assert [pull.draft for pull in site.pulls] == [True]
    assert site.requests("pulls/create") == 2


def test_times_and_skip(loose: GitHubServer) -> None:
    loose.fault("repos/get", status=503, times=2, skip=1)
    loose.fault("*", status=429, times=1, skip=4)
    assert [send(loose, "repos/get").status_code for _ in range(6)] == [200, 503, 503, 200, 200, 200]
    loose.faults.clear()
    loose.fault("*", status=429, times=faults.ALWAYS)
    assert {send(loose, name).status_code for name in ALL[:4]} == {429}


@pytest.mark.parametrize("plan", [faults.primary_limit(), faults.secondary_limit(), faults.secondary_limit(None)])
def test_rate_limits_are_what_pygithub_takes_them_for(site: GitHubServer, plan: dict[str, Any]) -> None:
    site.fault("users/get-authenticated", **plan)
    with client(site) as api, pytest.raises(RateLimitExceededException):
        api.get_user().login  # noqa: B018


@pytest.mark.parametrize(("when", "comments"), [("before", 0), ("after", 1)])
def test_a_slow_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, comments: int) -> None:
    """It waits before or after the request takes effect; stopping the server ends the wait and cuts the connection."""
    seen: list[tuple[float, int]] = []
    waiting = threading.Event()
    with ThreadPoolExecutor(1) as pool, GitHubServer(tmp_path / "hub") as hub:
        hub.add_user("porter", token=TOKEN)
        hub.add_repository(UPSTREAM)
        opened(hub)
        wait = hub.stopping.wait

        def watched(seconds: float) -> bool:
            seen.append((seconds, len(hub.comments)))
            waiting.set()
            return wait(seconds)

        monkeypatch.setattr(hub.stopping, "wait", watched)
        hub.fault("issues/create-comment", when=when, delay=600.0)
        request = pool.submit(send, hub, "issues/create-comment", timeout=600)
        assert waiting.wait(60)
        hub.stop()
        assert isinstance(request.exception(60), requests.ConnectionError)
    assert seen == [(600.0, comments)]
    assert len(hub.comments) == comments


@pytest.mark.parametrize(
    "wrong", [{"status": 0}, {"status": 500, "when": "later"}, {"status": 500, "when": "during"}, {"drop": False}]
)
def test_plans_without_sense_are_refused(loose: GitHubServer, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        loose.fault("repos/get", **wrong)
    with pytest.raises(AssertionError):
        loose.fault("repos/nothing", status=500)


def test_by_hand(tmp_path: Path) -> None:
    """Started from a command line, stopped by Ctrl-C."""
    options = ["--root", str(tmp_path), "--user", f"porter:{OTHER}:repo", "--repository", UPSTREAM]
    command = [sys.executable, "-m", "tests.github.server", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        api = json.loads(process.stdout.readline())["api"]
        response = requests.get(f"{api}/repos/{UPSTREAM}", headers={"Authorization": f"Bearer {OTHER}"}, timeout=5)
        assert (response.json()["full_name"], response.headers["X-OAuth-Scopes"]) == (UPSTREAM, "repo")
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()  # or leaving the block would wait for it
    assert (process.returncode, said) == (0, "")
