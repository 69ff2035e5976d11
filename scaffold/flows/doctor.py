"""What `scaffold doctor` looks at, and what it concludes: findings, each with the command that mends it.

Nothing is changed, nowhere. A note is worth knowing and no problem; only problems count for the exit status.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from scaffold.core.errors import ExitCode, ScaffoldError

#: git's version that everything needs, and the one that `update` and the rebase of a port need.
GIT_FLOOR, GIT_REBASE = (2, 31), (2, 38)

#: Bytes that a new clone takes: history without blobs, the blobs of one commit, its work tree (measured: 0.25 GB).
CLONE_BYTES = 300_000_000


class State(Enum):
    """How a thing is."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `fix` is a command, or says what to do; `exit_code` is what the problem would end a command with."""

    check: str
    state: State
    text: str
    fix: str = ""
    exit_code: ExitCode = ExitCode.FAILURE


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check=check, state=State.OK, text=text)


def note(check: str, text: str, fix: str = "") -> Finding:
    """Worth knowing."""
    return Finding(check=check, state=State.NOTE, text=text, fix=fix)


def skipped(check: str, why: str) -> Finding:
    """Not looked at."""
    return Finding(check=check, state=State.SKIPPED, text=why)


def problem(check: str, text: str, fix: str, exit_code: ExitCode = ExitCode.FAILURE) -> Finding:
    """To be mended."""
    return Finding(check=check, state=State.PROBLEM, text=text, fix=fix, exit_code=exit_code)


def refused(check: str, error: ScaffoldError) -> Finding:
    """To be mended: what a command would be refused with."""
    return problem(check, error.message, error.help, error.exit_code)


def status(findings: Iterable[Finding]) -> ExitCode:
    """OK without a problem; AUTHENTICATION or NETWORK when all problems are of that kind; else FAILURE."""
    codes = {finding.exit_code for finding in findings if finding.state is State.PROBLEM}
    if not codes:
        return ExitCode.OK
    only = codes.pop() if len(codes) == 1 else ExitCode.FAILURE
    return only if only in (ExitCode.AUTHENTICATION, ExitCode.NETWORK) else ExitCode.FAILURE


def as_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """The findings as one document."""
    rows = [{**asdict(f), "state": f.state.value, "exit_code": int(f.exit_code)} for f in findings]
    for row in rows:
        if row["state"] != State.PROBLEM.value:
            del row["exit_code"]
    return {"ok": status(findings) is ExitCode.OK, "findings": rows}


def look_at_machine(root: Path | None, python: str) -> Iterator[Finding]:
    """git, the author, the frameworks, the disk. `root` is the clone, if there is one."""
    here = root or Path.cwd()
    yield from _git(here)
    yield _environment(here, python)
    yield _disk(here, new_clone=root is None)


def _git(here: Path) -> Iterator[Finding]:
    from scaffold.publish.git import Clone, check_identity, git_version

    try:
        version = git_version()
    except ScaffoldError as error:
        yield refused("git", error)
        return
    text = f"git {version[0]}.{version[1]}"
    if version < GIT_FLOOR:
        floor = f"{GIT_FLOOR[0]}.{GIT_FLOOR[1]}"
        yield problem("git", f"{text} is too old", f"install git {floor} or later")
    elif version < GIT_REBASE:
        wanted = f"{GIT_REBASE[0]}.{GIT_REBASE[1]}"
        yield note("git", f"{text}; `scaffold update` and the rebase of a port need {wanted}", f"install git {wanted}")
    else:
        yield ok("git", text)
    try:
        check_identity(Clone(here))
        yield ok("author", "name and address are set")
    except ScaffoldError as error:
        yield refused("author", error)


def _environment(here: Path, python: str) -> Finding:
    from scaffold.environment import check_environment, read_environment

    try:
        environment = read_environment(python, here)
        check_environment(environment, tensorflow=True)
    except ScaffoldError as error:
        return refused("environment", error)
    return ok("environment", environment.summary)


def _disk(here: Path, *, new_clone: bool) -> Finding:
    free = shutil.disk_usage(here).free
    text = f"{free / 1e9:.1f} GB free in {here}"
    if free < CLONE_BYTES:
        what = "a new clone takes 0.3 GB" if new_clone else "a port and its checks take up to 0.3 GB"
        return problem("disk", f"{text}; {what}", "free some space, or work in another folder")
    return ok("disk", text)
