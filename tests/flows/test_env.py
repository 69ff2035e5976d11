"""`scaffold env`: what is asked of pip, in which order, and what is refused before anything is made."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from scaffold.cli.checkouts import prefer_own_python
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.progress import Silent
from scaffold.core.secrets import VARIABLES
from scaffold.environment import TABLE
from scaffold.flows.env import NOTE, Ran, Request, frameworks, interpreter, remembered, run, run_command, table
from tests.layouts import git, miniature

DEPS = 'deps = {"tensorflow": "tensorflow>=2.4", "torch": "torch>=1.7", "tokenizers": "tokenizers>=0.1", "numpy": "numpy"}\n'
MISSING = (
    "ERROR: Could not find a version that satisfies the requirement x (from versions: 2.12.0, 2.13.1, 2.18.0)\n"
    "ERROR: No matching distribution found for x\n"
)


class Pip:
    """Stands in for pip and venv: records what it is asked, fails where told, and makes `.env` of this interpreter."""

    def __init__(self, **failures: str) -> None:
        self.failures = failures  # a word of the command → what it says
        self.asked: list[str] = []

    def __call__(self, command: Sequence[str], cwd: Path) -> Ran:
        text = " ".join(command)
        self.asked.append(text)
        for word, said in self.failures.items():
            if word in text.replace("[", "_").replace("-", "_"):
                return Ran(ok=False, stderr=said)
        if command[1:3] == ["-m", "venv"]:
            python = interpreter(cwd)
            python.parent.mkdir(parents=True)
            (cwd / ".env/pyvenv.cfg").write_text("")
            python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
            python.chmod(0o755)
        return Ran(ok=True, stdout="3.11.0")

    @property
    def installs(self) -> list[str]:
        return [text.partition("install ")[2] for text in self.asked if "install" in text and "--dry-run" not in text]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    root = miniature(tmp_path, git=True)
    (root / TABLE).parent.mkdir(parents=True, exist_ok=True)
    (root / TABLE).write_text(DEPS)
    return root


def test_the_whole_of_it_where_that_works(clone: Path) -> None:
    pip = Pip()
    result = run(Request(root=clone), Silent(), runner=pip)
    assert [text.split()[-1] for text in pip.installs] == [".[dev]"]
    assert not result.finished and not result.skipped
    assert remembered(clone) == str(interpreter(clone))
    assert ".env" not in git(clone, "status", "--porcelain")


def test_else_the_frameworks_and_the_tools(clone: Path) -> None:
    pip = Pip(_dev="ERROR: ResolutionImpossible\nmore")
    result = run(Request(root=clone), Silent(), runner=pip)
    assert result.skipped == [".[dev]: ResolutionImpossible"]
    assert "tensorflow>=2.4,<2.16 torch>=1.7 tokenizers>=0.1 numpy safetensors" in pip.installs[1]
    assert (
        pip.installs[1].endswith(" -e .[quality]") and len(pip.installs) == 2
    )  # together: neither takes what the other refuses


def test_light_never_tries_the_whole(clone: Path) -> None:
    pip = Pip(_quality="no network")
    result = run(Request(root=clone, dev=False), Silent(), runner=pip)
    assert not any("[dev]" in text for text in pip.installs)
    assert result.skipped == [".[quality]: no network"]
    assert pip.installs[1] == pip.installs[0].removesuffix(" -e .[quality]")


NOT_BUILT = (
    "WARNING: Location 'x' is ignored\n  error: subprocess-exited-with-error\n\n  × Getting requirements did not run.\n"
    "  ╰─> [2 lines of output]\n      Package libavformat was not found\n      no libraries ['avformat']\n      [end of output]\n"
)
CONFLICT = (
    "ERROR: Cannot install t[dev] because these package versions have conflicting dependencies.\n\nThe conflict is caused by:\n"
    "    t[dev] depends on urllib3<2\n    requests depends on urllib3>=2\n\nTo fix this you could try to:\n1. loosen\n"
)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (Ran(ok=False, stdout="Collecting a\nCollecting av==9.2.0 (from t)\n", stderr=NOT_BUILT),
         "av==9.2.0 cannot be built: no libraries ['avformat']"),
        (Ran(ok=False, stderr=NOT_BUILT + "ERROR: Failed building wheel for av\n"),
         "av cannot be built: no libraries ['avformat']"),
        (Ran(ok=False, stderr=CONFLICT), "these exclude each other: t[dev] depends on urllib3<2; requests depends on urllib3>=2"),
        (Ran(ok=False, stderr="WARNING: slow\nnote: x"), "note: x"),
    ],
)  # fmt: skip
def test_what_pip_says_is_named(clone: Path, said: Ran, shown: str) -> None:
    """As pip 23 says it, with its `Collecting …` on standard output."""
    pip = Pip()
    result = run(Request(root=clone), Silent(), runner=lambda c, cwd: said if ".[dev]" in c else pip(c, cwd))
    assert result.skipped == [f".[dev]: {shown}"]


def test_a_second_run_asks_nothing(clone: Path) -> None:
    run(Request(root=clone), Silent(), runner=Pip())
    pip = Pip()
    assert run(Request(root=clone), Silent(), runner=pip).finished
    assert len(pip.asked) == 1 and pip.asked[0].endswith("import torch, tensorflow")


def test_what_cannot_be_imported_is_no_environment(clone: Path) -> None:
    """`.[quality]` once replaced the NumPy that TensorFlow 2.15 was built for."""
    broken = Pip(**{"import torch": "Traceback\nImportError: numpy.core.umath failed to import"})
    with pytest.raises(ScaffoldError, match="numpy.core.umath failed to import") as caught:
        run(Request(root=clone, dev=False), Silent(), runner=broken)
    assert caught.value.code == "ENV105" and remembered(clone) is None
    with pytest.raises(ScaffoldError):  # a second run does not take it for finished
        run(Request(root=clone, dev=False), Silent(), runner=broken)
    assert len(broken.installs) == 2


def test_a_package_that_the_library_would_trip_over_is_named(clone: Path) -> None:
    """pyarrow 26 came with `.[quality]` beside NumPy 1.26, and the library's Trainer could not be imported any more."""
    result = run(
        Request(root=clone), Silent(), runner=Pip(datasets="Traceback\nImportError: pyarrow requires NumPy 2.0\n")
    )
    assert result.skipped == ["datasets is there and cannot be imported: ImportError: pyarrow requires NumPy 2.0"]
    assert remembered(clone) is not None
    assert (clone / ".env/constraints.txt").read_text() == "pyarrow<26\n"


def test_what_this_python_cannot_have_is_said_before_anything_is_made(clone: Path) -> None:
    with pytest.raises(ScaffoldError) as caught:
        run(Request(root=clone), Silent(), runner=Pip(tensorflow=MISSING))
    assert (caught.value.code, caught.value.exit_code) == ("ENV104", ExitCode.UNSUPPORTED_SOURCE)
    assert "Python 3.11.0 cannot have: tensorflow>=2.4,<2.16 (there are 2.12.0 to 2.18.0)" in caught.value.message
    assert "--python" in caught.value.help and not (clone / ".env").exists()


@pytest.mark.parametrize(
    ("failures", "code"),
    [
        ({"torch": "ERROR: Could not connect"}, "ENV105"),
        ({"torch": "/usr/bin/python: No module named pip"}, "ENV103"),
        ({"venv": "Error: ensurepip is not available"}, "ENV105"),
        ({"safetensors": "ERROR: No space left on device"}, "ENV105"),
    ],
)
def test_failures_are_told_apart(clone: Path, failures: dict[str, str], code: str) -> None:
    with pytest.raises(ScaffoldError) as caught:
        run(Request(root=clone, dev=False), Silent(), runner=Pip(**failures))
    assert caught.value.code == code
    assert remembered(clone) is None


def test_something_else_at_that_place(clone: Path) -> None:
    (clone / ".env").mkdir()
    with pytest.raises(ScaffoldError) as caught:
        run(Request(root=clone), Silent(), runner=Pip())
    assert (caught.value.code, caught.value.exit_code) == ("ENV106", ExitCode.CONFLICT)


def test_a_dry_run_makes_nothing(clone: Path) -> None:
    pip = Pip()
    result = run(Request(root=clone, dry_run=True), Silent(), runner=pip)
    assert len(result.commands) == 3 and not pip.installs and not (clone / ".env").exists()


def test_a_table_that_cannot_be_read(clone: Path) -> None:
    (clone / TABLE).write_text("deps = {open('x')}")
    with pytest.raises(ScaffoldError, match="dependency_versions_table") as caught:
        table(clone)
    assert caught.value.code == "ENV105"


def test_an_upper_bound_of_the_clone_is_kept() -> None:
    assert frameworks({"tensorflow": "tensorflow>2.9,<2.14"})[0] == "tensorflow>2.9,<2.14"
    assert frameworks({})[1] == "torch"


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError) as caught:
        run_command([str(tmp_path / "python")], tmp_path)
    assert caught.value.code == "ENV103"
    assert run_command([sys.executable, "-c", "print(1)"], tmp_path) == Ran(ok=True, stdout="1\n")


def test_the_clones_code_sees_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "a-secret")
    told = run_command([sys.executable, "-c", "import os; print('a-secret' in os.environ.values())"], tmp_path)
    assert told.stdout == "False\n"


def test_later_commands_take_it_unless_another_is_named(clone: Path) -> None:
    run(Request(root=clone), Silent(), runner=Pip())

    def chosen(*words: str) -> str:
        arguments = argparse.Namespace(python=sys.executable, repo=clone)
        prefer_own_python(arguments, words)
        return str(arguments.python)

    assert chosen("checklist") == str(interpreter(clone))
    assert chosen("checklist", "--python", sys.executable) == sys.executable
    interpreter(clone).unlink()
    assert chosen("checklist") == sys.executable


def test_a_folder_that_merely_lies_there_is_not_taken(clone: Path) -> None:
    """A checkout may bring a `.env` of its own; only what was noted inside .git is run."""
    (clone / ".env/bin").mkdir(parents=True)
    (clone / ".env/bin/python").symlink_to(sys.executable)
    arguments = argparse.Namespace(python="/some/python", repo=clone)
    prefer_own_python(arguments, [])
    assert arguments.python == "/some/python"
    assert remembered(clone) is None and not (clone / ".git/scaffold" / NOTE).exists()
