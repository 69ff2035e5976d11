"""`ready`: checks and tests on a copy, then one commit, a push, a pull request that is ready."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from typing import Any

import pytest

from scaffold.core.child import ChildResult
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.flows import draft as drafts
from scaffold.flows.bench import _said_by_pytest, missing_package
from scaffold.flows.ready import MESSAGE, Request, Result, run
from scaffold.publish.git import open_clone
from scaffold.publish.origin import require_origin, save_origin, state_of
from tests.flows.stage import BRANCH, FORK, Quiet, Stage, snapshot
from tests.layouts import git

TF = "src/transformers/models/brand_new/modeling_tf_brand_new.py"


@pytest.fixture
def drafted(stage: Stage) -> Stage:
    github = stage.github()
    drafts.run(drafts.Request(root=stage.root, model=None, github=github, token=stage.token), Quiet())
    github.close()
    return stage


def ready(stage: Stage, *, dry_run: bool = False, **options: Any) -> Result:
    github = stage.github(dry_run=dry_run)
    request = Request(root=stage.root, model=None, github=github, token=stage.token, python=sys.executable, **options)
    try:
        return run(request, Quiet())
    finally:
        github.close()


def test_ready(drafted: Stage) -> None:
    (drafted.root / "untracked.txt").write_text("mine")
    drafted.edit(TF, "class TFBrandNewForMaskedLM(", "class   TFBrandNewForMaskedLM(")
    tip = git(drafted.root, "rev-parse", "HEAD")
    drafted.hub.add_collaborator(FORK, "friend")
    result = ready(drafted, reviewers=("friend",))
    assert [(check.title, check.ok) for check in result.checks] == [("ruff format", True), ("check_port.py", True)]
    assert result.tests is not None
    assert result.tests.ok, result.tests.detail
    assert "1 passed, 1 skipped" in result.tests.detail
    assert set(result.reformatted) == {TF, "utils/ported.txt"}
    assert result.outcome == "ready"
    assert git(drafted.root, "rev-parse", "HEAD^") == tip
    assert git(drafted.root, "log", "-1", "--format=%s") == MESSAGE
    assert git(drafted.root, "status", "--porcelain") == "?? untracked.txt"
    assert (drafted.root / "utils/ported.txt").read_text() == "elder\nbrand_new\n"
    assert drafted.remote() == git(drafted.root, "rev-parse", BRANCH) == result.commit
    (pull,) = drafted.hub.pulls
    assert not pull.draft
    assert pull.reviewers == ["friend"]
    assert not list(drafted.folder.glob("bench.*"))

    before, state = len(drafted.hub.exchanges), snapshot(drafted.root)
    again = ready(drafted, reviewers=("friend",), skip_tests=True)
    assert (again.outcome, again.commit, again.pushed) == ("ready", None, "up-to-date")
    assert drafted.writes(before) == []
    assert snapshot(drafted.root) == state


@pytest.mark.parametrize("what", ["check", "test"])
def test_what_fails_stops_everything(drafted: Stage, what: str) -> None:
    if what == "check":
        drafted.edit(TF, "TFP101", "BROKEN")
    else:
        (drafted.root / "fail").write_text("")
        git(drafted.root, "add", "fail")
        git(drafted.root, "commit", "-q", "-m", "fail")
    state, before = snapshot(drafted.root), len(drafted.hub.exchanges)
    result = ready(drafted)
    assert result.outcome == "failed"
    if what == "check":
        assert [check.detail for check in result.checks if not check.ok] == ["the port is broken"]
    else:
        assert result.tests is not None
        assert (
            "FAILED tests/models/brand_new/test_modeling_tf_brand_new.py::test_as_the_guide_says" in result.tests.detail
        )
    assert snapshot(drafted.root) == state
    assert drafted.writes(before) == []
    assert drafted.hub.pulls[0].draft
    left_out = {"skip": ("check_port.py",)} if what == "check" else {"skip_tests": True}
    assert ready(drafted, **left_out, **({"skip_tests": True} if what == "check" else {})).outcome == "ready"


def test_tests_that_cannot_start_stop_it_before_the_checks(drafted: Stage) -> None:
    drafted.edit("tests/models/brand_new/test_modeling_tf_brand_new.py", "import os\n", "import os\nimport not_there\n")
    before = len(drafted.hub.exchanges)
    result = ready(drafted)
    assert (result.outcome, result.checks) == ("failed", ())
    assert result.tests is not None and missing_package(result.tests.detail) == "not_there"
    assert drafted.writes(before) == []


def test_what_fails_without_the_port_too_is_said_and_does_not_stop_it(drafted: Stage) -> None:
    (drafted.root / "utils/needy.txt").write_text("")
    git(drafted.root, "add", "utils/needy.txt")
    git(drafted.root, "commit", "-q", "-m", "a base that lacks a package")
    state = state_of(open_clone(drafted.root))
    save_origin(state, replace(require_origin(state), base_commit=git(drafted.root, "rev-parse", "HEAD")))
    drafted.edit(TF, "TFP101", "TFP102")
    result = ready(drafted, skip_tests=True)
    (check,) = (check for check in result.checks if not check.ok)
    assert (check.on_base, result.outcome) == (True, "ready")
    assert missing_package(check.detail) == "surely_not_installed"
    drafted.edit(TF, "TFP102", "TFP103")
    git(drafted.root, "rm", "-q", "utils/needy.txt")
    git(drafted.root, "commit", "-q", "-m", "no longer")
    drafted.edit(TF, "TFP103", "BROKEN")
    result = ready(drafted, skip_tests=True)
    assert (result.outcome, [check.on_base for check in result.checks if not check.ok]) == ("failed", [False])


def test_a_dry_run_checks_and_writes_nothing(drafted: Stage) -> None:
    drafted.edit(TF, "class TFBrandNewForMaskedLM(", "class   TFBrandNewForMaskedLM(")
    state, before = snapshot(drafted.root), len(drafted.hub.exchanges)
    result = ready(drafted, dry_run=True, skip_tests=True)
    assert result.outcome == "planned"
    assert [call.method for call in result.calls] == ["git commit", "git push", "POST"]
    assert result.calls[2].target == "/graphql"
    assert drafted.writes(before) == []
    assert snapshot(drafted.root) == state


def test_without_a_pull_request(stage: Stage) -> None:
    with pytest.raises(ScaffoldError) as caught:
        ready(stage)
    assert (caught.value.code, caught.value.exit_code) == ("HUB134", ExitCode.CONFLICT)


def test_declined_before_anything_runs(drafted: Stage) -> None:
    result = ready(drafted, agree=lambda plan: False)
    assert (result.outcome, result.checks, result.tests) == ("declined", (), None)


def test_a_makefile_without_fixup(drafted: Stage) -> None:
    drafted.edit("Makefile", "fixup: modified_only_fixup repo-consistency", "other:")
    with pytest.raises(ScaffoldError) as caught:
        ready(drafted)
    assert caught.value.code == "HUB135"
    assert ready(drafted, skip_checks=True, skip_tests=True).outcome == "ready"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_real_make(drafted: Stage) -> None:
    drafted.edit(TF, "class TFBrandNewForMaskedLM(", "class   TFBrandNewForMaskedLM(")
    result = ready(drafted, make=True, skip_tests=True)
    assert [(check.title, check.ok) for check in result.checks] == [("make fixup", True)], result.checks
    assert set(result.reformatted) == {TF, "utils/ported.txt"}


def test_what_a_killed_run_left_is_removed(drafted: Stage) -> None:
    (drafted.folder / "bench.1").mkdir()
    assert ready(drafted, skip_tests=True, skip=("check_port.py",)).outcome == "ready"
    assert not list(drafted.folder.glob("bench.*"))


def test_a_failed_subtest_is_named() -> None:
    last = "SUBFAILED[Testing a class] tests/models/brand_new/test_modeling_tf_brand_new.py::T::test_shapes - AssertionError"
    said = ChildResult(returncode=1, stdout=f"..s\n{last}\n1 failed, 3 passed in 2.00s\n", stderr="", seconds=2.0)
    assert _said_by_pytest(said).splitlines() == [last, "1 failed, 3 passed in 2.00s"]
