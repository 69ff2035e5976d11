"""The log file: what is in it, who may read it, and that no secret is."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from scaffold.cli.main import main
from scaffold.core.errors import ScaffoldError
from scaffold.core.secrets import HIDDEN, remember
from tests.layouts import miniature

CANARY = "canary-in-the-coal-mine"
SHAPED = "ghp_" + "Ab1" * 12


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scaffold.core.secrets._known", set())
    remember(CANARY)


def test_git_steps_and_errors_are_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, log = miniature(tmp_path / "clone", git=True), tmp_path / "deep" / "log.txt"
    assert main(["new-tf-model", "elder", "--repo", str(root), "--log-file", str(log)]) == 1
    text = log.read_text(encoding="utf-8")
    assert "scaffold new-tf-model elder --repo" in text
    assert "step locate" in text
    assert "'rev-parse'" in text and "exit status 0" in text
    assert "error[LOC103]" in text and "Traceback (most recent call last)" in text
    assert "exit status 1 after" in text
    assert f"log: {log}" in capsys.readouterr().err
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert not logging.getLogger("scaffold").handlers


def test_the_variable_and_an_existing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log.txt"
    log.write_text("before\n")
    log.chmod(0o644)
    monkeypatch.setenv("SCAFFOLD_LOG", str(log))
    assert main(["explain", "LOC104"]) == 0
    assert log.read_text(encoding="utf-8").startswith("before\n")
    assert "explain LOC104" in log.read_text(encoding="utf-8")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--log-file", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "error[CLI106]" in err and "--log-file" in err


def test_a_big_log_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scaffold.cli.log._BYTES", 500)
    log = tmp_path / "log.txt"
    for _ in range(9):
        assert main(["explain", "LOC104", "--log-file", str(log)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.txt", "log.txt.1", "log.txt.2"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("as_json", [False, True])
def test_secrets_are_hidden_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    from scaffold.cli.console import Console

    def leaky(arguments: object, console: Console) -> int:
        console.say(f"say {CANARY}")
        console.raw(f"raw {SHAPED}\n")
        console.talk(f"talk {CANARY}")
        console.note(f"note https://jo:{CANARY}@example.com/x")
        with console.step(f"step {SHAPED}"):
            console.note(CANARY)
        logging.getLogger("scaffold.hosting").warning("warning %s", SHAPED)
        try:
            raise OSError(f"inner {CANARY}")
        except OSError as error:
            raise ScaffoldError("CLI105", f"message {CANARY}", f"Authorization: Bearer {SHAPED}") from error

    monkeypatch.setattr("scaffold.cli.explain.run", leaky)
    log = tmp_path / "log.txt"
    argv = ["explain", SHAPED, "--traceback", "--log-file", str(log)]
    assert main([*argv, "--json"] if as_json else argv) == 1
    out, err = capsys.readouterr()
    for text in (out, err, log.read_text(encoding="utf-8")):
        assert CANARY not in text and SHAPED not in text
        assert HIDDEN in text
    assert "Traceback" in err and "warning: warning" in err


def test_secrets_in_documents(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    from scaffold.cli.console import Console

    Console(as_json=True).data({"a": [f'"{CANARY}"', (1, None)], SHAPED: f"Authorization: Bearer {SHAPED}"})
    assert json.loads(capsys.readouterr().out) == {"a": [f'"{HIDDEN}"', [1, None]], HIDDEN: f"Authorization: {HIDDEN}"}
