"""Run the repository's checks and the port's tests, push, and mark the pull request ready for review.

Everything runs on a copy of the branch. Only when all of it passes is anything changed: what the formatters changed becomes a
commit, the branch is pushed, the draft becomes ready, and reviews are requested.
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
    from scaffold.flows.bench import Outcome
    from scaffold.flows.ready import Plan, Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the model (default: that of the branch add_tf_… that is checked out)")
    add_repo(parser)
    parser.add_argument(
        "--python", default=sys.executable, metavar="PATH", help="the Python that the checkout's tools and tests run in"
    )
    parser.add_argument(
        "--make", action="store_true", help="run the real `make fixup` in place of reading the Makefile"
    )
    parser.add_argument(
        "--skip-check",
        action="append",
        default=[],
        metavar="NAME",
        help="leave one check out, e.g. check_repo.py (repeatable)",
    )
    parser.add_argument("--skip-checks", action="store_true", help="leave the checks out")
    parser.add_argument("--skip-tests", action="store_true", help="leave the tests out")
    parser.add_argument("--slow", action="store_true", help="run the slow tests too: they download checkpoints")
    parser.add_argument(
        "--reviewer", action="append", default=[], metavar="LOGIN", help="whom to ask for a review, at most two"
    )
    add_consent(parser)
    add_hub(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Exit status 0 when the pull request is ready, 1 when a check or test failed."""
    from scaffold.flows.ready import Request
    from scaffold.flows.ready import run as run_flow

    root = given_repo(arguments.repo)
    github = open_github(arguments, root, console)
    with Consent("ready", arguments, console) as consent:

        def agree(plan: Plan) -> bool:
            where = f"#{plan.pull.number} in {plan.pull.repository}"
            lines = [f"When everything passes: push {plan.ported.branch}, mark {where} ready for review."]
            if plan.reviewers:
                lines.append(f"  reviewers: {', '.join(plan.reviewers)}")
            return consent.ask(plan.ported, lines, "Go on?")

        request = Request(
            root=root,
            model=arguments.model,
            github=github,
            token=github.token,
            python=arguments.python,
            make=arguments.make,
            skip_checks=arguments.skip_checks,
            skip=tuple(arguments.skip_check),
            skip_tests=arguments.skip_tests,
            slow=arguments.slow,
            reviewers=tuple(arguments.reviewer),
            agree=agree,
        )
        result = run_flow(request, console)
    console.data(_as_json(result))
    _show(console, result, _left_out(arguments))
    return ExitCode.FAILURE if result.outcome == "failed" else ExitCode.OK


def _left_out(arguments: argparse.Namespace) -> list[str]:
    """What was not run, by the user's wish: it is said, so that nobody takes it for passed."""
    left = ["all checks (--skip-checks)"] if arguments.skip_checks else [f"{name}" for name in arguments.skip_check]
    if arguments.skip_tests:
        return [*left, "the tests (--skip-tests)"]
    return left if arguments.slow else [*left, "the slow tests (--slow runs them; they download checkpoints)"]


def _show(console: Console, result: Result, left_out: list[str]) -> None:
    plan = result.plan
    where = in_clone(plan.ported.located.root)
    if result.outcome == "declined":
        console.say("Nothing was run or written.")
        return
    for outcome in (*result.checks, *((result.tests,) if result.tests else ())):
        _show_outcome(console, outcome)
    if result.tests is not None and not result.checks and not any("--skip-checks" in text for text in left_out):
        console.say("The checks were not run, since the tests cannot start.")
    if left_out:
        console.say(f"Not run: {', '.join(left_out)}.")
    if result.reformatted:
        where = f" (commit {result.commit[:12]})" if result.commit else ""
        console.say(f"Changed by the checkout's own tools{where}: {', '.join(result.reformatted)}")
    if result.outcome == "failed":
        console.say("Nothing was committed or pushed.")
        console.suggest(f"scaffold ready {plan.ported.names.stem}{where}", "once what failed is mended and committed")
    elif result.outcome == "planned":
        show_calls(console, result.calls)
    else:
        console.say(f"Ready for review: {plan.pull.url} (branch {result.pushed})")
        if result.asked.mentioned:
            console.say(f"Could not be asked for a review, so named in a comment: {', '.join(result.asked.mentioned)}")
        console.suggest(f"scaffold status {plan.ported.names.stem}{where}")


def _show_outcome(console: Console, outcome: Outcome) -> None:
    from scaffold.flows.bench import missing_package

    mark = (
        console.paint("ok  ", "green") if outcome.ok else console.paint("FAIL", "red" if outcome.blocks else "yellow")
    )
    console.say(f"{mark} {outcome.title} ({outcome.seconds:.1f} s)")
    if outcome.ok:
        return
    for line in outcome.detail.splitlines():
        console.say(f"       {line}")
    if package := missing_package(outcome.detail):
        console.say(
            f"       it needs the package {package}: install it beside the frameworks (`pip install {package}`)"
        )
    if outcome.on_base:
        console.say(
            "       without the port it fails in the same way, so it does not stop the port; CI may judge otherwise"
        )


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "title": outcome.title,
        "ok": outcome.ok,
        "seconds": round(outcome.seconds, 2),
        "detail": outcome.detail,
        "on_base": outcome.on_base,
    }


def _as_json(result: Result) -> dict[str, Any]:
    return {
        "model": result.plan.ported.names.stem,
        "outcome": result.outcome,
        "pull": pull_as_json(result.plan.pull),
        "checks": [_outcome_json(check) for check in result.checks],
        "tests": _outcome_json(result.tests) if result.tests else None,
        "reformatted": list(result.reformatted),
        "commit": result.commit,
        "pushed": result.pushed,
        "reviewers": {"requested": list(result.asked.requested), "mentioned": list(result.asked.mentioned)},
        "calls": calls_as_json(result.calls),
    }
