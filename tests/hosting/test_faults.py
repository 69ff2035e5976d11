"""Every failure at every write, before and after it took effect: one fork, one pull request, one comment, and little patience."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.hosting.github import GitHub
from scaffold.hosting.patience import TIMEOUT
from tests.github.arranged import FORK, UPSTREAM
from tests.github.faults import ALWAYS, primary_limit, secondary_limit
from tests.github.server import GitHubServer
from tests.hosting.conftest import DELAY, HEAD, SHORT, Clock, Connect, opened

#: What goes wrong, as arguments of `GitHubServer.fault`, and the exit status it ends with when the write took no effect.
FAULTS: dict[str, tuple[dict[str, Any], ExitCode]] = {
    "401": ({"status": 401}, ExitCode.AUTHENTICATION),
    "403": ({"status": 403}, ExitCode.AUTHENTICATION),
    "404": ({"status": 404}, ExitCode.AUTHENTICATION),
    "409": ({"status": 409}, ExitCode.CONFLICT),
    "422": ({"status": 422}, ExitCode.FAILURE),
    "429": ({"status": 429}, ExitCode.NETWORK),
    "429 with a time": ({"status": 429, "headers": {"Retry-After": "3600"}}, ExitCode.NETWORK),
    "403 secondary": (secondary_limit(30), ExitCode.NETWORK),
    "403 primary": (primary_limit(3600), ExitCode.NETWORK),
    "500": ({"status": 500}, ExitCode.NETWORK),
    "502": ({"status": 502, "body": "<html>Bad gateway</html>"}, ExitCode.NETWORK),
    "503": ({"status": 503, "headers": {"Retry-After": "5"}}, ExitCode.NETWORK),
    "drop": ({"drop": True}, ExitCode.NETWORK),
    "timeout": ({"delay": DELAY, "drop": True}, ExitCode.NETWORK),
}

#: Two thousand exchanges, whose kinds `test_operations.py` has judged one by one.
JUDGED = False

Run = Callable[[], object]


@dataclass
class Write:
    """One kind of write: the server's name for it, how it is prepared and what shows that it happened (once)."""

    operation: str
    prepare: Callable[[GitHubServer, GitHub], Run]
    happened: Callable[[GitHubServer], object]
    once: object
    looks: int = 1  # requests before it is sent
    reads: int = 0  # those among them that belong to no single write


def _pulls(site: GitHubServer) -> object:
    return [(pull.title, pull.draft) for pull in site.pulls if pull.state == "open"]


def _fork(site: GitHubServer, github: GitHub) -> Run:
    del site.repositories[FORK]
    return lambda: github.ensure_fork(UPSTREAM)


def _sync(site: GitHubServer, github: GitHub) -> Run:
    site.repositories[UPSTREAM].bare.commit("main", {"new.txt": "new\n"}, "Upstream goes on")
    return lambda: github.sync_fork(FORK, "main")


def _synced(site: GitHubServer) -> object:
    return site.repositories[FORK].bare.sha("refs/heads/main") == site.repositories[UPSTREAM].bare.sha(
        "refs/heads/main"
    )


def _update(site: GitHubServer, github: GitHub) -> Run:
    opened(github, "Old")
    return lambda: opened(github)


def _reviewer(site: GitHubServer, github: GitHub) -> Run:
    pull = opened(github)
    return lambda: github.request_reviewers(pull, ["gante"])


def _comment(site: GitHubServer, github: GitHub) -> Run:
    pull = opened(github)
    return lambda: github.ensure_comment(pull, "scaffold: reviewers", "@gante, could you have a look?")


def _ready(site: GitHubServer, github: GitHub) -> Run:
    pull = opened(github)
    return lambda: github.mark_ready(pull)


WRITES = {
    "fork": Write("repos/create-fork", _fork, lambda site: sorted(site.repositories), [UPSTREAM, FORK], looks=2),
    "sync": Write("repos/merge-upstream", _sync, _synced, True, looks=3),
    "open": Write("pulls/create", lambda _, github: lambda: opened(github), _pulls, [("Add TF Quokka", True)]),
    "update": Write("pulls/update", _update, _pulls, [("Add TF Quokka", True)]),
    "reviewer": Write(
        "pulls/request-reviewers", _reviewer, lambda site: site.pulls[0].reviewers, ["gante"], looks=4, reads=3
    ),
    "comment": Write("issues/create-comment", _comment, lambda site: len(site.comments), 1),
    "ready": Write("graphql", _ready, _pulls, [("Add TF Quokka", False)]),
}

#: Where a refusal is an answer and no error: (write, fault).
ANSWERS = {("sync", "409"): "conflict", **{("reviewer", fault): ("gante",) for fault in ("403", "404", "422")}}


@pytest.fixture
def kept_fork(site: GitHubServer) -> Iterator[None]:
    """The fork test takes the fork away; it comes back."""
    fork = site.repositories[FORK]
    yield
    site.repositories[FORK] = fork


def attempt(run: Run) -> tuple[ExitCode, object]:
    try:
        return ExitCode.OK, run()
    except ScaffoldError as error:
        assert error.help
        return error.exit_code, error


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", WRITES)
def test_a_failure_never_does_anything_twice(
    site: GitHubServer, connect: Connect, clock: Clock, kept_fork: None, name: str, fault: str, when: str
) -> None:
    write = WRITES[name]
    plan, expected = FAULTS[fault]
    github = connect(timeout=SHORT) if "delay" in plan else connect()
    github.login()
    run = write.prepare(site, github)
    planned = site.fault(write.operation, when=when, **plan)
    site.exchanges.clear()
    clock.slept.clear()

    code, result = attempt(run)

    assert planned.times == 0, "the fault was never met"
    assert site.requests(write.operation) == 1, "sent more than once"
    assert len(site.exchanges) - write.reads <= 5
    timeouts = 1 if "delay" in plan else 0
    assert sum(clock.slept) + timeouts * TIMEOUT <= 120
    if when == "after":
        assert code == ExitCode.OK, result
        assert write.happened(site) == write.once
    elif (name, fault) in ANSWERS:
        assert (code, result) == (ExitCode.OK, ANSWERS[name, fault])
    else:
        assert code == expected, result
        assert write.happened(site) != write.once
    again(site, write, run)


def again(site: GitHubServer, write: Write, run: Run) -> None:
    """What `scaffold resume` does, and then once more: done once, and then nothing left to send."""
    code, result = attempt(run)
    assert code == ExitCode.OK, result
    assert write.happened(site) == write.once
    site.exchanges.clear()
    assert attempt(run)[0] == ExitCode.OK
    assert {exchange.method for exchange in site.exchanges} == {"GET"}
    assert write.happened(site) == write.once


@pytest.mark.parametrize("name", WRITES)
def test_a_host_that_fails_for_good_is_left_alone(
    site: GitHubServer, github: GitHub, clock: Clock, kept_fork: None, name: str
) -> None:
    run = WRITES[name].prepare(site, github)
    site.fault("*", status=503, times=ALWAYS)
    site.exchanges.clear()
    clock.slept.clear()
    code, _ = attempt(run)
    assert code == ExitCode.NETWORK
    assert len(site.exchanges) <= 5
    assert {exchange.method for exchange in site.exchanges} == {"GET"}
    assert sum(clock.slept) + len(site.exchanges) * TIMEOUT <= 120


@pytest.mark.parametrize("name", WRITES)
def test_nothing_works_any_more_once_the_write_was_sent(
    site: GitHubServer, github: GitHub, clock: Clock, kept_fork: None, name: str
) -> None:
    """The write took effect; its answer and all that follows is lost: exit status 6, and going on finds it."""
    write = WRITES[name]
    run = write.prepare(site, github)
    site.fault(write.operation, when="after", drop=True)
    site.fault("*", drop=True, times=ALWAYS, skip=write.looks)
    site.exchanges.clear()
    clock.slept.clear()
    assert attempt(run)[0] == ExitCode.NETWORK
    assert site.requests(write.operation) == 1
    assert len(site.exchanges) - write.reads <= 5
    assert sum(clock.slept) + 5 * TIMEOUT <= 120
    site.faults.clear()
    again(site, write, run)


def test_a_wait_that_is_short_is_waited(site: GitHubServer, github: GitHub, clock: Clock) -> None:
    site.fault("pulls/list", status=429, headers={"Retry-After": "20"})
    site.fault("pulls/list", **secondary_limit(None))
    assert github.find_pull(UPSTREAM, "porter:none") is None
    assert clock.slept == [20, 30]


@pytest.mark.parametrize(
    "fault", [primary_limit(3600), secondary_limit(3600), {"status": 503, "headers": {"Retry-After": "90"}}]
)
def test_a_wait_that_is_long_is_left_to_the_user(
    site: GitHubServer, github: GitHub, clock: Clock, fault: dict[str, Any]
) -> None:
    site.fault("pulls/list", **fault)
    with pytest.raises(ScaffoldError) as caught:
        github.find_pull(UPSTREAM, "porter:none")
    assert caught.value.exit_code == ExitCode.NETWORK
    assert "scaffold resume" in caught.value.help
    assert clock.slept == []


def test_waiting_has_an_end(site: GitHubServer, github: GitHub, clock: Clock) -> None:
    site.fault("pulls/list", status=429, headers={"Retry-After": "25"}, times=ALWAYS)
    with pytest.raises(ScaffoldError) as caught:
        github.find_pull(UPSTREAM, "porter:none")
    assert caught.value.code == "HUB106"
    assert clock.slept == [25, 25]


def test_reading_gets_past_what_passes(site: GitHubServer, connect: Connect, clock: Clock) -> None:
    github = connect(timeout=SHORT)
    for plan in ({"drop": True}, {"status": 502}, {"delay": DELAY, "drop": True}, {"status": 500}):
        site.fault("repos/get", **plan)
    assert github.repository(UPSTREAM) is not None
    assert site.requests("repos/get") == 5
    assert clock.slept == [1.0, 2.0, 4.0]


def test_an_answer_that_breaks_off(site: GitHubServer, github: GitHub) -> None:
    site.fault("pulls/create", when="during", drop=True)
    assert opened(github).number == 1
    assert len(site.pulls) == 1


@pytest.mark.parametrize("body", ["<html>Log in</html>", [], {"message": "Temporary Redirect"}, "{", 3])
def test_an_answer_that_is_not_githubs(site: GitHubServer, github: GitHub, body: object) -> None:
    site.fault("repos/get", status=200, body=body)
    with pytest.raises(ScaffoldError) as caught:
        github.repository(UPSTREAM)
    assert (caught.value.code, caught.value.exit_code) == ("HUB113", ExitCode.NETWORK)
    site.fault("pulls/create", when="after", status=201, body=body)
    assert opened(github).number == 1
    assert len(site.pulls) == 1


@pytest.mark.parametrize(
    "plan", [{"status": 403}, {"status": 422}, {"status": 200, "body": "x"}, {"status": 503, "times": 9}]
)
def test_a_failed_search_is_no_failure(site: GitHubServer, github: GitHub, clock: Clock, plan: dict[str, Any]) -> None:
    site.fault("search/issues-and-pull-requests", **plan)
    assert github.ongoing(UPSTREAM, ["TFQuokka"]) == ()
    assert site.requests("search/issues-and-pull-requests") <= 3
    assert sum(clock.slept) <= 5


def test_the_filter_of_the_list_is_not_trusted(site: GitHubServer, github: GitHub) -> None:
    head = {"label": "somebody:add_tf_quokka", "ref": "add_tf_quokka", "sha": "0" * 40, "repo": None}
    entry = {"number": 7, "title": "T", "body": None, "state": "open", "head": head, "base": {"ref": "main"}}
    site.fault("pulls/list", status=200, body=[entry])
    assert github.find_pull(UPSTREAM, HEAD) is None
    site.fault("pulls/list", status=200, body=[entry])
    assert github.find_pull(UPSTREAM, head["label"] or "") is not None
