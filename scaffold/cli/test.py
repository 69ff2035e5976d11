"""Run a port's tests in the target environment and say what kind of failure each failure is.

The tests run in the clone's work tree as they are, committed or not; nothing is written to it.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from scaffold.cli.checkouts import add_repo, given_repo, in_clone
from scaffold.cli.console import Console
from scaffold.cli.questions import missing
from scaffold.core.errors import ExitCode

if TYPE_CHECKING:
    from scaffold.testing import Failure, SuiteRun


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the model: its folder (roc_bert) or model type (data2vec-text)")
    add_repo(parser)
    parser.add_argument("--slow", action="store_true", help="the slow tests too: they load checkpoints from the Hub")
    parser.add_argument("-k", dest="select", metavar="EXPRESSION", help="only tests that match, as pytest's -k")
    parser.add_argument("--python", default=sys.executable, metavar="PATH", help="the Python that the tests run in")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Exit status 0 when no test failed, 1 otherwise."""
    from scaffold.environment import check_environment, read_environment
    from scaffold.locate import locate
    from scaffold.testing import run_suite

    if not arguments.model:
        raise missing("the model", "its name, e.g. `scaffold test roc_bert`")
    root = given_repo(arguments.repo)
    located = locate(root, arguments.model, ported_ok=True)
    check_environment(read_environment(arguments.python, root), tensorflow=True)
    with console.step("tests"):
        result = run_suite(located, python=arguments.python, slow=arguments.slow, select=arguments.select)
        console.note(_counts(result))
    console.data(_as_json(result))
    _show(console, result, f"{located.names.stem}{in_clone(root)}", slow=arguments.slow)
    return ExitCode.OK if result.ok else ExitCode.FAILURE


def _counts(result: SuiteRun) -> str:
    return ", ".join(f"{count} {what}" for what, count in result.counts.items()) or "no test ran"


def _show(console: Console, result: SuiteRun, stem: str, *, slow: bool) -> None:
    """`stem` is what a suggested command is told: the model, and the clone where that is elsewhere."""
    from scaffold.testing.failures import ADVICE, Kind

    console.say(f"{result.path}: {_counts(result)}, {result.seconds:.0f} s")
    if result.error:
        console.say(f"No result: {result.error}")
    for kind in Kind:
        of_kind = [failure for failure in result.failures if failure.kind is kind]
        if of_kind:
            console.say(f"\n{console.paint(f'{len(of_kind)} × {kind.value}', 'red')}: {ADVICE[kind].format(stem=stem)}")
        for failure in of_kind:
            _show_failure(console, failure)
    unseen = [name for name, why in result.skipped if "slow" in why]
    if unseen and not slow:
        console.say(f"\nNot run: {len(unseen)} slow tests (--slow).")
    console.say(f"\nThe same by hand: {result.command}")
    if result.ok:
        console.suggest(f"scaffold checklist {stem}")


def _show_failure(console: Console, failure: Failure) -> None:
    console.say(f"  {failure.test}")
    for line in failure.message.splitlines():
        console.say(f"      {line}")
    if failure.override is not None:
        console.say(f"      if it cannot apply ({failure.override.source}):")
        for line in failure.override.text().splitlines():
            console.say(f"        {line}")


def _as_json(result: SuiteRun) -> dict[str, Any]:
    return {
        "path": result.path,
        "command": result.command,
        "seconds": round(result.seconds, 2),
        "ok": result.ok,
        "error": result.error,
        "counts": result.counts,
        "skipped": [{"test": name, "reason": why} for name, why in result.skipped],
        "failures": [
            {
                "test": failure.test,
                "kind": failure.kind.name.lower(),
                "message": failure.message,
                "override": None
                if failure.override is None
                else {"text": failure.override.text(), "source": failure.override.source},
            }
            for failure in result.failures
        ],
    }
