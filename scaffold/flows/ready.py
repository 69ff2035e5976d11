"""Check a port as its repository does, push it and mark its pull request ready for review.

Source: guide.md G36 to G38. The checks run on a copy; only when all of them pass does anything change in the clone, on the
remote or on GitHub. What formatters changed becomes a commit of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Call, PullRequest, Token
from scaffold.core.progress import Progress
from scaffold.flows.bench import Bench, Outcome, bench
from scaffold.flows.fixup import compare_with_base, run_fixup
from scaffold.flows.ported import Ported, open_ported
from scaffold.flows.pull import open_pull
from scaffold.flows.remote import push_branch
from scaffold.flows.reviewers import Asked, ask, logins

if TYPE_CHECKING:
    from scaffold.core.edits import Edit
    from scaffold.hosting.github import GitHub

MESSAGE = "make fixup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be done once everything passes."""

    ported: Ported
    pull: PullRequest
    reviewers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for. `skip` names single checks; `agree` is asked once, before anything runs."""

    root: Path
    model: str | None
    github: GitHub
    token: Token | None
    python: str = sys.executable
    make: bool = False
    skip_checks: bool = False
    skip: tuple[str, ...] = ()
    skip_tests: bool = False
    slow: bool = False
    reviewers: tuple[str, ...] = ()
    agree: Callable[[Plan], bool] = lambda plan: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`outcome` is ready, planned (a dry run), failed (a check or test) or declined; `commit` holds formatting changes."""

    plan: Plan
    outcome: str
    checks: tuple[Outcome, ...] = ()
    tests: Outcome | None = None
    reformatted: tuple[str, ...] = ()
    commit: str | None = None
    pushed: str = ""
    asked: Asked = field(default_factory=Asked)
    calls: tuple[Call, ...] = ()


def run(request: Request, progress: Progress) -> Result:
    """Check, test, commit what was reformatted, push, mark ready, ask for reviews. A failing check is a result, no error."""
    github = request.github
    with progress.step("look up"):
        ported = open_ported(request.root, request.model, read_only=github.dry_run)
        pull = _open(ported, github)
        progress.note(f"#{pull.number} in {pull.repository}, {'a draft' if pull.draft else 'ready already'}")
    plan = Plan(ported=ported, pull=pull, reviewers=logins(request.reviewers, pull.repository))
    result = Result(plan=plan, outcome="declined")
    if not github.dry_run and not request.agree(plan):
        return result
    result, edits = _judge(request, result, progress)
    failed = any(check.blocks for check in result.checks) or (result.tests is not None and not result.tests.ok)
    if failed:
        return replace(result, outcome="failed")
    return _carry_out(request, result, edits, progress)


def _open(ported: Ported, github: GitHub) -> PullRequest:
    pull = open_pull(ported, github)
    if pull is None:
        raise ScaffoldError(
            "HUB134",
            f"{ported.head} has no open pull request",
            f"open one: `scaffold open-draft-pr {ported.names.stem}`",
            exit_code=ExitCode.CONFLICT,
        )
    return pull


def _judge(request: Request, result: Result, progress: Progress) -> tuple[Result, tuple[Edit, ...]]:
    if request.skip_checks and request.skip_tests:
        return result, ()
    with ExitStack() as stack:
        with progress.step("copy"):
            copy = stack.enter_context(bench(result.plan.ported, request.python))
        return _on_bench(request, result, copy, progress)


def _on_bench(request: Request, result: Result, copy: Bench, progress: Progress) -> tuple[Result, tuple[Edit, ...]]:
    edits: tuple[Edit, ...] = ()
    if not (request.skip_checks or request.skip_tests):
        with progress.step("tests can start"):
            tests = copy.collected()
        if not tests.ok:
            return replace(result, tests=tests), edits
    if not request.skip_checks:
        with progress.step("checks"):
            checks = run_fixup(copy, progress, make=request.make, skip=request.skip)
            checks = _without_the_port(request, result.plan.ported, checks)
        edits = copy.edits("make fixup")
        result = replace(result, checks=tuple(checks), reformatted=tuple(edit.path for edit in edits))
    if not request.skip_tests:
        with progress.step("tests"):
            tests = copy.tests(slow=request.slow)
            progress.note(tests.detail.splitlines()[-1] if tests.detail else "passed")
        result = replace(result, tests=tests)
    return result, edits


def _without_the_port(request: Request, ported: Ported, checks: list[Outcome]) -> list[Outcome]:
    """The failures compared with the base's own."""
    if request.make or all(check.ok for check in checks):
        return checks
    base = ported.clone.asks("merge-base", ported.origin.base_commit, ported.tip)
    if base is None or base == ported.tip:
        return checks
    with bench(replace(ported, tip=base), request.python) as copy:
        return compare_with_base(copy, checks)


def _carry_out(request: Request, result: Result, edits: tuple[Edit, ...], progress: Progress) -> Result:
    from scaffold.publish.follow_up import commit_onto

    github, plan = request.github, result.plan
    ported = plan.ported
    if edits and github.dry_run:
        github.calls.append(Call(method="git commit", target=ported.branch, body={"files": [e.path for e in edits]}))
    elif edits:
        with progress.step("commit"):
            commit = commit_onto(ported.clone, edits, branch=ported.branch, folder=ported.folder, message=MESSAGE)
            ported = replace(ported, tip=commit)
            result = replace(result, commit=commit)
    with progress.step("push"):
        pushed = push_branch(ported, github, request.token, progress)
    with progress.step("pull"):
        if plan.pull.draft:
            github.mark_ready(plan.pull)
        asked = ask(github, plan.pull, plan.reviewers, ported.folder)
    outcome = "planned" if github.dry_run else "ready"
    return replace(result, outcome=outcome, pushed=pushed, asked=asked, calls=tuple(github.calls))
