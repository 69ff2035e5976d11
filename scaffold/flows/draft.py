"""Open a port's draft pull request, or bring the one that is open up to date.

Source: guide.md G11, G12, G37, G38; publishing.md §1, §2. Everything is looked up before it is written, so that a second run
writes nothing and a run that was killed is finished by running it again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.core.hosting import Call, PullRequest, Token
from scaffold.core.progress import Progress
from scaffold.flows.evidence import Evidence, gather
from scaffold.flows.ported import Ported, open_ported
from scaffold.flows.reviewers import Asked, ask, logins
from scaffold.flows.target import Target, choose

if TYPE_CHECKING:
    from scaffold.hosting.github import GitHub


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is about to be written, for the user to agree to. `existing` is the pull request that will be updated."""

    ported: Ported
    target: Target
    title: str
    body: str
    reviewers: tuple[str, ...]
    existing: PullRequest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for. `python` has the frameworks; `agree` is asked once before the first write."""

    root: Path
    model: str | None
    github: GitHub
    token: Token | None
    python: str = sys.executable
    allow_failing: bool = False
    to_upstream: bool = False
    in_fork: bool = False
    base: str | None = None
    title: str | None = None
    reviewers: tuple[str, ...] = ()
    agree: Callable[[Plan], bool] = lambda plan: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`outcome` is created, updated, unchanged, planned (a dry run) or declined; `pushed` as `push_branch` says it."""

    plan: Plan
    evidence: Evidence
    outcome: str
    pull: PullRequest | None = None
    pushed: str = ""
    asked: Asked = field(default_factory=Asked)
    kept_body: bool = False
    calls: tuple[Call, ...] = ()


def run(request: Request, progress: Progress) -> Result:
    """Verify, push, open or update, ask for reviews. Raises ScaffoldError; what was written until then is found again."""
    github = request.github
    with progress.step("look up"):
        ported = open_ported(request.root, request.model, read_only=github.dry_run)
        target = choose(ported, github, to_upstream=request.to_upstream, in_fork=request.in_fork, base=request.base)
        reviewers = logins(request.reviewers, target.repository)
        existing = github.find_pull(target.repository, ported.head)
        progress.note(f"#{existing.number} is open" if existing else f"no pull request yet in {target.repository}")
    evidence = gather(ported, python=request.python, allow_failing=request.allow_failing, progress=progress)
    plan, kept = _plan(request, ported, target, evidence, reviewers, existing)
    result = Result(plan=plan, evidence=evidence, outcome="declined", pull=existing, kept_body=kept)
    if not github.dry_run and not request.agree(plan):
        return result
    return _carry_out(request, result, progress)


def _plan(
    request: Request,
    ported: Ported,
    target: Target,
    evidence: Evidence,
    reviewers: tuple[str, ...],
    existing: PullRequest | None,
) -> tuple[Plan, bool]:
    """The plan, and True when the existing description has lost its marks and is left alone."""
    from scaffold.flows import body

    block = body.evidence_block(ported, target, evidence)
    if existing is None:
        text: str | None = body.compose(body.read_template(ported.located.root), block)
    else:
        text = body.refresh(existing.body, block)
        target = replace(target, base=existing.base, make_base=False)
    plan = Plan(
        ported=ported,
        target=target,
        title=request.title or (existing.title if existing else body.title(ported)),
        body=existing.body if existing is not None and text is None else text or "",
        reviewers=reviewers,
        existing=existing,
    )
    return plan, text is None


def _carry_out(request: Request, result: Result, progress: Progress) -> Result:
    from scaffold.flows.remote import make_base, push_branch

    github, plan = request.github, result.plan
    ported, target = plan.ported, plan.target
    with progress.step("push"):
        if target.make_base:
            make_base(ported, github, request.token, target.base, progress)
        pushed = push_branch(ported, github, request.token, progress)
    with progress.step("pull"):
        pull, outcome = github.ensure_pull(
            target.repository,
            head=ported.head,
            base=target.base,
            title=plan.title,
            body=plan.body,
            head_repository=ported.origin.fork,
        )
        asked = ask(github, pull, plan.reviewers, ported.folder)
        if github.dry_run:
            outcome = "planned" if github.calls else "unchanged"
        progress.note(f"{outcome}{f': {pull.url}' if pull.url else ''}")
    return replace(result, outcome=outcome, pull=pull, pushed=pushed, asked=asked, calls=tuple(github.calls))
