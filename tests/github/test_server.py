"""The stand-in for GitHub, judged by PyGithub: accounts, forks, pull requests and what hangs on them.

Each test also ends with every exchange judged by GitHub's own description (the `hub` fixture).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from github import Github, GithubException, UnknownObjectException

from tests.github.arranged import FORK, OTHER, TOKEN, UPSTREAM, client, git, opened, work
from tests.github.server import GitHubServer


def refused(status: int, text: str, call: object) -> None:
    """The call is answered with this status and these words somewhere in it."""
    assert callable(call)
    with pytest.raises(GithubException) as caught:
        call()
    assert caught.value.status == status
    assert text in json.dumps(caught.value.data)


# who asks


def test_login_and_scopes(site: GitHubServer, api: Github) -> None:
    assert api.get_user().login == "porter"
    assert api.oauth_scopes == ["repo", "workflow"]
    assert site.exchanges[-1].user == "porter"
    assert TOKEN not in repr(site.exchanges)


def test_bad_credentials_and_strangers(site: GitHubServer) -> None:
    with client(site, OTHER) as api, pytest.raises(GithubException) as caught:
        api.get_user().login  # noqa: B018
    assert caught.value.status == 401
    with client(site, None) as api:
        assert api.get_repo(UPSTREAM).permissions.pull
        with pytest.raises(GithubException) as caught:
            api.get_repo(UPSTREAM).create_fork()
    assert caught.value.status == 401


def test_private_repositories_are_not_found(site: GitHubServer, api: Github) -> None:
    site.add_repository("secret/thing", private=True)
    with pytest.raises(UnknownObjectException):
        api.get_repo("secret/thing")
    site.add_collaborator("secret/thing", "porter", "pull")
    assert api.get_repo("secret/thing").private


@pytest.mark.parametrize(
    ("scopes", "grants", "works"),
    [
        (("repo",), (), True),
        (("public_repo",), (), True),
        (("read:org",), (), False),
        ((), (), False),
        (None, (), False),
        (None, (UPSTREAM,), True),
    ],
)
def test_a_token_may_do_less_than_its_user(
    site: GitHubServer, scopes: tuple[str, ...] | None, grants: tuple[str, ...], works: bool
) -> None:
    site.add_user("porter", token=OTHER, scopes=scopes, grants=grants)
    with client(site, OTHER) as api:
        repo = api.get_repo(UPSTREAM)
        assert api.oauth_scopes == (list(scopes) if scopes else None if scopes is None else [""])
        if works:
            assert repo.create_fork().full_name == FORK
        else:
            with pytest.raises(GithubException) as caught:
                repo.create_fork()
            assert caught.value.status == 403


# forks


def test_a_fork_is_made_in_the_background(site: GitHubServer, api: Github, tmp_path: Path) -> None:
    site.fork_polls = 2
    fork = api.get_repo(UPSTREAM).create_fork()
    assert (fork.full_name, fork.parent.full_name, fork.permissions.push) == (FORK, UPSTREAM, True)
    assert fork.clone_url == f"{site.web}/{FORK}.git"
    done = [git("ls-remote", fork.clone_url, cwd=tmp_path, check=False) for _ in range(3)]
    assert [run.returncode for run in done] == [128, 128, 0]
    assert "not found" in done[0].stderr
    assert "refs/heads/main" in done[2].stdout


def test_a_fork_may_never_be_ready(site: GitHubServer, tmp_path: Path) -> None:
    site.fork_delay = float("inf")
    work(site)
    assert git("ls-remote", f"{site.web}/{FORK}", cwd=tmp_path, check=False).returncode == 128


def test_forking_again_gives_the_fork_that_is_there(site: GitHubServer, api: Github) -> None:
    upstream = api.get_repo(UPSTREAM)
    first = upstream.create_fork()
    site.rename(FORK, "porter/hf")
    assert upstream.create_fork().id == first.id
    assert upstream.create_fork().full_name == "porter/hf"
    assert api.get_repo(FORK).full_name == "porter/hf", "the old name redirects"
    assert [fork.full_name for fork in upstream.get_forks()] == ["porter/hf"]


def test_a_fork_gives_way_to_an_unrelated_repository(site: GitHubServer, api: Github) -> None:
    site.add_repository(FORK)
    assert api.get_repo(FORK).fork is False
    assert api.get_repo(UPSTREAM).create_fork().full_name == f"{FORK}-1"


def test_a_fork_for_an_organisation(site: GitHubServer, api: Github) -> None:
    site.add_organization("acme", members=("porter",))
    site.add_organization("others")
    upstream = api.get_repo(UPSTREAM)
    fork = upstream.create_fork(organization="acme", name="tf", default_branch_only=True)
    assert (fork.full_name, fork.owner.type, fork.permissions.admin) == ("acme/tf", "Organization", True)
    with pytest.raises(GithubException) as caught:
        upstream.create_fork(organization="others")
    assert caught.value.status == 403


def test_syncing_a_fork(site: GitHubServer, api: Github) -> None:
    work(site)
    fork, upstream, mine = api.get_repo(FORK), site.repositories[UPSTREAM].bare, site.repositories[FORK].bare
    assert fork.merge_upstream("main").merge_type == "none"
    new = upstream.commit("main", {"a": "1\n"}, "Theirs")
    assert fork.merge_upstream("main").merge_type == "fast-forward"
    assert api.get_repo(FORK).get_branch("main").commit.sha == new
    upstream.commit("main", {"b": "theirs\n"}, "Theirs")
    mine.commit("main", {"c": "mine\n"}, "Mine")
    assert fork.merge_upstream("main").merge_type == "merge"
    upstream.commit("main", {"b": "one\n"}, "Theirs")
    mine.commit("main", {"b": "two\n"}, "Mine")
    with pytest.raises(GithubException) as caught:
        fork.merge_upstream("main")
    assert caught.value.status == 409
    with pytest.raises(GithubException) as caught:
        fork.merge_upstream("nowhere")
    assert caught.value.status == 422


# pull requests


def test_opening_a_draft(site: GitHubServer, api: Github) -> None:
    sha = work(site)
    upstream = api.get_repo(UPSTREAM)
    made = upstream.create_pull(
        base="main",
        head="porter:add_tf_quokka",
        title="Add TF Quokka",
        body="…",
        draft=True,
        maintainer_can_modify=True,
    )
    assert (made.number, made.draft, made.state, made.user.login) == (1, True, "open", "porter")
    assert (made.head.label, made.head.sha, made.head.repo.full_name) == ("porter:add_tf_quokka", sha, FORK)
    assert (made.base.ref, made.base.repo.full_name) == ("main", UPSTREAM)
    assert (made.commits, made.changed_files, made.additions, made.mergeable) == (1, 1, 1, True)
    assert made.maintainer_can_modify
    assert made.html_url == f"{site.web}/{UPSTREAM}/pull/1"
    assert site.exchanges[-1].answer["head"]["sha"] == sha


def test_a_pull_request_follows_its_branch(site: GitHubServer, api: Github) -> None:
    opened(site)
    new = site.repositories[FORK].bare.commit("add_tf_quokka", {"more.py": "1\n"}, "More")
    pull = api.get_repo(UPSTREAM).get_pull(1)
    assert (pull.head.sha, pull.commits) == (new, 2)
    assert site.repositories[UPSTREAM].bare.sha("refs/pull/1/head") == new


def test_what_can_not_be_opened(site: GitHubServer, api: Github) -> None:
    opened(site)
    upstream, fork = api.get_repo(UPSTREAM), site.repositories[FORK].bare
    fork.git("branch", "same", "main")

    def create(head: str, base: str = "main", title: str = "T") -> object:
        return lambda: upstream.create_pull(base=base, head=head, title=title, body="")

    refused(422, "A pull request already exists for porter:add_tf_quokka.", create("porter:add_tf_quokka"))
    refused(422, "No commits between huggingface:main and porter:same", create("porter:same"))
    refused(422, '"field": "base"', create("porter:add_tf_quokka", base="v9"))
    refused(422, '"field": "head"', create("porter:nothing"))
    refused(422, '"field": "head"', create("nobody:main"))
    refused(422, '"field": "head"', create("add_tf_quokka"))
    refused(422, "missing_field", create("porter:add_tf_quokka", title=""))
    site.repositories[UPSTREAM].drafts = False
    work(site, "second")
    refused(422, "Draft", lambda: upstream.create_pull(base="main", head="porter:second", title="T", draft=True))
    assert len(site.pulls) == 1


def test_heads_of_the_same_organisation_are_named(site: GitHubServer, api: Github) -> None:
    upstream = site.repositories[UPSTREAM]
    site.members("huggingface").add("porter")
    site.fork(upstream, "huggingface", "tf").bare.commit("port", {"a": "1\n"}, "Port")
    repo = api.get_repo(UPSTREAM)
    refused(422, '"field": "head"', lambda: repo.create_pull(base="main", head="huggingface:port", title="T"))
    pull = repo.create_pull(base="main", head="huggingface:port", title="T", head_repo="tf")
    assert pull.head.repo.full_name == "huggingface/tf"


def test_a_pull_request_inside_the_fork(site: GitHubServer, api: Github) -> None:
    work(site)
    pull = api.get_repo(FORK).create_pull(base="main", head="add_tf_quokka", title="T", maintainer_can_modify=True)
    assert (pull.head.label, pull.base.repo.full_name, pull.maintainer_can_modify) == (
        "porter:add_tf_quokka",
        FORK,
        False,
    )


def test_somebody_elses_fork_can_not_be_opened_to_maintainers(site: GitHubServer) -> None:
    site.add_user("other", token=OTHER)
    work(site)
    with client(site, OTHER) as api:
        repo = api.get_repo(UPSTREAM)
        details: dict[str, Any] = {"base": "main", "head": "porter:add_tf_quokka", "title": "T"}
        refused(422, "fork_collab", lambda: repo.create_pull(**details, maintainer_can_modify=True))
        assert repo.create_pull(**details).user.login == "other"


def test_the_head_filter_needs_its_user(site: GitHubServer, api: Github) -> None:
    opened(site)
    work(site, "second")
    site.add_pull(UPSTREAM, head="porter:second").state = "closed"
    repo = api.get_repo(UPSTREAM)

    def numbers(**query: str) -> list[int]:
        return [pull.number for pull in repo.get_pulls(**query)]

    assert numbers(head="porter:add_tf_quokka") == [1]
    assert numbers(head="porter:second") == []
    assert numbers(head="porter:second", state="all") == [2]
    assert numbers(head="second", state="all") == [2, 1], "ignored, as GitHub does"
    assert numbers(base="v9") == []


def test_lists_come_in_pages(site: GitHubServer, api: Github) -> None:
    pull = opened(site)
    for number in range(65):
        site.add_comment(pull, "gante", f"comment {number}")
    found = [comment.body for comment in api.get_repo(UPSTREAM).get_pull(1).get_issue_comments()]
    assert found == [f"comment {number}" for number in range(65)]
    pages = [exchange.query.get("page") for exchange in site.exchanges if exchange.operation == "issues/list-comments"]
    assert pages == [None, "2", "3"]


def test_changing_a_pull_request(site: GitHubServer, api: Github) -> None:
    pull = opened(site, title="Before")
    site.repositories[UPSTREAM].bare.git("branch", "v4", "main")
    mine = api.get_repo(UPSTREAM).get_pull(1)
    mine.edit(title="After", body="New", base="v4", state="closed", maintainer_can_modify=True)
    assert (pull.title, pull.body, pull.base, pull.state, pull.maintainer_can_modify) == (
        "After",
        "New",
        "v4",
        "closed",
        True,
    )
    refused(422, '"field": "base"', lambda: mine.edit(base="v9"))
    site.add_user("other", token=OTHER)
    with client(site, OTHER) as theirs:
        refused(403, "author", lambda: theirs.get_repo(UPSTREAM).get_pull(1).edit(title="Mine now"))


def test_drafts_become_ready_and_back(site: GitHubServer, api: Github) -> None:
    pull = opened(site, draft=True)
    mine = api.get_repo(UPSTREAM).get_pull(1)
    mine.mark_ready_for_review()
    assert (mine.draft, pull.draft) == (False, False)
    mine.convert_to_draft()
    assert (mine.draft, pull.draft) == (True, True)
    site.add_user("other", token=OTHER)
    with client(site, OTHER) as theirs:
        refused(400, "FORBIDDEN", lambda: theirs.get_repo(UPSTREAM).get_pull(1).mark_ready_for_review())
    assert site.exchanges[-1].status == 200, "errors of GraphQL come with HTTP 200"
    assert pull.draft
    site.pulls.clear()
    refused(404, "NOT_FOUND", mine.mark_ready_for_review)


def test_asking_for_reviews(site: GitHubServer, api: Github) -> None:
    opened(site)
    mine = api.get_repo(UPSTREAM).get_pull(1)
    refused(403, "triage", lambda: mine.create_review_request(reviewers=["gante"]))
    site.add_collaborator(UPSTREAM, "porter", "triage")
    refused(422, "not a collaborator", lambda: mine.create_review_request(reviewers=["gante", "stranger"]))
    refused(422, "author", lambda: mine.create_review_request(reviewers=["porter"]))
    assert site.pulls[0].reviewers == [], "one name fails the whole list"
    mine.create_review_request(reviewers=["gante"])
    assert [user.login for user in mine.get_review_requests()[0]] == ["gante"]


def test_comments_labels_and_reviews(site: GitHubServer, api: Github) -> None:
    pull = opened(site)
    mine = api.get_repo(UPSTREAM).get_pull(1)
    assert mine.create_issue_comment("Hello <!-- marker -->").user.login == "porter"
    assert [comment.body for comment in mine.get_issue_comments()] == ["Hello <!-- marker -->"]
    refused(403, "triage", lambda: mine.add_to_labels("TensorFlow"))
    site.add_collaborator(UPSTREAM, "porter", "triage")
    mine.add_to_labels("TensorFlow", "New model")
    assert [label.name for label in api.get_repo(UPSTREAM).get_pull(1).labels] == ["TensorFlow", "New model"]
    site.add_review(pull, "gante", "APPROVED")
    assert [(r.user.login, r.state, r.commit_id) for r in mine.get_reviews()] == [("gante", "APPROVED", pull.head_sha)]


def test_checks_of_a_commit(site: GitHubServer, api: Github) -> None:
    sha = opened(site).head_sha
    commit = api.get_repo(UPSTREAM).get_branch("main").commit
    assert commit.get_combined_status().state == "pending", "nothing reported isn't passing"
    site.add_status(UPSTREAM, sha, "ci/circleci: tf", "pending")
    site.add_status(UPSTREAM, sha, "ci/circleci: tf", "success")
    site.add_status(UPSTREAM, sha, "ci/circleci: flax", "error")
    site.add_check_run(UPSTREAM, sha, "quality", status="in_progress")
    site.add_check_run(UPSTREAM, sha, "quality", conclusion="failure")
    base = f"{site.api}/repos/{UPSTREAM}/commits"
    _, status = api.requester.requestJsonAndCheck("GET", f"{base}/{sha}/status")
    assert (status["state"], status["total_count"]) == ("failure", 2)
    _, runs = api.requester.requestJsonAndCheck("GET", f"{base}/{sha}/check-runs")
    assert [(run["name"], run["conclusion"]) for run in runs["check_runs"]] == [("quality", "failure")]
    refused(422, "No commit found", lambda: api.requester.requestJsonAndCheck("GET", f"{base}/nothing/check-runs"))


def test_branches_and_refs(site: GitHubServer, api: Github) -> None:
    sha = work(site, "port/quokka")
    fork = api.get_repo(FORK)
    assert fork.get_branch("port/quokka").commit.sha == sha
    assert fork.get_git_ref("heads/port/quokka").object.sha == sha
    refused(404, "Branch not found", lambda: fork.get_branch("nothing"))
    refused(404, "Not Found", lambda: fork.get_git_ref("heads/nothing"))


def test_searching_for_ongoing_work(site: GitHubServer, api: Github) -> None:
    opened(site, title="Add TF Quokka", body="about wombats")

    def found(query: str) -> list[int]:
        return [issue.number for issue in api.search_issues(query)]

    assert found(f"repo:{UPSTREAM} is:pr is:open in:title quokka tf") == [1]
    assert found(f"repo:{UPSTREAM} is:pr wombats") == [1]
    assert found(f"repo:{UPSTREAM} is:pr in:title wombats") == []
    assert found(f"repo:{UPSTREAM} is:pr is:closed quokka") == []
    assert found("repo:other/thing is:pr quokka") == []
    assert found(f'repo:{UPSTREAM} is:pr in:title "tf quokka"') == [1]
    refused(422, "is:issue", lambda: found(f"repo:{UPSTREAM} quokka"))
    assert api.search_issues(f"repo:{UPSTREAM} is:pr quokka")[0].as_pull_request().number == 1


def test_collaborators_are_told_to_those_who_may_push(site: GitHubServer, api: Github) -> None:
    refused(
        403,
        "push",
        lambda: api.requester.requestJsonAndCheck("GET", f"{site.api}/repos/{UPSTREAM}/collaborators/gante"),
    )
    site.add_collaborator(UPSTREAM, "porter", "push")
    repo = api.get_repo(UPSTREAM)
    assert repo.has_in_collaborators("gante")
    assert not repo.has_in_collaborators("stranger")


def test_the_hourly_limit(site: GitHubServer, api: Github) -> None:
    site.limits["core"] = 1
    api.get_user().login  # noqa: B018
    assert api.get_rate_limit().rate.remaining == 0
    refused(403, "rate limit", lambda: api.get_user().login)


def test_nothing_points_at_the_real_site(site: GitHubServer, api: Github) -> None:
    pull = opened(site, title="Add TF Quokka", draft=True)
    pull.labels, pull.reviewers = ["TensorFlow"], ["gante"]
    site.add_review(pull, "gante", "APPROVED")
    site.add_check_run(UPSTREAM, pull.head_sha, "quality")
    repo, base = api.get_repo(FORK), f"{site.api}/repos/{UPSTREAM}"
    repo.get_branch("main")
    mine = api.get_repo(UPSTREAM).get_pull(1)
    mine.create_issue_comment("Hello")
    assert list(mine.get_reviews())
    assert list(api.search_issues(f"repo:{UPSTREAM} is:pr quokka"))
    api.requester.requestJsonAndCheck("GET", f"{base}/commits/{pull.head_sha}/check-runs")
    api.requester.requestJsonAndCheck("GET", f"{base}/commits/{pull.head_sha}/status")
    answers = json.dumps([exchange.answer for exchange in site.exchanges])
    assert "github.com" not in answers
    assert "octocat" not in answers.lower()
    assert "hello-world" not in answers.lower()
