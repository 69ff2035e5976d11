"""The virtual environment of a clone (guide.md G7): `.env` in its root, with versions that the clone itself allows.

`pip install -e ".[dev]"` first, as the guide has it; where that fails, which is common, PyTorch, TensorFlow and what the library
checks on import, with `.[quality]`. Source of the versions: the clone's dependency_versions_table.py. Before anything is made,
pip is asked whether this Python can have them at all: old releases need old frameworks, which newer Pythons never got.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.progress import Progress
from scaffold.core.secrets import environment_without_tokens
from scaffold.environment import TABLE, Environment, check_environment, read_environment

FOLDER = ".env"
NOTE = "env.json"
#: What the library checks when it is imported, and the tests need; the frameworks are added.
_PLAIN = ("tokenizers", "numpy", "safetensors", "huggingface-hub", "regex", "requests", "tqdm", "packaging", "filelock")
_TESTS = ("pyyaml", "pytest", "parameterized")
#: TensorFlow below 2.16 wants NumPy 1. pyarrow 26, which the tools bring, refuses to be imported with that and does not declare
#: it: found by importing 24, 25 and 26 with NumPy 1.26.
_BOUNDS = ("pyarrow<26",)
#: Packages with compiled code, which exist for some Pythons only.
_COMPILED = ("torch", "tokenizers", "numpy", "safetensors")
_LIMIT = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`python` makes the environment; `dev` tries the clone's own `.[dev]` first."""

    root: Path
    python: str = sys.executable
    dev: bool = True
    dry_run: bool = False


@dataclass(slots=True, kw_only=True)
class Result:
    """`python` is the environment's interpreter; `commands` what was run, or in a dry run would be; `skipped` what failed."""

    python: str
    finished: bool = False
    commands: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    environment: Environment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended."""

    ok: bool
    stdout: str = ""
    stderr: str = ""


Runner = Callable[[Sequence[str], Path], Ran]


def run_command(command: Sequence[str], cwd: Path) -> Ran:
    """Run it with the user's own settings (pip needs their index, proxy and cache), but no tokens: it runs the clone's code."""
    env = environment_without_tokens()
    try:
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=_LIMIT)
    except OSError as error:
        raise ScaffoldError(
            "ENV103", f"{command[0]} could not be started: {error.strerror}", "check --python"
        ) from error
    except subprocess.TimeoutExpired:
        return Ran(ok=False, stderr=f"not finished after {_LIMIT:.0f} s")
    return Ran(ok=done.returncode == 0, stdout=done.stdout, stderr=done.stderr)


def interpreter(root: Path) -> Path:
    """Where the environment's Python is."""
    return root / FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def table(root: Path) -> dict[str, str]:
    """The clone's `deps` table, package → requirement; ENV105 when the clone has none that can be read."""
    try:
        tree = ast.parse((root / TABLE).read_bytes().decode("utf-8"))
        found = next(n.value for n in tree.body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Dict))
        return {str(name): str(wanted) for name, wanted in ast.literal_eval(found).items()}
    except (OSError, ValueError, SyntaxError, StopIteration) as error:
        raise ScaffoldError(
            "ENV105", f"{TABLE} cannot be read ({error or 'it holds no table'})", "restore the file with git"
        ) from error


def frameworks(deps: dict[str, str]) -> list[str]:
    """Requirements of TensorFlow and PyTorch. Not `tensorflow-cpu`, which 4.30 and 4.31 do not recognise as TensorFlow."""
    wanted = deps.get("tensorflow", "tensorflow")
    if "<" not in wanted and "==" not in wanted:
        # since 2.16 `tf.keras` is Keras 3, which no release with TensorFlow works with
        wanted += ",<2.16" if ">" in wanted else "<2.16"
    return [wanted, deps.get("torch", "torch")]


def packages(deps: dict[str, str]) -> list[str]:
    """Everything that is installed where `.[dev]` is not."""
    return [*frameworks(deps), *(deps.get(name, name) for name in (*_PLAIN, *_TESTS))]


def run(request: Request, progress: Progress, *, runner: Runner = run_command) -> Result:
    """Make or complete the environment. ENV104 when this Python cannot have what the clone wants; nothing is made then."""
    root, deps = request.root, table(request.root)
    python = interpreter(root)
    result = Result(python=str(python))
    if python.exists() and _complete(result, root, runner):
        result.finished = True
        _remember(root, result.python)
        return result
    if (root / FOLDER).exists() and not (root / FOLDER / "pyvenv.cfg").is_file():
        raise ScaffoldError(
            "ENV106",
            f"{root / FOLDER} is there and is no virtual environment",
            "move it away",
            exit_code=ExitCode.CONFLICT,
        )
    with progress.step("ask pip"):
        check_available(deps, request.python, root, runner)
    _install(request, deps, result, progress, runner)
    if not request.dry_run:
        with progress.step("import the frameworks"):
            _check(result, root, runner)
            result.skipped += _unusable(result.python, root, runner)
            progress.note(result.environment.summary if result.environment else "")
        _remember(root, result.python)
    return result


def _complete(result: Result, root: Path, runner: Runner) -> bool:
    try:
        _check(result, root, runner)
    except ScaffoldError:
        result.environment = None
        return False
    return True


def _check(result: Result, root: Path, runner: Runner) -> None:
    """The versions, and that the frameworks can really be imported: a later package may have replaced one they need."""
    result.environment = read_environment(result.python, root)
    check_environment(result.environment, tensorflow=True)
    imported = runner([result.python, "-c", "import torch, tensorflow"], root)
    if not imported.ok:
        said = imported.stderr.strip().splitlines()
        raise ScaffoldError(
            "ENV105",
            f"the frameworks in {root / FOLDER} cannot be imported: {said[-1] if said else 'no message'}",
            f"remove {root / FOLDER} and run the command again with --light",
        )


def _unusable(python: str, root: Path, runner: Runner) -> list[str]:
    """The library imports `datasets` wherever it is installed, so one that is broken breaks the repository's own checks."""
    code = "import importlib.util as u; u.find_spec('datasets') and __import__('datasets')"
    ran = runner([python, "-c", code], root)
    return (
        []
        if ran.ok
        else [f"datasets is there and cannot be imported: {(ran.stderr.strip().splitlines() or ['no message'])[-1]}"]
    )


# --- what this Python can have ----------------------------------------------------------------------------------------


def check_available(deps: dict[str, str], python: str, root: Path, runner: Runner) -> None:
    """Ask pip for each compiled package alone, so that the answer names the one that is missing (ENV104)."""
    wanted = [*frameworks(deps), *(deps[name] for name in _COMPILED[1:] if name in deps)]
    refused = [said for requirement in wanted if (said := _refusal(requirement, python, root, runner))]
    if refused:
        raise ScaffoldError(
            "ENV104",
            f"the clone wants what {_version(python, root, runner)} cannot have: {'; '.join(refused)}",
            "name an older Python with --python; without the frameworks `translate --no-probe`, `new-tf-model --no-probe "
            "--no-verify` and `checklist` still work",
            exit_code=ExitCode.UNSUPPORTED_SOURCE,
        )


def _refusal(requirement: str, python: str, root: Path, runner: Runner) -> str:
    """Why pip cannot install the requirement, with the versions there are; empty when it can."""
    options = ("--dry-run", "--no-deps", "--ignore-installed", "--only-binary=:all:", "--disable-pip-version-check")
    asked = runner([python, "-m", "pip", "install", *options, requirement], root)
    if asked.ok:
        return ""
    if "No module named pip" in asked.stderr:
        raise ScaffoldError("ENV103", f"{python} has no pip", "install it (`python -m ensurepip`), or check --python")
    versions = re.search(r"\(from versions: ([^)]*)\)", asked.stderr)
    if versions is None:  # no answer about versions: the network, the index
        lines = [line for line in asked.stderr.splitlines() if line.strip()]
        raise ScaffoldError(
            "ENV105",
            f"pip could not look for {requirement}: {lines[-1].strip() if lines else 'no message'}",
            "check the network and pip's index, then run the command again",
            exit_code=ExitCode.NETWORK,
        )
    known = [part.strip() for part in versions.group(1).split(",") if part.strip() not in ("", "none")]
    if not known:
        return f"{requirement} (there is none for it)"
    return f"{requirement} (there are {known[0]} to {known[-1]})"


def _version(python: str, root: Path, runner: Runner) -> str:
    asked = runner([python, "-c", "import platform; print(platform.python_version())"], root)
    return f"Python {asked.stdout.strip()}" if asked.ok else python


# --- installing -------------------------------------------------------------------------------------------------------


def _install(request: Request, deps: dict[str, str], result: Result, progress: Progress, runner: Runner) -> None:
    root, bounds = request.root, f"{FOLDER}/constraints.txt"
    pip = [result.python, "-m", "pip", "install", "--disable-pip-version-check", "-c", bounds]

    def do(title: str, command: list[str]) -> Ran:
        result.commands.append(" ".join(f'"{part}"' if re.search(r"[\[<>!]", part) else part for part in command))
        if request.dry_run:
            return Ran(ok=True)
        with progress.step(title):
            return runner(command, root)

    if not interpreter(root).exists():
        _demand(do("make .env", [request.python, "-m", "venv", FOLDER]), f"{request.python} -m venv")
    if not request.dry_run:
        (root / bounds).write_text("".join(f"{bound}\n" for bound in _BOUNDS), encoding="utf-8")
    if request.dev:
        if (ran := do("install .[dev]", [*pip, "-e", ".[dev]"])).ok and not request.dry_run:
            return
        result.skipped += [] if ran.ok else [f".[dev]: {_last(ran)}"]
    # in one step, or pip chooses what the tools refuse: TensorFlow 2.15 came out with NumPy 2, 4.40's tools want an old urllib3
    both = do("install the frameworks and .[quality]", [*pip, *packages(deps), "-e", ".[quality]"])
    if both.ok:
        return
    result.skipped.append(f".[quality]: {_last(both)}")
    _demand(do("install the frameworks", [*pip, *packages(deps)]), "pip install")


def _demand(ran: Ran, what: str) -> None:
    if not ran.ok:
        raise ScaffoldError(
            "ENV105", f"{what} failed: {_last(ran)}", "mend what it names, then run the same command again"
        )


def _last(ran: Ran) -> str:
    """What pip says is wrong: the package it could not build, and what that build said last; the requirements that exclude each
    other; or its first error.
    """
    lines = [line.strip() for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("WARNING:")]
    text = "\n".join(lines)
    built = re.search(r"^ERROR: Failed building wheel for (\S+)", text, re.M)
    said = re.search(r"^(.*)\n\[end of output\]", text, re.M)
    if said:
        collected = re.findall(r"^Collecting (\S+)", ran.stdout, re.M)
        package = built[1] if built else collected[-1] if collected else "a package"
        return f"{package} cannot be built: {said[1]}"[:300]
    conflict = re.search(r"^The conflict is caused by:\n(.*?)(?:\nTo fix this|\Z)", text, re.M | re.S)
    if conflict:
        return f"these exclude each other: {conflict[1]}".replace("\n", "; ")[:300]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["no message"])[0][:300]


# --- remembering ------------------------------------------------------------------------------------------------------


def _remember(root: Path, python: str) -> None:
    """Note the interpreter inside `.git`, where no checkout can put one, so that later commands may take it by themselves."""
    from scaffold.publish.git import open_clone
    from scaffold.publish.journal import write_json

    try:
        clone = open_clone(root)
    except ScaffoldError:
        return  # an unpacked release: it has to be named
    exclude = clone.git_path("info/exclude")
    if not clone.asks("check-ignore", "-q", FOLDER):
        exclude.parent.mkdir(parents=True, exist_ok=True)
        with open(exclude, "a", encoding="utf-8") as file:
            file.write(f"/{FOLDER}/\n")
    write_json(clone.git_path("scaffold") / NOTE, {"python": python})


def remembered(root: Path) -> str | None:
    """The interpreter that this command made for the clone; None without one."""
    from scaffold.publish.git import open_clone

    try:
        note = open_clone(root).git_path("scaffold") / NOTE
        python = str(json.loads(note.read_text(encoding="utf-8"))["python"])
    except (ScaffoldError, OSError, ValueError, KeyError, TypeError):
        return None
    return python if Path(python).exists() else None
