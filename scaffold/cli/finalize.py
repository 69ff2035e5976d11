"""Remove every from_pt=True of a port once TensorFlow weights exist, run its tests again, commit and push.

Only keyword arguments of from_pretrained go, in the port's model file, test file and documentation page.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from scaffold.cli.checkouts import add_repo, given_repo, in_clone
from scaffold.cli.consent import Consent, add_consent, calls_as_json, open_github, show_calls
from scaffold.cli.console import Console
from scaffold.cli.hub import add_hub
from scaffold.core.errors import ExitCode

if TYPE_CHECKING:
    from scaffold.flows.finalize import Plan, Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the model (default: that of the branch add_tf_… that is checked out)")
    add_repo(parser)
    parser.add_argument(
        "--weights-merged", action="store_true", help="say that the TensorFlow weights are merged on the Hub"
    )
    parser.add_argument("--python", default=sys.executable, metavar="PATH", help="the Python that the tests run in")
    parser.add_argument("--skip-tests", action="store_true", help="leave the tests out")
    parser.add_argument(
        "--slow", action="store_true", help="run the slow tests too: they load the weights from the Hub"
    )
    add_consent(parser)
    add_hub(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Exit status 0 when nothing is left to remove or push, 1 when a test failed."""
    from scaffold.flows.finalize import Request
    from scaffold.flows.finalize import run as run_flow

    root = given_repo(arguments.repo)
    github = open_github(arguments, root, console)
    with Consent("finalize", arguments, console) as consent:

        def agree(plan: Plan) -> bool:
            lines = [f"  {path}: {count} × from_pt=True" for path, count in plan.counts]
            return consent.ask(plan.ported, lines, f"Remove them, run the tests and push {plan.ported.branch}?")

        request = Request(
            root=root,
            model=arguments.model,
            github=github,
            token=github.token,
            python=arguments.python,
            weights_merged=arguments.weights_merged,
            skip_tests=arguments.skip_tests,
            slow=arguments.slow,
            agree=agree,
        )
        result = run_flow(request, console)
    console.data(_as_json(result))
    _show(console, result, arguments)
    return ExitCode.FAILURE if result.outcome == "failed" else ExitCode.OK


def _show(console: Console, result: Result, arguments: argparse.Namespace) -> None:
    from scaffold.core.diffs import diff

    plan = result.plan
    if result.outcome == "declined":
        console.say("Nothing was run or written.")
        return
    if result.outcome == "planned":
        console.raw(diff(plan.ported.located.root, plan.edits))
        show_calls(console, result.calls)
        return
    if result.outcome == "failed" and result.tests is not None:
        console.say("The tests fail without from_pt=True, so nothing was committed or pushed:")
        for line in result.tests.detail.splitlines():
            console.say(f"  {line}")
        return
    for path, count in plan.counts:
        console.say(f"{path}: {count} × from_pt=True removed")
    if not plan.counts:
        console.say(f"No from_pt=True is left in {plan.ported.branch}.")
    if result.outcome == "final":
        skipped = ["the tests (--skip-tests)"] if arguments.skip_tests else []
        if not (arguments.slow or arguments.skip_tests):
            skipped = ["the slow tests, which load the weights from the Hub (--slow)"]
        console.say(
            f"Branch {plan.ported.branch}: {result.pushed}.{' Not run: ' + skipped[0] + '.' if skipped else ''}"
        )
    console.suggest(f"scaffold status {plan.ported.names.stem}{in_clone(plan.ported.located.root)}")


def _as_json(result: Result) -> dict[str, Any]:
    tests = result.tests
    return {
        "model": result.plan.ported.names.stem,
        "outcome": result.outcome,
        "removed": dict(result.plan.counts),
        "tests": {"ok": tests.ok, "detail": tests.detail} if tests else None,
        "commit": result.commit,
        "pushed": result.pushed,
        "calls": calls_as_json(result.calls),
    }
