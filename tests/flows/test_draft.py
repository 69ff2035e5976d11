"""`open-draft-pr`: evidence, target, body, idempotence, dry run, reviewers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.flows.draft import Plan, Request, Result, run
from scaffold.flows.pull import recall
from tests.flows.stage import BASE, BRANCH, FORK, TOKEN, UPSTREAM, Quiet, Stage, report, snapshot
from tests.github.server import GitHubServer
from tests.layouts import git

TF = "src/transformers/models/brand_new/modeling_tf_brand_new.py"


def draft(stage: Stage, *, dry_run: bool = False, **options: Any) -> Result:
    request = Request(
        root=stage.root,
        model=options.pop("model", None),
        github=stage.github(dry_run=dry_run),
        token=stage.token,
        **options,
    )
    try:
        return run(request, Quiet())
    finally:
        request.github.close()


def test_a_draft_inside_the_fork_with_its_base_made_first(stage: Stage) -> None:
    result = draft(stage)
    assert result.outcome == "created"
    assert "no path for TensorFlow" in result.plan.target.why
    assert stage.remote() == git(stage.root, "rev-parse", BRANCH)
    assert stage.remote(BASE) == stage.base
    (pull,) = stage.hub.pulls
    assert (pull.repository, pull.base, pull.head_ref, pull.draft) == (FORK, BASE, BRANCH, True)
    assert pull.title == "Add TF BrandNew"
    assert stage.hub.comments == []
    assert pull.reviewers == []
    noted = recall(stage.folder)
    assert noted is not None
    assert (noted.repository, noted.number) == (FORK, 1)
    assert stage.verified == 0  # the stored report holds


def test_the_body_tells_what_is_known_and_ticks_nothing(stage: Stage) -> None:
    body = draft(stage).plan.body
    assert body.startswith("# What does this PR do?\n\n<!-- scaffold:begin")
    for part in (
        "**This port was generated**, not written by hand: scaffold 9.8.7",
        "unchanged since",
        "`TFBrandNewModel` | 1 of 1 | 2.0e-07 | agrees",
        "1e-5 is allowed",
        f"`{TF}:8 TFP101 torch.foo: no rule`",
        "`BrandNewPreTrainedModel`: `no twin, see @someone`",
        f"- A `{TF}`",
        "scaffold checklist brand_new --run",
        "RUN_PT_TF_CROSS_TESTS=1 python -m pytest -vv tests/models/brand_new/test_modeling_tf_brand_new.py",
        f"git fetch {stage.hub.web}/{FORK} {BRANCH}",
        "stays inside the fork",
        " passed, ",
        "CHK172",
    ):
        assert part in body
    assert "- [ ] Did you read the guideline?" in body
    assert "[x]" not in body.lower()
    assert "CHK171" not in body  # that the pull request is open
    assert "ArthurZucker" not in body  # the template's comments speak to the author
    assert "Fixes #" not in body
    assert str(stage.root) not in body
    assert TOKEN not in body


def test_running_again_writes_nothing(stage: Stage) -> None:
    draft(stage, reviewers=("ghost",))
    before, state = len(stage.hub.exchanges), snapshot(stage.root)
    again = draft(stage, reviewers=("ghost",))
    assert again.outcome == "unchanged"
    assert again.pushed == "up-to-date"
    assert stage.writes(before) == []
    assert snapshot(stage.root) == state
    assert len(stage.hub.pulls) == len(stage.hub.comments) == 1


def test_an_edit_is_verified_anew_pushed_and_changes_only_the_marked_part(stage: Stage) -> None:
    draft(stage)
    (pull,) = stage.hub.pulls
    assert pull.body is not None
    pull.body = "My words.\r\n" + pull.body.replace("\n", "\r\n").replace("- [ ] Did you read", "- [x] Did you read")
    pull.title = "My title"
    commit = stage.edit(TF, "# TODO(port) TFP101 torch.foo: no rule\n", "")
    result = draft(stage)
    assert (result.outcome, result.pushed, stage.verified) == ("updated", "pushed", 1)
    assert stage.remote() == commit
    assert pull.title == "My title"
    assert pull.body.startswith("My words.\r\n# What does this PR do?\r\n")
    assert "- [x] Did you read the guideline?" in pull.body
    assert "Nothing is marked as untranslated." in pull.body
    assert "The generated file was edited afterwards" in pull.body
    assert "\n" not in pull.body.replace("\r\n", "")
    before = len(stage.hub.exchanges)
    assert draft(stage).outcome == "unchanged"
    assert stage.writes(before) == []


def test_a_body_without_marks_is_left_alone(stage: Stage) -> None:
    draft(stage)
    stage.hub.pulls[0].body = "All my own."
    stage.edit(TF, "# TODO(port) TFP101 torch.foo: no rule\n", "")
    result = draft(stage)
    assert (result.outcome, result.kept_body) == ("unchanged", True)
    assert stage.hub.pulls[0].body == "All my own."


def test_a_failing_port_is_refused_or_says_so(stage: Stage) -> None:
    stage.edit(TF, "TFP101", "TFP102")
    stage.report = report(ok=False)
    before = len(stage.hub.exchanges)
    with pytest.raises(ScaffoldError) as caught:
        draft(stage)
    assert (caught.value.code, caught.value.exit_code) == ("HUB132", ExitCode.FAILURE)
    assert "--allow-failing" in caught.value.help
    assert stage.writes(before) == []
    body = draft(stage, allow_failing=True).plan.body
    assert "**Not all classes agree with PyTorch.**" in body
    assert "**differs**" in body
    assert "first divergence at logits" in body
    assert stage.verified == 1  # the failing report was stored and still holds


def test_a_port_that_cannot_be_verified_here(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ScaffoldError("ENV101", f"{Path.home()}/venv/bin/python lacks tensorflow")

    stage.edit(TF, "TFP101", "TFP102")
    monkeypatch.setattr("scaffold.pipeline.verify_existing", fails)
    with pytest.raises(ScaffoldError, match="lacks tensorflow"):
        draft(stage)
    body = draft(stage, allow_failing=True).plan.body
    assert "**Not verified**: `~/venv/bin/python lacks tensorflow`" in body


def test_a_dry_run_shows_everything_and_writes_nothing(stage: Stage) -> None:
    state, before = snapshot(stage.root), len(stage.hub.exchanges)
    planned = draft(stage, dry_run=True)
    assert planned.outcome == "planned"
    assert [(call.method, call.target) for call in planned.calls] == [
        ("git push", f"{FORK} refs/heads/{BASE}"),
        ("git push", f"{FORK} refs/heads/{BRANCH}"),
        ("POST", f"/repos/{FORK}/pulls"),
    ]
    assert stage.writes(before) == []
    assert snapshot(stage.root) == state
    assert stage.remote() is None
    assert recall(stage.folder) is None
    done = draft(stage)
    (pull,) = stage.hub.pulls
    assert planned.calls[2].body == done.calls[0].body
    assert pull.body == planned.plan.body
    assert draft(stage, dry_run=True).outcome == "unchanged"


def test_no_agreement_no_write(stage: Stage) -> None:
    seen: list[Plan] = []
    before = len(stage.hub.exchanges)
    result = draft(stage, agree=lambda plan: bool(seen.append(plan)))
    assert result.outcome == "declined"
    assert seen[0].existing is None
    assert stage.writes(before) == []


def test_to_upstream_asks_the_maintainers_and_names_those_who_cannot_be_asked(stage: Stage) -> None:
    stage.hub.repositories[UPSTREAM].bare.git("branch", BASE, stage.base)
    stage.hub.add_collaborator(UPSTREAM, "Rocketknight1")
    result = draft(stage, to_upstream=True)
    (pull,) = stage.hub.pulls
    assert (pull.repository, pull.base, pull.head, pull.maintainer_can_modify) == (
        UPSTREAM,
        BASE,
        f"porter:{BRANCH}",
        True,
    )
    assert result.asked.mentioned == ("gante", "Rocketknight1")  # a stranger may ask nobody
    (comment,) = stage.hub.comments
    assert comment.body.startswith("@gante @Rocketknight1, ")
    assert "<!-- scaffold:reviewers -->" in comment.body
    assert "stays inside the fork" not in result.plan.body


def test_reviewers_in_the_own_fork(stage: Stage) -> None:
    stage.hub.add_collaborator(FORK, "friend")
    result = draft(stage, reviewers=("@friend", "porter"))
    assert result.asked.requested == ("friend",)
    assert stage.hub.pulls[0].reviewers == ["friend"]
    assert stage.hub.comments == []
    for wrong in (("a", "b", "c"), ("not a login",)):
        with pytest.raises(ScaffoldError) as caught:
            draft(stage, reviewers=wrong)
        assert (caught.value.code, caught.value.exit_code) == ("CLI103", ExitCode.USAGE)


def test_upstream_without_the_base_branch(stage: Stage) -> None:
    with pytest.raises(ScaffoldError) as caught:
        draft(stage, to_upstream=True)
    assert (caught.value.code, caught.value.exit_code) == ("HUB133", ExitCode.USAGE)
    assert "--base" in caught.value.help
    assert draft(stage, to_upstream=True, base="main").plan.target.base == "main"


def test_an_organisations_fork_is_asked_directly(
    tmp_path: Path, template: Path, hub: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, template, hub, upstream="tf-keepers/transformers")
    monkeypatch.setattr("scaffold.pipeline.verify_existing", stage.verify_existing)
    stage.connect(base_ref="refs/heads/main", base_branch="main")
    result = draft(stage)
    (pull,) = hub.pulls
    assert (pull.repository, pull.base) == ("tf-keepers/transformers", "main")
    assert hub.comments == []
    assert "Hugging Face said" not in pull.body if pull.body else False
    assert "tf-keepers/transformers" in result.plan.target.why


def test_a_base_that_is_there_is_never_moved(stage: Stage) -> None:
    theirs = stage.hub.repositories[FORK].bare.commit(BASE, {"own.txt": "x\n"}, "Own work")
    result = draft(stage)
    assert result.outcome == "created"
    assert not result.plan.target.make_base
    assert stage.remote(BASE) == theirs


def test_foreign_commits_on_the_branch_are_not_overwritten(stage: Stage) -> None:
    theirs = stage.hub.repositories[FORK].bare.commit(BRANCH, {"own.txt": "x\n"}, "Elsewhere")
    with pytest.raises(ScaffoldError) as caught:
        draft(stage)
    assert caught.value.exit_code is ExitCode.CONFLICT
    assert stage.remote() == theirs
    assert stage.hub.pulls == []


def test_a_branch_that_was_rebased_here_replaces_what_we_pushed(stage: Stage) -> None:
    draft(stage)
    git(stage.root, "commit", "-q", "--amend", "-m", "reworded")
    result = draft(stage)
    assert result.pushed == "pushed"
    assert stage.remote() == git(stage.root, "rev-parse", BRANCH)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_failing_server_ends_with_one_pull_request(stage: Stage, when: str) -> None:
    stage.hub.fault("pulls/create", when=when, status=502)
    try:
        draft(stage)
    except ScaffoldError as error:
        assert error.exit_code is ExitCode.NETWORK
        draft(stage)
    assert len(stage.hub.pulls) == 1


@pytest.mark.parametrize("state", ["dirty", "elsewhere", "gone"])
def test_refusals_before_anything_is_asked(stage: Stage, state: str) -> None:
    if state == "dirty":
        (stage.root / TF).write_text("mine\n")
    elif state == "elsewhere":
        git(stage.root, "switch", "-q", "main")
    else:
        git(stage.root, "switch", "-q", "main")
        git(stage.root, "branch", "-q", "-D", BRANCH)
    kept, before = snapshot(stage.root), len(stage.hub.exchanges)
    with pytest.raises(ScaffoldError) as caught:
        draft(stage, model="brand_new")
    assert caught.value.exit_code is ExitCode.CONFLICT
    assert caught.value.help
    assert snapshot(stage.root) == kept
    assert stage.writes(before) == []


def test_the_model_is_that_of_the_branch(stage: Stage) -> None:
    git(stage.root, "switch", "-q", "main")
    with pytest.raises(ScaffoldError) as caught:
        draft(stage)
    assert (caught.value.code, caught.value.exit_code) == ("CLI102", ExitCode.USAGE)


def test_a_token_is_not_sent_to_another_host(stage: Stage) -> None:
    from scaffold.flows.ported import open_ported
    from scaffold.flows.remote import _token_for

    ported = open_ported(stage.root, None)
    assert _token_for(ported, stage.token) == stage.token
    git(stage.root, "remote", "set-url", "--push", "origin", "https://elsewhere.example/x.git")
    assert _token_for(ported, stage.token) is None


def test_evidence_that_would_break_the_marks_or_mention_people(stage: Stage) -> None:
    from scaffold.flows import body as texts

    record = {"scaffold": "9.8.7", "withheld": [["X", "<!-- scaffold:end --> `@everyone` {{ 7 * 7 }}\n# heading"]]}
    (stage.folder / "port.json").write_text(json.dumps(record))
    result = draft(stage)
    text = result.plan.body
    assert text.count(texts.END) == 1
    assert "- `X`: `<!- - scaffold:end - -> '@everyone' {{ 7 * 7 }} # heading`" in text
    assert texts.refresh(text, "short") == text[: text.index(texts.BEGIN)] + (
        f"{texts.BEGIN}\nshort\n{texts.END}" + text[text.index(texts.END) + len(texts.END) :]
    )


def test_templates_wherever_github_looks(tmp_path: Path) -> None:
    from scaffold.flows.body import compose, read_template

    assert read_template(tmp_path) == ""
    assert compose("", "block").splitlines()[1:2] == ["block"]
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/Pull_Request_Template.md").write_text("No heading\n")
    assert read_template(tmp_path) == "No heading\n"
    assert compose("No heading\n", "block").endswith("-->\n\nNo heading\n")


def test_long_lists_are_cut(stage: Stage) -> None:
    from scaffold.flows.body import evidence_block
    from scaffold.flows.evidence import gather
    from scaffold.flows.ported import open_ported

    ported = open_ported(stage.root, None)
    evidence = gather(ported, python="python", allow_failing=False, progress=Quiet())
    many = replace(
        evidence,
        markers=tuple(f"a.py:{n} {'y' * 500}" for n in range(1000)),
        files=tuple(("A", f"f{n}.py") for n in range(1000)),
    )
    result = draft(stage, dry_run=True)
    block = evidence_block(ported, result.plan.target, many)
    assert "and 980 more" in block
    assert "and 960 more" in block
    assert len(block) < 30_000
