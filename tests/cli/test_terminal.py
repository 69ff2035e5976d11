"""Without a terminal nothing is asked; what is said is one document, or coloured, or short, as it is wanted."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scaffold.cli.checkouts import in_clone
from scaffold.cli.console import Console
from scaffold.cli.main import COMMANDS, main
from scaffold.cli.options import EXITS, behind, read_settings
from scaffold.cli.questions import ask, confirm
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish.journal import begin, finish, journalled

#: What a command needs besides its name to end well without a clone; the others are refused.
COMPLETE = {"rules": (), "doctor": ("--offline",)}


def scaffold(*argv: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the program with nobody at the terminal. It takes a fraction of a second; one that waits for somebody never ends."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(cwd), **variables}
    return subprocess.run(
        [sys.executable, "-m", "scaffold", *argv],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_nobody_there_to_ask(name: str, tmp_path: Path) -> None:
    author = {"GIT_AUTHOR_NAME": "Jo", "GIT_AUTHOR_EMAIL": "jo@example.com"}
    done = scaffold(name, *COMPLETE.get(name, ()), cwd=tmp_path, **author)
    assert "Traceback" not in done.stderr
    if name in COMPLETE:
        assert done.returncode in (0, 1), done.stderr  # 1: an environment without frameworks
    else:
        assert done.returncode == 2, done.stderr
        assert "error[CLI102]" in done.stderr and "help: give" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", COMMANDS)
def test_json_is_one_document(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.chdir(tmp_path)
    for argv in ([name, *COMPLETE.get(name, ())], [name, "--help"], [name, "--frobnicate"], [name, "--color"]):
        status = main([*argv, "--json"])
        document = json.loads(capsys.readouterr().out)
        if "error" in document:
            assert document["error"]["exit_code"] == status
    assert "usage" in _document(capsys, name, "--help")["help"]


def _document(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, str]:
    main([*argv, "--json"])
    return dict(json.loads(capsys.readouterr().out))


@pytest.fixture(autouse=True)
def here() -> Iterator[None]:
    folder = Path.cwd()
    yield
    os.chdir(folder)


def test_json_of_what_is_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert "usage" in _document(capsys, "--help")["help"]
    assert "usage" in _document(capsys)["help"]
    assert _document(capsys, "--version")["version"].startswith("scaffold ")
    assert _document(capsys, "frobnicate")["error"]["code"] == "CLI101"  # type: ignore[index]
    assert "complete -F" in _document(capsys, "completion", "bash")["script"]
    assert _document(capsys, "explain", "CLI101")["code"] == "CLI101"


def test_a_command_without_a_result_still_has_a_document(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scaffold.cli.explain.run", lambda arguments, console: 3)
    assert _document(capsys, "explain") == {"exit_code": 3}

    def twice(arguments: argparse.Namespace, console: Console) -> int:
        console.data({"first": 1})
        console.say("text")
        console.raw("text")
        raise ScaffoldError("CLI105", "then it failed")

    monkeypatch.setattr("scaffold.cli.explain.run", twice)
    assert _document(capsys, "explain") == {"first": 1}


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["rules", "--famliy", "x"], "did you mean --family?"),
        (["new-tf-model", "x", "--dry-rnu"], "did you mean --dry-run?"),
        (["new-tf-model", "x", "--contributer=Jo"], "did you mean --contributor?"),
        (["rules", "--jsno"], "did you mean --json?"),
        (["rules", "a", "b"], "--help"),
        (["rulse"], "did you mean `scaffold rules`?"),
        (["--jsn", "rules"], "--help"),
    ],
)
def test_did_you_mean(capsys: pytest.CaptureFixture[str], argv: list[str], says: str) -> None:
    assert main(argv) == 2
    assert says in capsys.readouterr().err


def test_common_options_before_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert behind(["--json", "--color", "never", "--log-file=x", "rules", "x"]) == [
        *("rules", "x", "--json", "--color", "never", "--log-file=x")
    ]
    assert main(["--json", "rules", "torch.cat"]) == 0
    assert json.loads(capsys.readouterr().out)


def test_settings_of_a_wrong_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAFFOLD_LOG", "~/x")
    settings = read_settings(["rules", "--color", "pink", "--json", "--traceback"])
    assert (settings.color, settings.as_json, settings.traceback) == ("auto", True, True)
    assert settings.log_file == Path.home() / "x"
    assert read_settings(["--log-file=/y", "--color=never", "--nonsense"]).log_file == Path("/y")


def test_every_exit_status_is_explained() -> None:
    assert set(EXITS) == set(ExitCode)
    assert all(sentence.endswith(".") for _, sentence in EXITS.values())


def test_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" in Console(color="always").paint("x", "red")
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert Console(color="never").paint("x", "red") == "x"


def test_quiet_leaves_results_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "torch.cat", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert "torch.cat" in out and err == ""
    assert main(["explain", "--quiet"]) == 2
    assert "error[CLI102]" in capsys.readouterr().err


def test_steps_without_a_terminal_are_a_line_each() -> None:
    err = io.StringIO()
    console = Console(out=io.StringIO(), err=err)
    console.note("outside")
    with console.step("outer"):
        console.note("one")
        with console.step("inner"):
            console.note("two")
    assert [line.split()[1:2] + line.split()[4:] for line in err.getvalue().splitlines()[1:]] == [
        ["inner", "two"],
        ["outer", "one"],
    ]
    assert err.getvalue().startswith("outside\n")


def _everything(seen: int) -> str:
    """What the terminal was told, once nobody writes to it any more."""
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(seen, 65536):
            shown += part
    return shown.decode("utf-8")


def test_steps_at_a_terminal_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    seen, inner = pty.openpty()
    try:
        with open(inner, "w", encoding="utf-8") as err:
            console = Console(out=io.StringIO(), err=err, color="never")
            with console.step("outer [bold]"), console.step("inner"):
                console.talk("in between [red]")
                with console.paused():
                    pass
        shown = _everything(seen)
    finally:
        os.close(seen)
    assert "outer [bold] …" in shown and "inner …" in shown and "in between [red]" in shown
    assert "✓ outer [bold]" in shown


def test_a_suggested_command_names_the_clone_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "my clone"
    (root / "src").mkdir(parents=True)
    for here, said in ((root, ""), (root / "src", ""), (tmp_path, " --repo 'my clone'")):
        monkeypatch.chdir(here)
        assert in_clone(root) == said
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert in_clone(root) == f" --repo '{root}'"


def test_questions_without_a_terminal() -> None:
    console = Console(out=io.StringIO(), err=io.StringIO())
    with pytest.raises(ScaffoldError, match="--yes"):
        confirm(console, "Really?", yes=False)
    assert confirm(console, "Really?", yes=True)
    with pytest.raises(ScaffoldError, match="--into"):
        ask(console, "Where?", what="the folder", flag="--into DIR")


def test_what_an_interruption_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    state = clone / ".git" / "scaffold"
    how: list[BaseException] = []

    def writes(arguments: argparse.Namespace, console: Console) -> int:
        with journalled(state, "ready", "brand_new", arguments):
            raise how[0]

    monkeypatch.setattr("scaffold.cli.explain.run", writes)
    how = [KeyboardInterrupt()]
    assert main(["explain", "x"]) == 130
    assert f"interrupted; continue with `scaffold resume --repo {clone}`" in capsys.readouterr().err
    (clone / "src").mkdir()
    os.chdir(clone / "src")
    how = [ScaffoldError("GIT105", "cut off", exit_code=ExitCode.NETWORK)]
    assert main(["explain", "x", "--json"]) == 6
    out, err = capsys.readouterr()
    assert "then continue with `scaffold resume`\n" in err
    assert json.loads(out)["error"]["resume"] == "scaffold resume"
    how = [ScaffoldError("GIT102", "dirty", exit_code=ExitCode.USAGE)]
    assert main(["explain", "x"]) == 2
    assert "resume" not in capsys.readouterr().err
    how = [KeyboardInterrupt()]
    assert main(["explain", "x"]) == 130
    capsys.readouterr()

    def only_looks(arguments: argparse.Namespace, console: Console) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("scaffold.cli.explain.run", only_looks)  # an earlier command's note is not this one's
    assert main(["explain", "x"]) == 130
    assert "interrupted; the same command can be run again" in capsys.readouterr().err


def test_notes_taken_back_are_forgotten(tmp_path: Path) -> None:
    from scaffold.publish.journal import unfinished

    begin(tmp_path, "ready", "brand_new", argparse.Namespace())
    assert tmp_path in unfinished()
    finish(tmp_path, "brand_new")
    assert tmp_path not in unfinished()
