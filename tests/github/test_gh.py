"""The stand-in judged by a second client, GitHub's own `gh`, which reaches it as a proxy for `github.localhost`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.github.arranged import FORK, TOKEN, UPSTREAM, opened, work
from tests.github.server import GitHubServer

pytestmark = pytest.mark.skipif(shutil.which("gh") is None, reason="needs GitHub's command line client, `gh`")


class Gh:
    """Runs `gh` with nothing of the user's: a home of its own, and no way to any host but the stand-in."""

    def __init__(self, hub: GitHubServer, home: Path) -> None:
        self.home = home
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "GH_CONFIG_DIR": str(home / "gh"),
            "GH_HOST": "github.localhost",
            "GH_TOKEN": TOKEN,
            "GH_NO_UPDATE_NOTIFIER": "1",
            "GH_PROMPT_DISABLED": "1",
            "HTTP_PROXY": hub.web,
            "HTTPS_PROXY": hub.web,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["gh", *arguments]
        return subprocess.run(
            command, cwd=self.home, env=self.env, capture_output=True, text=True, check=False, timeout=60
        )

    def __call__(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def gh(site: GitHubServer, tmp_path: Path) -> Gh:
    return Gh(site, tmp_path)


def test_repositories_and_user(gh: Gh) -> None:
    assert gh("api", "user", "--jq", ".login") == "porter"
    assert gh("api", f"repos/{UPSTREAM}", "--jq", ".full_name, .permissions.push") == f"{UPSTREAM}\nfalse"
    missing = gh.run("api", "repos/nobody/nothing")
    assert (missing.returncode, "HTTP 404" in missing.stderr) == (1, True)


def test_a_pull_request_from_open_to_ready(site: GitHubServer, gh: Gh) -> None:
    work(site)
    pulls, fields = f"repos/{UPSTREAM}/pulls", ("-f", "title=Add TF Quokka", "-f", "body=…", "-f", "base=main")
    create = ("api", pulls, *fields, "-f", "head=porter:add_tf_quokka", "-F", "draft=true")
    assert gh(*create, "--jq", ".html_url") == f"{site.web}/{UPSTREAM}/pull/1"
    again = gh.run(*create)
    assert (again.returncode, "A pull request already exists" in again.stdout + again.stderr) == (1, True)
    node = gh("api", f"{pulls}?head=porter:add_tf_quokka", "--jq", ".[] | select(.draft) | .node_id")
    query = (
        "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }"
    )
    asked = ("api", "graphql", "-f", f"query={query}", "-f", f"id={node}")
    assert gh(*asked, "--jq", ".data.markPullRequestReadyForReview.pullRequest.isDraft") == "false"
    assert gh("api", f"{pulls}/1", "--jq", ".draft, .head.label") == "false\nporter:add_tf_quokka"


def test_pages_are_followed(site: GitHubServer, gh: Gh) -> None:
    pull = opened(site)
    for number in range(65):
        site.add_comment(pull, "gante", str(number))
    listed = gh("api", "--paginate", f"repos/{UPSTREAM}/issues/1/comments", "--jq", ".[].body")
    assert listed.split() == [str(number) for number in range(65)]


def test_its_own_commands_for_forks(site: GitHubServer, gh: Gh) -> None:
    gh("repo", "fork", UPSTREAM, "--clone=false")
    assert site.repositories[FORK].parent is site.repositories[UPSTREAM]
    new = site.repositories[UPSTREAM].bare.commit("main", {"a": "1\n"}, "Theirs")
    gh("repo", "sync", FORK, "--branch", "main")
    assert site.repositories[FORK].bare.sha("refs/heads/main") == new


def test_refusals_of_graphql(site: GitHubServer, gh: Gh) -> None:
    query = 'query=mutation { convertPullRequestToDraft(input: {pullRequestId: "PR_0"}) { pullRequest { isDraft } } }'
    done = gh.run("api", "graphql", "-f", query)
    assert (done.returncode, "Could not resolve to a node" in done.stderr) == (1, True)
