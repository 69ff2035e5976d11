"""What each operation sends and returns, and that a dry run sends nothing; every exchange is judged by GitHub's description."""

from __future__ import annotations

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Call, Check, Host, PullRequest, Review, Token
from scaffold.core.secrets import redact
from scaffold.hosting.github import GitHub
from tests.github.arranged import FORK, TOKEN, UPSTREAM
from tests.github.server import GitHubServer
from tests.hosting.conftest import BRANCH, HEAD, Clock, Connect, opened

FINE_GRAINED = "github_pat_" + "f" * 60
BARE = "ghp_" + "b" * 36
READER = "ghp_" + "r" * 36


def writes(site: GitHubServer) -> list[str]:
    return [exchange.operation for exchange in site.exchanges if exchange.method != "GET"]


# --- who -------------------------------------------------------------------------------------------------------------


def test_login_and_scopes_are_asked_once(site: GitHubServer, connect: Connect) -> None:
    github = connect()
    assert (github.login(), github.scopes(), github.login()) == ("porter", ("repo", "workflow"), "porter")
    assert site.requests("users/get-authenticated") == 1


def test_scopes_of_other_tokens(site: GitHubServer, connect: Connect) -> None:
    site.add_user("porter", token=FINE_GRAINED, scopes=None)
    site.add_user("porter", token=BARE, scopes=())
    assert connect(FINE_GRAINED).scopes() is None
    assert connect(BARE).scopes() == ()


def test_a_token_that_is_nobodys(connect: Connect) -> None:
    with pytest.raises(ScaffoldError) as caught:
        connect("ghp_" + "z" * 36).login()
    assert (caught.value.code, caught.value.exit_code) == ("HUB103", ExitCode.AUTHENTICATION)
    assert "/settings/tokens" in caught.value.help
    assert "zzz" not in str(caught.value)


def test_no_token_reads_what_is_public(site: GitHubServer, connect: Connect) -> None:
    github = connect(None)
    found = github.repository(UPSTREAM)
    assert found is not None
    assert not found.can_push
    site.exchanges.clear()
    with pytest.raises(ScaffoldError, match="HUB103"):
        github.login()
    assert site.exchanges == []


# --- repositories and forks ------------------------------------------------------------------------------------------


def test_repository(site: GitHubServer, github: GitHub) -> None:
    fork = github.repository(FORK)
    assert fork is not None
    assert (fork.full_name, fork.parent, fork.can_push) == (FORK, UPSTREAM, True)
    assert fork.clone_url == f"{site.web}/{FORK}.git"
    upstream = github.repository(UPSTREAM)
    assert upstream is not None
    assert (upstream.parent, upstream.can_push) == (None, False)
    assert github.repository("porter/none") is None


def test_a_renamed_repository_is_found_under_its_new_name(site: GitHubServer, github: GitHub) -> None:
    site.add_repository("lab/old")
    site.rename("lab/old", "lab/new")
    found = github.repository("lab/old")
    assert found is not None
    assert found.full_name == "lab/new"


@pytest.mark.parametrize("name", ["transformers", "a/b/c", "../x", "a/..", "a/b?c=d", "a b/c", "", "a/b#"])
def test_names_that_are_no_repositorys_are_never_sent(site: GitHubServer, github: GitHub, name: str) -> None:
    site.exchanges.clear()
    with pytest.raises(ScaffoldError, match="HUB112"):
        github.repository(name)
    assert site.exchanges == []


def test_a_fork_that_exists_is_used(site: GitHubServer, github: GitHub) -> None:
    assert github.ensure_fork(UPSTREAM).full_name == FORK
    assert writes(site) == []


def test_a_fork_under_another_name_is_used(site: GitHubServer, github: GitHub) -> None:
    site.rename(FORK, "porter/tf-ports")
    try:
        assert github.ensure_fork(UPSTREAM).full_name == "porter/tf-ports"
        assert writes(site) == []
    finally:
        site.rename("porter/tf-ports", FORK)
        site.moved.clear()


def test_a_name_that_is_taken_by_something_else(site: GitHubServer, connect: Connect) -> None:
    site.add_user("smith", token=READER)
    site.add_repository("smith/transformers")
    github = connect(READER)
    made = github.ensure_fork(UPSTREAM)
    assert (made.full_name, made.parent, made.can_push) == ("smith/transformers-1", UPSTREAM, True)
    assert made.clone_url == f"{site.web}/smith/transformers-1.git"
    assert github.ensure_fork(UPSTREAM) == made
    assert writes(site) == ["repos/create-fork"]


def test_a_fork_of_a_fork_is_refused(site: GitHubServer, connect: Connect) -> None:
    """GitHub gives an account one repository of a family: that of another member's fork is in the way."""
    site.add_user("smith", token=READER)
    site.fork(site.repositories[FORK], "smith", "transformers")
    with pytest.raises(ScaffoldError) as caught:
        connect(READER).ensure_fork(UPSTREAM)
    assert (caught.value.code, caught.value.exit_code) == ("HUB110", ExitCode.CONFLICT)
    assert FORK in caught.value.message
    assert sorted(site.repositories) == sorted([UPSTREAM, FORK, "smith/transformers"])


def test_into_an_organization(site: GitHubServer, github: GitHub) -> None:
    site.add_organization("lab", members=("porter",))
    made = github.ensure_fork(UPSTREAM, organization="lab")
    assert (made.full_name, made.owner) == ("lab/transformers", "lab")
    assert github.ensure_fork(UPSTREAM, organization="lab") == made
    assert writes(site) == ["repos/create-fork"]


def test_an_organization_of_others(site: GitHubServer, github: GitHub) -> None:
    site.add_organization("others")
    with pytest.raises(ScaffoldError) as caught:
        github.ensure_fork(UPSTREAM, organization="others")
    assert (caught.value.code, caught.value.exit_code) == ("HUB104", ExitCode.AUTHENTICATION)


def test_a_fork_that_is_archived(site: GitHubServer, github: GitHub) -> None:
    site.repositories[FORK].archived = True
    try:
        with pytest.raises(ScaffoldError, match="archived") as caught:
            github.ensure_fork(UPSTREAM)
    finally:
        site.repositories[FORK].archived = False
    assert caught.value.code == "HUB110"


def test_an_organizations_fork_that_may_only_be_read(site: GitHubServer, github: GitHub) -> None:
    site.add_organization("readers")
    site.fork(site.repositories[UPSTREAM], "readers", "transformers")
    with pytest.raises(ScaffoldError, match="HUB110"):
        github.ensure_fork(UPSTREAM, organization="readers")
    assert writes(site) == []


def test_ones_own_repository_cannot_be_forked(site: GitHubServer, github: GitHub) -> None:
    site.add_repository("porter/own")
    with pytest.raises(ScaffoldError, match="HUB110"):
        github.ensure_fork("Porter/own")
    assert writes(site) == []


def test_a_token_without_the_scope_to_fork(site: GitHubServer, connect: Connect) -> None:
    site.add_user("smith", token=BARE, scopes=("gist",))
    with pytest.raises(ScaffoldError) as caught:
        connect(BARE).ensure_fork(UPSTREAM)
    assert (caught.value.code, caught.value.exit_code) == ("HUB104", ExitCode.AUTHENTICATION)
    assert "`repo`" in caught.value.help
    assert "smith/transformers" not in site.repositories


def test_sync(site: GitHubServer, github: GitHub) -> None:
    assert github.sync_fork(FORK, "main") == "up-to-date"
    new = site.repositories[UPSTREAM].bare.commit("main", {"a.txt": "a\n"}, "Upstream goes on")
    assert writes(site) == []
    assert github.sync_fork(FORK, "main") == "fast-forwarded"
    assert github.branch_exists(FORK, "main") == new
    assert github.sync_fork(FORK, "main") == "up-to-date"
    assert writes(site) == ["repos/merge-upstream"]


def test_sync_of_a_branch_that_one_of_the_two_does_not_have(site: GitHubServer, github: GitHub) -> None:
    assert github.sync_fork(FORK, BRANCH) == "missing"
    assert github.sync_fork(UPSTREAM, "main") == "missing"
    assert writes(site) == []


def test_sync_with_commits_on_both_sides(site: GitHubServer, github: GitHub) -> None:
    fork, upstream = site.repositories[FORK].bare, site.repositories[UPSTREAM].bare
    for bare in (fork, upstream):
        bare.git("branch", "-f", "both", "main")
    upstream.commit("both", {"upstream.txt": "u\n"}, "Upstream's")
    fork.commit("both", {"mine.txt": "m\n"}, "Mine")
    assert github.sync_fork(FORK, "both") == "merged"
    upstream.commit("both", {"same.txt": "theirs\n"}, "Upstream's")
    mine = fork.commit("both", {"same.txt": "mine\n"}, "Mine")
    assert github.sync_fork(FORK, "both") == "conflict"
    assert github.branch_exists(FORK, "both") == mine


def test_sync_that_needs_the_workflow_scope(site: GitHubServer, connect: Connect) -> None:
    site.repositories[UPSTREAM].bare.git("branch", "-f", "flow", "main")
    site.repositories[FORK].bare.git("branch", "-f", "flow", "main")
    site.repositories[UPSTREAM].bare.commit("flow", {".github/workflows/a.yml": "on: push\n"}, "Workflow")
    site.add_user("porter", token=BARE, scopes=("repo",))
    with pytest.raises(ScaffoldError) as caught:
        connect(BARE).sync_fork(FORK, "flow")
    assert (caught.value.code, caught.value.exit_code) == ("HUB104", ExitCode.AUTHENTICATION)
    assert "scope `workflow`" in caught.value.help


def test_branch_names_are_quoted(site: GitHubServer, github: GitHub) -> None:
    site.repositories[FORK].bare.git("branch", "-f", "feature/x#1", "main")
    assert github.branch_exists(FORK, "feature/x#1") == site.repositories[FORK].bare.sha("refs/heads/main")
    assert github.branch_exists(FORK, "feature/y") is None


# --- pull requests ---------------------------------------------------------------------------------------------------


def test_a_pull_request_is_opened_once(site: GitHubServer, github: GitHub) -> None:
    fields = {"head": HEAD, "base": "main", "title": "Add TF Quokka", "body": "Generated.\r\n"}
    pull, did = github.ensure_pull(UPSTREAM, **fields)  # type: ignore[arg-type]
    assert did == "created"
    assert (pull.draft, pull.author, pull.head, pull.base) == (True, "porter", HEAD, "main")
    assert pull.url == f"{site.web}/{UPSTREAM}/pull/1"
    assert pull.head_sha == site.repositories[FORK].bare.sha(f"refs/heads/{BRANCH}")
    assert site.pulls[0].maintainer_can_modify
    assert github.ensure_pull(UPSTREAM, **fields | {"body": "Generated.\n"}) == (pull, "unchanged")  # type: ignore[arg-type]
    assert github.find_pull(UPSTREAM, "PORTER:add_tf_quokka") == pull
    assert github.pull(UPSTREAM, 1) == pull
    assert writes(site) == ["pulls/create"]


def test_only_what_differs_is_updated(site: GitHubServer, github: GitHub) -> None:
    opened(github)
    github.mark_ready(opened(github))
    pull, did = github.ensure_pull(UPSTREAM, head=HEAD, base="main", title="Add TF Quokka", body="More.")
    assert (did, pull.body, pull.draft) == ("updated", "More.", False)
    assert site.exchanges[-1].body == {"body": "More."}


def test_other_branches_and_closed_pull_requests_are_no_match(site: GitHubServer, github: GitHub) -> None:
    first = opened(github)
    site.pulls[0].state = "closed"
    assert github.find_pull(UPSTREAM, HEAD) is None
    closed = github.pull(UPSTREAM, first.number)
    assert closed is not None
    assert closed.state == "closed"
    site.pulls[0].state = "open"
    assert github.find_pull(UPSTREAM, "porter:main") is None
    assert github.find_pull(UPSTREAM, HEAD, base="v4") is None
    assert github.find_pull("porter/none", HEAD) is None
    assert github.pull(UPSTREAM, 99) is None


@pytest.mark.parametrize("head", [BRANCH, ":x", "porter:", ""])
def test_a_head_without_owner_would_find_them_all(github: GitHub, head: str) -> None:
    with pytest.raises(ValueError, match="owner:branch"):
        github.find_pull(UPSTREAM, head)


def test_inside_a_fork(site: GitHubServer, github: GitHub) -> None:
    pull, did = github.ensure_pull(FORK, head=HEAD, base="main", title="T", body="B")
    assert (did, pull.repository, pull.url) == ("created", FORK, f"{site.web}/{FORK}/pull/1")
    sent = next(exchange.body for exchange in site.exchanges if exchange.operation == "pulls/create")
    assert "maintainer_can_modify" not in sent
    assert "head_repo" not in sent
    again, did = github.ensure_pull(FORK, head=HEAD, base="main", title="T", body="B", head_repository=FORK)
    assert (again, did) == (pull, "unchanged")


def test_between_two_repositories_of_one_organization(site: GitHubServer, github: GitHub) -> None:
    site.add_organization("lab", members=("porter",))
    site.add_repository("lab/transformers")
    fork = site.fork(site.repositories["lab/transformers"], "lab", "ports")
    fork.bare.git("branch", "-f", BRANCH, "main")
    fork.bare.commit(BRANCH, {"a.txt": "a\n"}, "A port")
    fields = {"head": f"lab:{BRANCH}", "base": "main", "title": "T", "body": "B", "head_repository": "lab/ports"}
    pull, did = github.ensure_pull("lab/transformers", **fields)  # type: ignore[arg-type]
    assert did == "created"
    assert site.pulls[0].head_repository == "lab/ports"
    assert github.ensure_pull("lab/transformers", **fields) == (pull, "unchanged")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("head", "base", "advice"),
    [("porter:main", "main", "push the branch"), ("porter:none", "main", "push the branch"), (HEAD, "v9", "--base")],
)
def test_a_pull_request_that_cannot_be(github: GitHub, head: str, base: str, advice: str) -> None:
    with pytest.raises(ScaffoldError) as caught:
        github.ensure_pull(UPSTREAM, head=head, base=base, title="T", body="B")
    assert (caught.value.code, caught.value.exit_code) == ("HUB109", ExitCode.FAILURE)
    assert advice in caught.value.help


def test_fine_grained_tokens_cannot_open_one_elsewhere(site: GitHubServer, connect: Connect) -> None:
    site.add_user("porter", token=FINE_GRAINED, scopes=None)
    with pytest.raises(ScaffoldError) as caught:
        opened(connect(FINE_GRAINED))
    assert (caught.value.code, caught.value.exit_code) == ("HUB104", ExitCode.AUTHENTICATION)
    assert "classic token" in caught.value.help
    assert site.pulls == []


def test_ongoing_work(site: GitHubServer, github: GitHub) -> None:
    site.add_pull(UPSTREAM, head=HEAD, title="Add TFQuokka model", author="gante", draft=True)
    site.add_pull(UPSTREAM, head=HEAD, title="Fix a typo")
    site.add_pull(UPSTREAM, head=HEAD, title="Quokka: fix a typo")
    (found,) = github.ongoing(UPSTREAM, ["quokka", "TFQuokka"])
    assert (found.number, found.author, found.draft) == (1, "gante", True)
    assert "is:pr is:open" in str(site.exchanges[-1].query)


def test_marking_ready(site: GitHubServer, github: GitHub) -> None:
    pull = opened(github)
    site.exchanges.clear()
    github.mark_ready(pull)
    assert not site.pulls[0].draft
    github.mark_ready(pull)
    assert writes(site) == ["graphql"]
    site.pulls.clear()
    with pytest.raises(ScaffoldError, match="HUB108"):
        github.mark_ready(pull)


def test_a_mutation_that_is_refused_with_status_200(site: GitHubServer, github: GitHub, connect: Connect) -> None:
    pull = opened(github)
    site.add_user("smith", token=READER)
    with pytest.raises(ScaffoldError) as caught:
        connect(READER).mark_ready(pull)
    assert (caught.value.code, caught.value.exit_code) == ("HUB104", ExitCode.AUTHENTICATION)
    assert site.pulls[0].draft


# --- reviews, comments, checks ---------------------------------------------------------------------------------------


def test_reviewers_are_asked_one_by_one(site: GitHubServer, github: GitHub) -> None:
    site.add_collaborator(UPSTREAM, "porter", "push")
    pull = opened(github)
    site.exchanges.clear()
    assert github.request_reviewers(pull, ["@gante", "nobody", "porter", "joao", "Gante", "a/b"]) == ("nobody", "a/b")
    assert site.pulls[0].reviewers == ["gante", "joao"]
    assert writes(site) == ["pulls/request-reviewers"] * 2
    assert github.request_reviewers(pull, ["gante"]) == ()
    site.pulls[0].reviewers.remove("joao")
    site.add_review(site.pulls[0], "joao", "COMMENTED")
    assert github.request_reviewers(pull, ["joao"]) == ()
    assert writes(site) == ["pulls/request-reviewers"] * 2


def test_who_may_not_ask_sends_nothing(site: GitHubServer, connect: Connect, github: GitHub) -> None:
    pull = opened(github)
    site.add_user("smith", token=READER)
    site.exchanges.clear()
    assert connect(READER).request_reviewers(pull, ["gante", "joao"]) == ("gante", "joao")
    assert writes(site) == []


def test_a_comment_is_written_once(site: GitHubServer, github: GitHub) -> None:
    pull = opened(github)
    assert github.ensure_comment(pull, "scaffold: reviewers", "@gante, please")
    assert not github.ensure_comment(pull, "<!-- scaffold: reviewers -->", "@gante, please")
    assert github.ensure_comment(pull, "scaffold: other", "Hello")
    assert [comment.body for comment in site.comments] == [
        "@gante, please\n\n<!-- scaffold: reviewers -->",
        "Hello\n\n<!-- scaffold: other -->",
    ]


def test_a_comment_is_found_on_a_later_page(site: GitHubServer, github: GitHub) -> None:
    pull = opened(github)
    for number in range(150):
        site.add_comment(site.pulls[0], "gante", f"Comment {number}")
    site.add_comment(site.pulls[0], "porter", "Hello <!-- here -->")
    site.exchanges.clear()
    assert not github.ensure_comment(pull, "here", "Hello")
    assert site.requests("issues/list-comments") == 2


def test_a_marker_that_would_show(github: GitHub) -> None:
    with pytest.raises(ValueError, match="would show"):
        github.ensure_comment(opened(github), "a --> b", "Hello")


def test_the_latest_verdict_counts(site: GitHubServer, github: GitHub) -> None:
    opened(github)
    pull = site.pulls[0]
    site.add_review(pull, "gante", "CHANGES_REQUESTED", commit_id="0" * 40)
    site.add_review(pull, "joao", "APPROVED", commit_id="0" * 40)
    site.add_review(pull, "gante", "APPROVED")
    site.add_review(pull, "gante", "COMMENTED")
    site.add_review(pull, "porter", "COMMENTED")
    now = github.pull(UPSTREAM, 1)
    assert now is not None
    assert github.reviews(now) == (
        Review(login="gante", state="APPROVED", current=True),
        Review(login="joao", state="APPROVED", current=False),
    )


def test_checks_are_runs_and_statuses(site: GitHubServer, github: GitHub) -> None:
    sha = site.repositories[FORK].bare.sha(f"refs/heads/{BRANCH}")
    assert sha is not None
    assert github.checks(FORK, sha) == ()
    site.add_check_run(FORK, sha, "quality")
    site.add_check_run(FORK, sha, "docs", conclusion="skipped")
    site.add_check_run(FORK, sha, "slow", conclusion="timed_out")
    site.add_check_run(FORK, sha, "first time", conclusion="action_required")
    site.add_status(FORK, sha, "ci/circleci: tf", "error")
    site.add_status(FORK, sha, "ci/circleci: pt", "success")
    assert {(check.name, check.state) for check in github.checks(FORK, sha)} == {
        ("quality", "success"),
        ("docs", "neutral"),
        ("slow", "failure"),
        ("first time", "pending"),
        ("ci/circleci: tf", "failure"),
        ("ci/circleci: pt", "success"),
    }
    assert all(isinstance(check, Check) for check in github.checks(FORK, sha))


# --- dry runs and calls ----------------------------------------------------------------------------------------------


def everything(github: GitHub, upstream: str = UPSTREAM) -> PullRequest:
    fork = github.ensure_fork(upstream)
    github.sync_fork(fork.full_name, "main")
    pull, _ = github.ensure_pull(upstream, head=f"{fork.owner}:{BRANCH}", base="main", title="T", body="B")
    github.request_reviewers(pull, ["gante", "nobody"])
    github.ensure_comment(pull, "marker", "Hello")
    github.mark_ready(pull)
    return pull


def test_a_dry_run_sends_no_write_and_lists_the_same_calls(site: GitHubServer, connect: Connect) -> None:
    fork = site.repositories.pop(FORK)
    try:
        dry = connect(dry_run=True)
        pull = everything(dry)
        assert writes(site) == []
        assert (pull.number, pull.draft, pull.head) == (0, True, HEAD)
        assert dry.reviews(pull) == ()
    finally:
        site.repositories[FORK] = fork
    del site.repositories[FORK]
    wet = connect()
    try:
        wet.ensure_fork(UPSTREAM)
        site.repositories[FORK].bare.git("branch", "-f", BRANCH, "main")
        site.repositories[FORK].bare.commit(BRANCH, {"a.txt": "a\n"}, "A port")
        del wet.calls[:]
        del dry.calls[0]
        everything(wet)
    finally:
        site.repositories[FORK] = fork

    def plain(call: Call) -> tuple[str, str, object]:
        return call.method, call.target.replace("/1", "/NUMBER"), call.body

    assert [plain(call) for call in dry.calls] == [plain(call) for call in wet.calls]
    assert [exchange.path for exchange in site.exchanges if exchange.method != "GET"][1:] == [
        call.target for call in wet.calls
    ]


def test_a_dry_run_of_an_update(site: GitHubServer, connect: Connect, github: GitHub) -> None:
    opened(github)
    site.exchanges.clear()
    dry = connect(dry_run=True)
    pull, did = dry.ensure_pull(UPSTREAM, head=HEAD, base="main", title="New", body="Generated.")
    assert (did, pull.number) == ("updated", 1)
    assert [(call.method, call.body) for call in dry.calls] == [("PATCH", {"title": "New"})]
    assert writes(site) == []


def test_the_token_is_in_no_call_and_no_message(site: GitHubServer, connect: Connect) -> None:
    github = connect()
    everything(github)
    assert TOKEN not in repr(github.calls)
    assert TOKEN not in repr([exchange.path for exchange in site.exchanges])
    site.fault("repos/get", status=422, body={"message": f"Echo {TOKEN}"})
    with pytest.raises(ScaffoldError) as caught:
        github.repository(UPSTREAM)
    assert TOKEN not in str(caught.value)
    assert redact(TOKEN) != TOKEN
    assert TOKEN not in repr(Token(TOKEN, "a test"))


def test_writes_are_a_second_apart(connect: Connect, clock: Clock) -> None:
    github = connect()
    pull = opened(github)
    github.ensure_comment(pull, "one", "1")
    github.ensure_comment(pull, "two", "2")
    assert clock.slept == [1.0, 1.0]


def test_the_host_is_kept(site: GitHubServer, github: GitHub) -> None:
    assert github.host == Host(web=site.web)
    assert github.token is not None
    assert github.token.source == "a test"
