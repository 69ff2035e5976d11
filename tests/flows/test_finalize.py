"""`finalize`: `from_pt=True` goes, the tests run on the result, one commit is pushed."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.flows import draft as drafts
from scaffold.flows.finalize import MESSAGE, Request, Result, run
from tests.flows.stage import BRANCH, Quiet, Stage, snapshot
from tests.layouts import git

TF = "src/transformers/models/brand_new/modeling_tf_brand_new.py"
TEST = "tests/models/brand_new/test_modeling_tf_brand_new.py"


def finalize(stage: Stage, *, dry_run: bool = False, **options: Any) -> Result:
    github = stage.github(dry_run=dry_run)
    options = {"weights_merged": True, **options}
    try:
        return run(
            Request(root=stage.root, model=None, github=github, token=stage.token, python=sys.executable, **options),
            Quiet(),
        )
    finally:
        github.close()


def test_from_pt_goes_and_the_branch_is_pushed(stage: Stage) -> None:
    result = finalize(stage)
    assert dict(result.plan.counts) == {TF: 1, TEST: 1}
    assert result.tests is not None
    assert result.tests.ok, result.tests.detail
    assert result.outcome == "final"
    assert git(stage.root, "log", "-1", "--format=%s") == MESSAGE
    assert "from_pt" not in (stage.root / TF).read_text() + (stage.root / TEST).read_text()
    assert git(stage.root, "status", "--porcelain") == ""
    assert stage.remote() == git(stage.root, "rev-parse", BRANCH)
    state, before = snapshot(stage.root), len(stage.hub.exchanges)
    again = finalize(stage, weights_merged=False)
    assert (again.outcome, again.commit) == ("unchanged", None)
    assert stage.writes(before) == []
    assert snapshot(stage.root) == state


def test_only_the_user_knows_that_there_are_weights(stage: Stage) -> None:
    state = snapshot(stage.root)
    with pytest.raises(ScaffoldError) as caught:
        finalize(stage, weights_merged=False)
    assert (caught.value.code, caught.value.exit_code) == ("HUB136", ExitCode.USAGE)
    assert "--weights-merged" in caught.value.help
    assert snapshot(stage.root) == state


def test_failing_tests_change_nothing(stage: Stage) -> None:
    stage.edit(
        TEST, 'assert os.environ["NVIDIA_TF32_OVERRIDE"] == "0"', 'assert "from_" + "pt=True" in open(__file__).read()'
    )
    state = snapshot(stage.root)
    result = finalize(stage)
    assert result.outcome == "failed"
    assert snapshot(stage.root) == state
    assert stage.remote() is None
    assert finalize(stage, skip_tests=True).outcome == "final"


def test_a_dry_run(stage: Stage) -> None:
    state = snapshot(stage.root)
    result = finalize(stage, dry_run=True, weights_merged=False)
    assert result.outcome == "planned"
    assert [call.method for call in result.calls] == ["git commit", "git push"]
    assert snapshot(stage.root) == state
    assert stage.remote() is None


def test_a_dry_run_tells_the_push_that_follows_a_planned_commit(stage: Stage) -> None:
    github = stage.github()
    drafts.run(drafts.Request(root=stage.root, model=None, github=github, token=stage.token), Quiet())
    github.close()
    assert stage.remote() == git(stage.root, "rev-parse", BRANCH)
    assert [call.method for call in finalize(stage, dry_run=True).calls] == ["git commit", "git push"]


def test_a_run_killed_between_commit_and_push_is_finished(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("scaffold.flows.finalize.push_branch", killed)
        finalize(stage, skip_tests=True)
    tip = git(stage.root, "rev-parse", BRANCH)
    result = finalize(stage, skip_tests=True)
    assert (result.outcome, result.commit, result.pushed) == ("final", None, "pushed")
    assert stage.remote() == tip


def test_slow_tests_see_the_edited_files(stage: Stage) -> None:
    old = 'assert TFBrandNewModel.from_pretrained("a/b", from_pt=True)'
    stage.edit(
        TEST,
        old,
        'assert "from_" + "pt=True" not in open(__file__).read()\n    0 and A.from_pretrained(x, from_pt=True)',
    )
    result = finalize(stage, slow=True)
    assert result.tests is not None
    assert "2 passed" in result.tests.detail
