"""A private copy of the branch in which the checkout's own tools and tests run, so that the user's tree is never half-changed.

It is a small repository of its own that borrows the clone's objects, with the branch as HEAD and the base as `main` (several of
the checkout's tools compare with a branch of that name). What the tools change in it is read back as edits.
Source: guide.md G36 and G37; docs/architecture.md ("From draft to final").
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scaffold.core.child import ChildResult, run_worker
from scaffold.core.edits import Edit, Tree
from scaffold.core.errors import ScaffoldError
from scaffold.flows.ported import Ported
from scaffold.testing.environment import suite_variables

_TOOL_LIMIT = 1800.0
_TEST_LIMIT = 3600.0
_SLOW_TEST_LIMIT = 6 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One tool or test run: `detail` says what failed, in the tool's own words; `on_base`: just so without the port, too."""

    title: str
    ok: bool
    seconds: float
    detail: str = ""
    on_base: bool = False

    @property
    def blocks(self) -> bool:
        """True for a failure that the port has to answer for."""
        return not self.ok and not self.on_base


@dataclass(frozen=True, slots=True)
class Bench:
    """The copy at `root`; `python` is the interpreter that has the frameworks."""

    ported: Ported
    root: Path
    python: str

    def changed_since_base(self) -> list[str]:
        """Paths that the branch adds or modifies."""
        from scaffold.publish.git import Clone

        listed = Clone(self.root).git("diff", "--name-only", "--no-renames", "--diff-filter=d", "-z", "main", "HEAD")
        return [path for path in listed.split("\0") if path]

    def script(self, path: str, arguments: Sequence[str]) -> ChildResult:
        """Run one of the checkout's scripts."""
        return self._run("run_module.py", [str(self.root / path), *arguments])

    def module(self, name: str, arguments: Sequence[str], *, extra: Mapping[str, str] | None = None) -> ChildResult:
        """Run `python -m name`."""
        return self._run("run_module.py", [name, *arguments], extra=extra)

    def _run(
        self,
        script: str,
        arguments: Sequence[str],
        *,
        extra: Mapping[str, str] | None = None,
        limit: float = _TOOL_LIMIT,
    ) -> ChildResult:
        return run_worker(
            script,
            arguments,
            python=self.python,
            src=self.root / "src",
            timeout=limit,
            cwd=self.root,
            env_extra={"PATH": self.search_path, **(extra or {})},
        )

    @property
    def search_path(self) -> str:
        """Programs beside the target Python first, then our ruff: some of the checkout's scripts start one by name."""
        from scaffold.core.formatting import ruff

        folders = [str(Path(shutil.which(self.python) or self.python).parent), str(Path(ruff()).parent)]
        return os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])

    def tests(self, *, slow: bool) -> Outcome:
        """Run the port's test file as the guide says (G36). `slow` tests download checkpoints, so they are not the default."""
        path = self.ported.names.tf_test_path
        if not (self.root / path).is_file():
            return Outcome(title="tests", ok=False, seconds=0.0, detail=f"there is no {path}")
        arguments = ["pytest", "-q", "-p", "no:cacheprovider", path]
        limit = _SLOW_TEST_LIMIT if slow else _TEST_LIMIT
        result = self._run("run_module.py", arguments, extra=suite_variables(slow=slow), limit=limit)
        return Outcome(title="tests", ok=result.ok, seconds=result.seconds, detail=_said_by_pytest(result))

    def collected(self) -> Outcome:
        """Import the port's test file without running a test: what is missing shows at once, not after minutes of checks."""
        arguments = ["pytest", "-q", "-p", "no:cacheprovider", "--collect-only", self.ported.names.tf_test_path]
        result = self._run("run_module.py", arguments, extra=suite_variables(slow=False))
        detail = "" if result.ok else _said_by_pytest(result)
        return Outcome(title="tests", ok=result.ok, seconds=result.seconds, detail=detail)

    def edits(self, by: str) -> tuple[Edit, ...]:
        """What differs here from the branch, as edits of the user's clone; new files that are not tracked are left out."""
        from scaffold.publish.git import Clone

        tree = Tree(self.ported.located.root)
        for path in Clone(self.root).git("diff", "--name-only", "--no-renames", "-z", "HEAD").split("\0"):
            if path:
                file = self.root / path
                after = file.read_bytes().decode("utf-8") if file.is_file() else None
                tree.plan(path, after, by=by, why="what the checkout's own tools make of it")
        return tree.edits()


def missing_package(detail: str) -> str | None:
    """The package whose absence a tool's last words name."""
    found = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", detail)
    return found[1].partition(".")[0] if found else None


def _said_by_pytest(result: ChildResult) -> str:
    """The lines on failed tests and the last line; the error itself where pytest did not come so far."""
    lines = [line.strip("= ") for line in result.stdout.splitlines() if line.strip("= ")]
    if not lines:
        return result.last_error()
    failed = [line for line in lines if line.startswith(("FAILED", "SUBFAIL", "ERROR", "E   ModuleNotFoundError"))]
    shown = failed[:10] + ([f"and {len(failed) - 10} more"] if len(failed) > 10 else [])
    return "\n".join([*shown, lines[-1]])


@contextmanager
def bench(ported: Ported, python: str, edits: Iterable[Edit] = ()) -> Iterator[Bench]:
    """A bench with the branch checked out and `edits` laid over it; removed afterwards, also what a killed run left."""
    folder = ported.folder / f"bench.{os.getpid()}.{ported.tip[:12]}"
    for leftover in ported.folder.glob("bench.*"):
        if leftover == folder or not leftover.name.startswith(f"bench.{os.getpid()}."):
            shutil.rmtree(leftover, ignore_errors=True)
    try:
        _populate(ported, folder)
        for edit in edits:
            target = folder / edit.path
            if edit.after is None:
                target.unlink(missing_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(edit.after.encode("utf-8"))
        yield Bench(ported, folder, python)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _populate(ported: Ported, folder: Path) -> None:
    """A repository without objects of its own, and the branch's files."""
    from scaffold.publish.git import Clone, run_git

    clone = ported.clone
    folder.mkdir(parents=True)
    run_git(folder, "init", "--quiet", "--template=", f"--initial-branch={ported.branch}")
    copy = Clone(folder)
    objects = clone.git_path("objects")
    (folder / ".git/objects/info").mkdir(exist_ok=True)
    (folder / ".git/objects/info/alternates").write_text(f"{objects}\n", encoding="utf-8")
    shallow = clone.git_path("shallow")
    if shallow.is_file():
        shutil.copyfile(shallow, folder / ".git/shallow")
    base = clone.asks("merge-base", ported.origin.base_commit, ported.tip) or ported.tip
    copy.git("update-ref", "refs/heads/main", base)
    copy.git("update-ref", f"refs/heads/{ported.branch}", ported.tip)
    copy.git("read-tree", "HEAD")
    copy.git("checkout-index", "--all", "--quiet", "--index")


def run_make(copy: Bench) -> Outcome:
    """Really `make fixup`."""
    import subprocess
    import time

    from scaffold.core.child import worker_environment
    from scaffold.environment import keras_variable, read_environment

    # given on the command line, the variable wins over the Makefile's own, which asks git about a local `main`
    changed = " ".join(path for path in copy.changed_since_base() if path.endswith(".py"))
    keras = keras_variable(read_environment(copy.python, copy.root))
    started = time.monotonic()
    try:
        done = subprocess.run(
            ["make", "fixup", f"modified_py_files={changed}"],
            cwd=copy.root,
            env=worker_environment(copy.root / "src", str(copy.root / ".git"), {"PATH": copy.search_path, **keras}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TOOL_LIMIT * 2,
            start_new_session=True,
            check=False,
        )
    except OSError as error:
        raise ScaffoldError("HUB135", "make could not be started", "install make, or leave --make out") from error
    except subprocess.TimeoutExpired as error:
        raise ScaffoldError(
            "HUB135", "make fixup took too long", "run it in the clone to see where it hangs"
        ) from error
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    detail = "" if done.returncode == 0 else "\n".join(said[-8:])
    return Outcome(title="make fixup", ok=done.returncode == 0, seconds=time.monotonic() - started, detail=detail)
