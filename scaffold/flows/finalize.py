"""Make a port's tests and examples load TensorFlow weights, once there are any: every `from_pt=True` goes.

Source: guide.md G39. The tests run on a copy with the edits in it; only when they pass is the change committed and pushed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.core.edits import Edit, Tree
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Call, Token
from scaffold.core.progress import Progress
from scaffold.flows.bench import Outcome, bench
from scaffold.flows.from_pt import without_from_pt
from scaffold.flows.ported import Ported, open_ported
from scaffold.flows.remote import push_branch, pushed_commit

if TYPE_CHECKING:
    from scaffold.hosting.github import GitHub

MESSAGE = "Load the TensorFlow weights"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The edits, and how many arguments go from each file."""

    ported: Ported
    edits: tuple[Edit, ...]
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for. `weights_merged` is the user's word that the Hub has TensorFlow weights."""

    root: Path
    model: str | None
    github: GitHub
    token: Token | None
    python: str = sys.executable
    weights_merged: bool = False
    skip_tests: bool = False
    slow: bool = False
    agree: Callable[[Plan], bool] = lambda plan: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`outcome` is final, unchanged, planned (a dry run), failed (the tests) or declined."""

    plan: Plan
    outcome: str
    tests: Outcome | None = None
    commit: str | None = None
    pushed: str = ""
    calls: tuple[Call, ...] = ()


def run(request: Request, progress: Progress) -> Result:
    """Edit, test, commit, push. HUB136 (exit status 2) when there is something to remove and nobody said that weights exist."""
    github = request.github
    with progress.step("look up"):
        ported = open_ported(request.root, request.model, read_only=github.dry_run)
        plan = _plan(ported)
        progress.note(f"{sum(count for _, count in plan.counts)} × from_pt=True")
    result = Result(plan=plan, outcome="unchanged")
    if plan.edits and not (request.weights_merged or github.dry_run):
        raise ScaffoldError(
            "HUB136",
            f"whether the Hub has TensorFlow weights for {ported.names.title} is not known",
            "once they are merged there, give --weights-merged",
            exit_code=ExitCode.USAGE,
        )
    if not plan.edits and pushed_commit(ported, request.token) == ported.tip:
        return result
    if not github.dry_run and not request.agree(plan):
        return replace(result, outcome="declined")
    if not (request.skip_tests or github.dry_run):
        with progress.step("tests"), bench(ported, request.python, plan.edits) as copy:
            tests = copy.tests(slow=request.slow)
            progress.note(tests.detail.splitlines()[-1] if tests.detail else "passed")
            result = replace(result, tests=tests)
        if result.tests is not None and not result.tests.ok:
            return replace(result, outcome="failed")
    return _carry_out(request, result, progress)


def _plan(ported: Ported) -> Plan:
    """The port's own files: the model, its tests and its page."""
    tree, counts = Tree(ported.located.root), []
    names = ported.names
    for path in (names.tf_path, names.tf_test_path, ported.located.doc_page):
        text = tree.read(path) if path else None
        if path is None or text is None:
            continue
        done = without_from_pt(path, text)
        if done.count:
            tree.plan(path, _formatted(path, text, done.text), by="finalize", why="TensorFlow weights exist")
            counts.append((path, done.count))
    return Plan(ported=ported, edits=tree.edits(), counts=tuple(counts))


def _formatted(path: str, before: str, after: str) -> str:
    """Laid out anew if the file was laid out before: a call that got shorter may fit on one line."""
    from scaffold.core.formatting import Unformattable, laid_out

    if not path.endswith(".py"):
        return after
    try:
        return laid_out(after) if laid_out(before) == before else after
    except Unformattable:
        return after


def _carry_out(request: Request, result: Result, progress: Progress) -> Result:
    from scaffold.publish.follow_up import commit_onto

    github, plan = request.github, result.plan
    ported = plan.ported
    if plan.edits and github.dry_run:
        files = [edit.path for edit in plan.edits]
        github.calls.append(Call(method="git commit", target=ported.branch, body={"files": files}))
    elif plan.edits:
        with progress.step("commit"):
            commit = commit_onto(ported.clone, plan.edits, branch=ported.branch, folder=ported.folder, message=MESSAGE)
            ported = replace(ported, tip=commit)
            result = replace(result, commit=commit)
    with progress.step("push"):
        pushed = push_branch(ported, github, request.token, progress)
    outcome = "planned" if github.dry_run else "final"
    return replace(result, outcome=outcome, pushed=pushed, calls=tuple(github.calls))
