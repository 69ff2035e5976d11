"""The publishing commands: agreement, JSON, dry run, resume, and where the token does not appear."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scaffold.cli.main import main
from scaffold.core.hosting import Host, Token
from scaffold.hosting.github import GitHub
from scaffold.publish.journal import pending
from scaffold.publish.origin import state_of
from tests.flows.stage import BRANCH, FORK, TOKEN, Stage, make_template, snapshot
from tests.github.server import GitHubServer
from tests.layouts import git


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def stage(tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    made: list[GitHub] = []

    def patient(host: Host, token: Token | None, *, dry_run: bool = False) -> GitHub:
        made.append(GitHub(host, token, dry_run=dry_run, sleep=lambda _: None))
        return made[-1]

    with GitHubServer(tmp_path / "hub") as hub:
        stage = Stage(tmp_path, template, hub)
        token = tmp_path / "token"
        token.write_text(TOKEN)
        monkeypatch.setattr("scaffold.pipeline.verify_existing", stage.verify_existing)
        monkeypatch.setattr("scaffold.hosting.github.GitHub", patient)
        monkeypatch.chdir(stage.root)
        yield stage
        for github in made:
            github.close()


def call(capsys: pytest.CaptureFixture[str], stage: Stage, *argv: str, token: bool = True) -> tuple[int, str, str]:
    extra = ["--token-file", str(stage.root.parent / "token")] if token else []
    status = main([*argv, *extra])
    out, err = capsys.readouterr()
    assert TOKEN not in out + err
    return status, out, err


def document(text: str) -> Any:
    return json.loads(text)


COMMANDS = ("open-draft-pr", "ready", "finalize")


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_terminal_nothing_is_asked(stage: Stage, capsys: pytest.CaptureFixture[str], command: str) -> None:
    state, before = snapshot(stage.root), len(stage.hub.exchanges)
    status, _, err = call(capsys, stage, command)
    assert status == 2
    assert "--yes" in err
    assert "--dry-run" in err
    assert snapshot(stage.root) == state
    assert len(stage.hub.exchanges) == before


def test_the_whole_way(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, stage, "open-draft-pr", "--dry-run")
    assert status == 0
    assert f"git push {FORK} refs/heads/{BRANCH}" in out
    assert f"POST /repos/{FORK}/pulls" in out
    assert "draft: true" in out
    assert "\n### Parity with PyTorch\n" in out
    assert stage.hub.pulls == []

    status, out, err = call(capsys, stage, "open-draft-pr", "--yes", "--json")
    told = document(out)
    assert (status, told["outcome"], told["pull"]["draft"], told["verified"]) == (0, "created", True, True)
    assert told["body"] == stage.hub.pulls[0].body
    assert "no path for TensorFlow" in err

    status, out, _ = call(capsys, stage, "status")
    assert status == 0
    assert f"pull request: {told['pull']['url']} (draft, into v4-release)" in out
    assert "0 of 3 approvals" in out
    assert "CI: nothing has run" in out
    assert "Next: `scaffold ready brand_new`" in out

    status, out, _ = call(capsys, stage, "ready", "--yes", "--skip-tests")
    assert status == 0
    assert "ok   check_port.py" in out
    assert "Not run: the tests (--skip-tests)." in out
    assert "Changed by the checkout's own tools (commit " in out
    assert not stage.hub.pulls[0].draft

    status, _, err = call(capsys, stage, "finalize", "--yes", "--skip-tests")
    assert (status, "--weights-merged" in err) == (2, True)
    status, out, _ = call(capsys, stage, "finalize", "--yes", "--skip-tests", "--weights-merged")
    assert status == 0
    assert out.count("1 × from_pt=True removed") == 2
    assert stage.remote() == git(stage.root, "rev-parse", BRANCH)

    told = document(call(capsys, stage, "status", "--json")[1])
    assert (told["pushed"], told["from_pt_left"], told["ci"]["state"]) == (True, False, "none")
    assert pending(state_of(stage.clone)) == ()
    everything = "".join(p.read_text("utf-8", "replace") for p in (stage.root / ".git").rglob("*") if p.is_file())
    assert TOKEN not in everything


def test_a_failing_check_is_shown(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, stage, "open-draft-pr", "--yes", "--allow-failing")[0] == 0
    stage.edit("src/transformers/models/brand_new/modeling_tf_brand_new.py", "TFP101", "BROKEN")
    status, out, _ = call(capsys, stage, "ready", "--yes", "--skip-tests")
    assert status == 1
    assert "FAIL check_port.py" in out
    assert "the port is broken" in out
    assert "Nothing was committed or pushed." in out


def test_a_finalize_dry_run_shows_the_diff(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, stage, "finalize", "--dry-run")
    assert status == 0
    assert '-    >>> model = TFBrandNewModel.from_pretrained("a/b", from_pt=True)\n' in out
    assert "git push" in out


def test_resume_finishes_what_the_network_cut(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.hub.fault("pulls/create", status=503, times=3)
    status, _, _ = call(capsys, stage, "open-draft-pr", "--yes", "--title", "My title")
    assert status == 6
    (entry,) = pending(state_of(stage.clone))
    assert (entry.command, entry.model, entry.arguments["yes"]) == ("open-draft-pr", "brand_new", True)
    assert TOKEN not in json.dumps(entry.arguments)
    told = document(call(capsys, stage, "status", "--json", "--offline")[1])
    assert told["next"]["command"] == "scaffold resume"
    stage.hub.faults.clear()
    assert call(capsys, stage, "resume", "--repo", str(stage.root), token=False)[0] == 0
    assert [pull.title for pull in stage.hub.pulls] == ["My title"]
    assert pending(state_of(stage.clone)) == ()


def test_status_without_a_network(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, stage, "status", "--offline")
    assert status == 0
    assert "GitHub is left out" in out
    stage.hub.stop()
    try:
        status, out, _ = call(capsys, stage, "status")
        assert status == 0
        assert "GitHub is left out" in out
    finally:
        stage.hub.stopping.clear()
        stage.hub.start()


def test_a_clone_without_a_fork(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    (state_of(stage.clone) / "origin.json").unlink()
    for command in COMMANDS:
        status, _, err = call(capsys, stage, command, "--yes")
        assert (status, "GIT110" in err) == (5, True)


def test_an_option_for_two_places(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, stage, "open-draft-pr", "--to-upstream", "--in-fork")[0] == 2
    status, _, err = call(capsys, stage, "open-draft-pr", "--yes", "--github-url", "https://github.example.com")
    assert (status, "CLI103" in err) == (2, True)
