"""Answers from a file and from --data: precedence, kinds, refusals, and those of the last run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from scaffold.cli.answers import keep, parse, recall
from scaffold.cli.console import Console
from scaffold.cli.main import build_parser, main
from scaffold.core.errors import ScaffoldError
from tests.layouts import miniature


def arguments(*argv: str) -> argparse.Namespace:
    return parse(build_parser("new-tf-model"), argv)


def test_the_command_line_wins_then_data_then_the_file(tmp_path: Path) -> None:
    file = tmp_path / "answers.yml"
    file.write_text(
        "# Changes here will be overwritten by Copier\n_commit: v1\nmodel: roc_bert\ncontributor: File\n"
        "contributor_url: https://example.com\ninto: there\nno-verify: true\ndry_run: no\nupstream:\n"
    )
    found = arguments("--answers", str(file))
    assert (found.model, found.contributor, found.contributor_url) == ("roc_bert", "File", "https://example.com")
    assert (found.into, found.no_verify, found.dry_run, found.upstream) == (Path("there"), True, False, None)
    assert arguments("--answers", str(file), "--data", "contributor=Data=x").contributor == "Data=x"
    found = arguments("esm", "--contributor", "Line", "--data", "contributor=Data", "--answers", str(file))
    assert (found.model, found.contributor) == ("esm", "Line")
    file.write_text(json.dumps({"color": "never", "yes": True}))
    assert (arguments("--answers", str(file)).color, arguments("--answers", str(file)).yes) == ("never", True)


@pytest.mark.parametrize(
    ("pair", "code", "says"),
    [
        ("contributer=Jo", "CLI107", "did you mean contributor?"),
        ("zzzz=1", "CLI107", "--help"),
        ("answers=x", "CLI107", "no option"),
        ("contributor", "CLI108", "KEY=VALUE"),
        ("no-verify=perhaps", "CLI108", "true or false"),
        ("color=red", "CLI108", "never"),
    ],
)
def test_bad_data(pair: str, code: str, says: str) -> None:
    with pytest.raises(ScaffoldError) as refusal:
        arguments("x", "--data", pair)
    assert (refusal.value.code, refusal.value.exit_code) == (code, 2)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"- a\n", "holds no answers"),
        (b"a: [", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"contributor: [a, b]", "is a list"),
        (b"contributor: {a: b}", "is no text"),
        (b"contributor: !!python/object/apply:os.getcwd []", "cannot be read"),
        (None, "No such file"),
    ],
)
def test_bad_files(tmp_path: Path, text: bytes | None, says: str) -> None:
    file = tmp_path / "answers.yml"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(ScaffoldError, match=says) as refusal:
        arguments("--answers", str(file))
    assert (refusal.value.code, refusal.value.exit_code) == ("CLI108", 2)


def test_defaults_ask_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def run(arguments: argparse.Namespace, console: Console) -> int:
        seen.append(console.asks)
        return 0

    monkeypatch.setattr("scaffold.cli.new_tf_model.run", run)
    assert (main(["new-tf-model", "--defaults"]), main(["new-tf-model"])) == (0, 0)
    assert seen == [False, True]


def test_the_last_runs_answers(tmp_path: Path) -> None:
    told = argparse.Namespace(contributor="Jo", contributor_url="https://example.com", python="/x")
    keep(told, tmp_path / "deep")
    assert json.loads((tmp_path / "deep" / "answers.json").read_text()) == {
        "contributor": "Jo",
        "contributor_url": "https://example.com",
    }
    again = argparse.Namespace(contributor=None, contributor_url=None)
    assert recall(again, tmp_path / "deep")
    assert (again.contributor, again.contributor_url) == ("Jo", "https://example.com")
    other = argparse.Namespace(contributor="Al", contributor_url=None)
    assert not recall(other, tmp_path / "deep")
    assert other.contributor_url is None
    (tmp_path / "deep" / "answers.json").write_text("[")
    assert not recall(argparse.Namespace(contributor=None, contributor_url=None), tmp_path / "deep")


def test_a_second_run_knows_the_contributor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = miniature(tmp_path, git=True)
    keep(argparse.Namespace(contributor="Jo", contributor_url="https://x"), root / ".git" / "scaffold" / "brand_new")
    seen = []

    def stop(request: object, progress: object) -> None:
        seen.append(request.contributor)  # type: ignore[attr-defined]
        raise ScaffoldError("CLI105", "far enough")

    monkeypatch.setattr("scaffold.pipeline.run", stop)
    assert main(["new-tf-model", "brand-new", "--repo", str(root)]) == 1
    assert "contributor Jo, as answered before" in capsys.readouterr().err
    assert seen[0].name == "Jo"
