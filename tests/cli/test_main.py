"""The command line without frameworks: help, refusals, exit codes, JSON, no questions without a terminal."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold import __version__
from scaffold.cli.console import Console
from scaffold.cli.main import COMMANDS, build_parser, main
from tests.layouts import git, miniature


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = main(argv)
    out, err = capsys.readouterr()
    return status, out, err


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--help")
    assert status == 0
    assert all(f"  {name} " in out for name in COMMANDS)
    assert run(capsys)[0] == 2
    assert run(capsys, "--version")[1] == f"scaffold {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, out, _ = run(capsys, name, "--help")
    assert status == 0
    assert out.startswith(f"usage: scaffold {name}")
    assert build_parser(name).description


def test_help_is_quick() -> None:
    best = 9.0
    for _ in range(5):
        started = sum(os.times()[2:4])  # of child processes: other work on the machine does not count
        subprocess.run([sys.executable, "-m", "scaffold", "--help"], check=True, capture_output=True)
        best = min(best, sum(os.times()[2:4]) - started)
    assert best < 0.3


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (["chekclist"], "CLI101", "scaffold checklist"),
        (["qqqq"], "CLI101", "--help"),
        (["new-tf-model"], "CLI102", "roc_bert"),
        (["new-tf-model", "x", "--frobnicate"], "CLI103", "frobnicate"),
        (["new-tf-model", "x", "--contributor", "Jo"], "CLI102", "--contributor-url"),
        (["new-tf-model", "x", "--contributor", "Jo", "--contributor-url", "javascript:x"], "CLI103", "https"),
        (["checklist"], "CLI102", "roc_bert"),
        (["translate"], "CLI102", "modeling_"),
        (["translate", "nothere.py"], "CLI103", "nothere.py"),
        (["translate", "modeling_\0.py"], "CLI103", "no file"),
        (["new-tf-model", "../x"], "LOC102", "cannot be a model's name"),
        (["checklist", "{{7*7}}"], "LOC102", "roc_bert"),
        (["explain"], "CLI102", "torch.cat"),
        (["explain", "LOC9999"], "CLI104", "LOC1"),
    ],
)
def test_refusals_name_the_flag(capsys: pytest.CaptureFixture[str], argv: list[str], code: str, says: str) -> None:
    status, out, err = run(capsys, *argv)
    assert status == 2
    assert out == ""
    assert err.startswith(f"error[{code}]: ")
    assert says in err
    assert "Traceback" not in err


def test_what_a_stream_cannot_encode_is_escaped() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    console = Console(as_json=True, out=out, err=out)
    console.data({"path": "b\udc80d → x 🤗"})
    written = out.buffer
    assert isinstance(written, io.BytesIO)
    assert json.loads(written.getvalue()) == {"path": "b\udc80d → x 🤗"}


def test_without_a_checkout_the_flags_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = run(capsys, "new-tf-model", "brand_new")
    assert status == 2
    assert "--repo" in err and "--upstream" in err
    status, _, err = run(capsys, "new-tf-model", "brand_new", "--upstream", "x")
    assert (status, "--into" in err) == (2, True)


def test_json_errors_are_one_document(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root = miniature(tmp_path, git=True)
    status, out, _ = run(capsys, "new-tf-model", "elder", "--repo", str(root), "--json")
    assert status == 1
    assert json.loads(out)["error"]["code"] == "LOC103"


def test_a_dirty_clone_and_a_foreign_branch(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root = miniature(tmp_path, git=True)
    (root / "setup.py").write_text("mine\n")
    status, _, err = run(capsys, "new-tf-model", "brand_new", "--repo", str(root))
    assert (status, "GIT102" in err) == (5, True)
    git(root, "checkout", "-q", "setup.py")
    git(root, "branch", "add_tf_brand_new")
    status, _, err = run(capsys, "new-tf-model", "brand_new", "--repo", str(root))
    assert (status, "GIT103" in err) == (5, True)
    assert git(root, "status", "--porcelain") == ""


def test_a_branch_below_the_branchs_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root = miniature(tmp_path, git=True)
    git(root, "branch", "add_tf_brand_new/mine")
    status, _, err = run(capsys, "new-tf-model", "brand_new", "--repo", str(root))
    assert (status, "GIT103" in err, "add_tf_brand_new_mine_old" in err) == (5, True, True)


def test_an_environment_without_tensorflow(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root = miniature(tmp_path, git=True)
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    python = str(bare / "bin" / "python")
    status, _, err = run(capsys, "new-tf-model", "brand_new", "--repo", str(root), "--python", python)
    assert (status, "ENV101" in err, "tensorflow" in err) == (1, True, True)
    status, _, err = run(capsys, "new-tf-model", "brand_new", "--repo", str(root), "--python", "/nowhere")
    assert (status, "ENV103" in err) == (1, True)


def test_explain_and_rules(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "explain", "loc104")
    assert (status, "without TensorFlow" in out) == (0, True)
    status, out, _ = run(capsys, "explain", "torch.cat")
    assert (status, "tf.concat" in out) == (0, True)
    status, out, _ = run(capsys, "rules", "torch.cat", "--json")
    assert status == 0
    assert any(row["torch"] == "torch.cat" for row in json.loads(out))


def test_an_unexpected_error_is_a_message(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise RuntimeError("boom")

    monkeypatch.setattr("scaffold.cli.explain.run", broken)
    status, _, err = run(capsys, "explain", "LOC104")
    assert (status, "error[CLI105]: RuntimeError: boom" in err) == (1, True)
    status, _, err = run(capsys, "explain", "LOC104", "--traceback")
    assert (status, "Traceback (most recent call last)" in err, "in broken" in err) == (1, True, True)


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (OSError(28, "No space left on device"), 1, "disk is full"),
        (PermissionError(13, "Permission denied", "/x"), 1, "/x"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_the_system_says_no(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, says: str
) -> None:
    def broken(*_: object) -> int:
        raise error

    monkeypatch.setattr("scaffold.cli.explain.run", broken)
    got, _, err = run(capsys, "explain", "LOC104")
    assert (got, says in err) == (status, True)


def test_a_closed_pipe_is_quiet() -> None:
    command = f"{sys.executable} -m scaffold rules | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_no_colour_when_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    from scaffold.cli.console import Console

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in Console().paint("x", "red")
    monkeypatch.setenv("NO_COLOR", "1")
    assert Console().paint("x", "red") == "x"
