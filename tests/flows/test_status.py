"""`status`: what is counted, and which step comes next."""

from __future__ import annotations

from typing import Any

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Check
from scaffold.flows import draft as drafts
from scaffold.flows.status import Request, Status, judge, run
from scaffold.hosting.github import GitHub
from scaffold.publish import journal
from scaffold.publish.origin import Origin, state_of
from tests.flows.stage import BRANCH, FORK, Quiet, Stage
from tests.layouts import git

TF = "src/transformers/models/brand_new/modeling_tf_brand_new.py"


def status(stage: Stage, *, offline: bool = False, model: str | None = None) -> Status:
    made: list[GitHub] = []

    def connect(origin: Origin) -> GitHub:
        assert origin.web == stage.hub.web
        made.append(stage.github())
        return made[0]

    try:
        return run(Request(root=stage.root, model=model, connect=None if offline else connect))
    finally:
        for github in made:
            github.close()


def open_draft(stage: Stage, **options: Any) -> None:
    github = stage.github()
    drafts.run(drafts.Request(root=stage.root, model=None, github=github, token=stage.token, **options), Quiet())
    github.close()


def test_the_way_of_a_port(stage: Stage) -> None:
    assert status(stage).next == ("scaffold open-draft-pr brand_new", "there is no pull request yet")
    open_draft(stage)
    now = status(stage)
    assert now.pushed
    assert now.pull is not None
    assert (now.ci.state, now.behind, now.base_moved) == ("none", 0, False)
    assert now.next[0] == "scaffold ready brand_new"

    (pull,) = stage.hub.pulls
    pull.draft = False
    sha = pull.head_sha
    for name, state, at in (("a", "APPROVED", sha), ("b", "APPROVED", stage.base), ("c", "COMMENTED", sha)):
        stage.hub.add_review(pull, name, state, commit_id=at)
    stage.hub.add_review(pull, "d", "CHANGES_REQUESTED")
    now = status(stage)
    assert (now.reviews.approved, now.reviews.stale) == (("a",), ("b",))
    assert now.reviews.changes_requested == ("d",)
    assert "d asked for" in now.next[1]

    stage.hub.add_review(pull, "d", "APPROVED")
    assert status(stage).next == ("", "waiting for 1 more approval")
    stage.hub.add_review(pull, "b", "APPROVED")
    stage.hub.add_status(FORK, sha, "ci/circleci", "failure")
    stage.hub.add_check_run(FORK, sha, "build")
    now = status(stage)
    assert now.ci.state == "failing"
    assert now.next[1] == "mend what fails first: ci/circleci"
    stage.hub.statuses.clear()
    stage.hub.add_status(FORK, sha, "tests", "pending")
    assert status(stage).ci.state == "pending"
    assert status(stage).next[0] == "scaffold finalize brand_new --weights-merged"

    pull.state, pull.merged = "closed", True
    now = status(stage)
    assert now.pull is not None
    assert now.pull.merged
    assert "merged" in now.next[1]


def test_the_local_part_without_a_network(stage: Stage) -> None:
    now = status(stage, offline=True)
    assert (now.branch, now.commit, now.pushed) == (BRANCH, git(stage.root, "rev-parse", BRANCH), False)
    assert now.offline
    assert now.next[0] == "scaffold status brand_new"
    open_draft(stage)
    now = status(stage, offline=True)
    assert now.pushed
    assert now.noted == f"{stage.hub.web}/{FORK}/pull/1"


@pytest.mark.parametrize("code", [ExitCode.NETWORK, ExitCode.AUTHENTICATION])
def test_a_network_that_fails_is_told(stage: Stage, code: ExitCode) -> None:
    def connect(origin: Origin) -> GitHub:
        raise ScaffoldError("HUB130", "no way", exit_code=code)

    assert run(Request(root=stage.root, model=None, connect=connect)).offline == "no way"


def test_a_failing_server_is_told(stage: Stage) -> None:
    stage.hub.fault("repos/get-branch", status=502, times=9)
    stage.hub.fault("git/get-ref", status=502, times=9)
    now = status(stage)
    assert now.offline
    assert now.commit


@pytest.mark.parametrize("state", ["dirty", "elsewhere", "gone", "interrupted", "unconnected", "ahead"])
def test_local_states(stage: Stage, state: str) -> None:
    expected = {
        "dirty": "git commit --all",
        "elsewhere": f"git switch {BRANCH}",
        "gone": "scaffold new-tf-model brand_new --fork",
        "interrupted": "scaffold resume",
        "unconnected": "scaffold new-tf-model brand_new --fork",
        "ahead": "scaffold ready brand_new",
    }
    if state == "ahead":
        open_draft(stage)
        stage.hub.pulls[0].draft = False
        stage.edit(TF, "TFP101", "TFP102")
        assert (status(stage).unpushed, status(stage).pushed) == (1, False)
    elif state == "dirty":
        (stage.root / TF).write_text("x")
    elif state == "interrupted":
        import argparse

        journal.begin(state_of(stage.clone), "ready", "brand_new", argparse.Namespace())
    elif state == "unconnected":
        (state_of(stage.clone) / "origin.json").unlink()
    else:
        git(stage.root, "switch", "-q", "main")
        if state == "gone":
            git(stage.root, "branch", "-q", "-D", BRANCH)
    assert status(stage, model="brand_new", offline=state != "ahead").next[0] == expected[state]


def test_behind_the_base(stage: Stage) -> None:
    stage.connect(base_ref="refs/heads/main", base_branch="main")
    moved = stage.hub.repositories[stage.upstream].bare.commit("main", {"new.txt": "x\n"}, "More")
    assert status(stage).base_moved
    git(stage.root, "remote", "add", "upstream", f"{stage.hub.web}/{stage.upstream}.git")
    git(stage.root, "fetch", "-q", "upstream")
    now = status(stage)
    assert git(stage.root, "rev-parse", "upstream/main") == moved
    assert (now.behind, now.base_moved) == (1, False)


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        ((), "none"),
        (("success",), "passing"),
        (("success", "neutral"), "passing"),
        (("neutral",), "none"),
        (("success", "pending"), "pending"),
        (("pending",), "pending"),
        (("success", "pending", "failure"), "failing"),
    ],
)
def test_ci(states: tuple[str, ...], verdict: str) -> None:
    assert judge(tuple(Check(name="x", state=state) for state in states)).state == verdict
