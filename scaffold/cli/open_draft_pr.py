"""Verify a port, push its branch and open a draft pull request, or update the one that is open.

The description is the checkout's own template with the evidence in it. For a fork of huggingface/transformers the pull request
stays inside the fork, unless --to-upstream is given.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from scaffold.cli.checkouts import add_repo, given_repo, in_clone
from scaffold.cli.consent import Consent, add_consent, calls_as_json, open_github, pull_as_json, show_calls
from scaffold.cli.console import Console
from scaffold.cli.hub import add_hub
from scaffold.core.errors import ExitCode

if TYPE_CHECKING:
    from scaffold.flows.draft import Plan, Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the model (default: that of the branch add_tf_… that is checked out)")
    add_repo(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--to-upstream", action="store_true", help="open it in the repository that was forked")
    where.add_argument("--in-fork", action="store_true", help="open it inside the fork")
    parser.add_argument(
        "--base", metavar="BRANCH", help="the branch to merge into (default: the one the port started from)"
    )
    parser.add_argument("--title", metavar="TEXT", help="the title (default: `Add TF …`)")
    parser.add_argument(
        "--reviewer",
        action="append",
        default=[],
        metavar="LOGIN",
        help="whom to ask for a review, at most two (default: on huggingface/transformers gante and Rocketknight1)",
    )
    parser.add_argument(
        "--allow-failing",
        action="store_true",
        help="open it although the port is not verified; the description says so",
    )
    parser.add_argument(
        "--python",
        default=sys.executable,
        metavar="PATH",
        help="the Python that has torch and tensorflow, to verify with",
    )
    add_consent(parser)
    add_hub(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Exit status 0 when the pull request is there and up to date, or when nothing was wanted."""
    from scaffold.flows.draft import Request
    from scaffold.flows.draft import run as run_flow

    root = given_repo(arguments.repo)
    github = open_github(arguments, root, console)
    with Consent("open-draft-pr", arguments, console) as consent:

        def agree(plan: Plan) -> bool:
            what = f"Update #{plan.existing.number}" if plan.existing else "Open a draft pull request"
            return consent.ask(plan.ported, _announced(plan), f"{what} in {plan.target.repository}?")

        request = Request(
            root=root,
            model=arguments.model,
            github=github,
            token=github.token,
            python=arguments.python,
            allow_failing=arguments.allow_failing,
            to_upstream=arguments.to_upstream,
            in_fork=arguments.in_fork,
            base=arguments.base,
            title=arguments.title,
            reviewers=tuple(arguments.reviewer),
            agree=agree,
        )
        result = run_flow(request, console)
    console.data(_as_json(result))
    _show(console, result)
    return ExitCode.OK


def _announced(plan: Plan) -> list[str]:
    """What the user agrees to."""
    ported, target = plan.ported, plan.target
    lines = [target.why, f"  {ported.head} → {target.repository}:{target.base}, “{plan.title}”"]
    if target.make_base:
        lines.append(f"  the branch {target.base} is created in {target.repository} first")
    if plan.reviewers:
        lines.append(f"  reviewers: {', '.join(plan.reviewers)}")
    lines.append("  --dry-run shows every call and the whole description")
    return lines


def _show(console: Console, result: Result) -> None:
    plan = result.plan
    if result.outcome == "declined":
        console.say("Nothing was written.")
        return
    if result.kept_body:
        console.talk("the description has lost its scaffold marks, so it was left as it is")
    if plan.ported.origin.base_branch != plan.target.base:
        console.talk(f"the pull request asks to be merged into {plan.target.base}")
    if result.calls and result.outcome == "planned":
        console.say(plan.target.why)
        show_calls(console, result.calls)
        console.say(f"\nTitle: {plan.title}\nDescription:\n")
        console.raw(plan.body)
        return
    if result.pull is None or result.outcome == "planned":
        show_calls(console, result.calls)
        return
    words = {"created": "Opened", "updated": "Updated", "unchanged": "Up to date:"}
    console.say(f"{words.get(result.outcome, result.outcome)} {result.pull.url}")
    if result.asked.mentioned:
        console.say(f"Could not be asked for a review, so named in a comment: {', '.join(result.asked.mentioned)}")
    where = in_clone(plan.ported.located.root)
    console.suggest(f"scaffold ready {plan.ported.names.stem}{where}", "when the port is complete")


def _as_json(result: Result) -> dict[str, Any]:
    plan, report = result.plan, result.evidence.report
    return {
        "model": plan.ported.names.stem,
        "outcome": result.outcome,
        "repository": plan.target.repository,
        "base": plan.target.base,
        "head": plan.ported.head,
        "in_fork": plan.target.in_fork,
        "why": plan.target.why,
        "title": plan.title,
        "body": plan.body,
        "pushed": result.pushed,
        "pull": pull_as_json(result.pull),
        "reviewers": {"requested": list(result.asked.requested), "mentioned": list(result.asked.mentioned)},
        "verified": report.ok,
        "calls": calls_as_json(result.calls),
    }
