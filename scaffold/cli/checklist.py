"""Judge a port in a clone against the porting guide's checklist; hand-written ports are judged the same way."""

from __future__ import annotations

import argparse
import json
import sys

from scaffold.cli.checkouts import add_modes, add_repo, given_port, in_clone, saved_report
from scaffold.cli.console import Console
from scaffold.core.checkout import Located
from scaffold.core.errors import ExitCode
from scaffold.core.reports import MODES, VerificationReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the model: its folder (roc_bert) or model type (data2vec-text)")
    add_repo(parser)
    parser.add_argument("--verbose", action="store_true", help="show all evidence of passed items too")
    parser.add_argument("--markdown", action="store_true", help="print a task list for a pull request")
    parser.add_argument(
        "--run",
        action="store_true",
        help="compare with PyTorch anew where no report of an earlier run exists (takes a minute)",
    )
    parser.add_argument("--no-run", action="store_true", help="ignore the report of an earlier run and run nothing")
    parser.add_argument(
        "--python", default=sys.executable, metavar="PATH", help="with --run: the Python that has the frameworks"
    )
    add_modes(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the verdicts; exit status 3 when an item failed."""
    from scaffold.checklist import checklist, failed, to_json, to_markdown, to_text

    located = given_port(arguments, "checklist")
    report = None if arguments.no_run or arguments.modes else saved_report(located)
    if arguments.modes or (report is None and arguments.run):
        report = _verify(located, arguments, console)
    results = checklist(located, report=report)
    console.data(json.loads(to_json(results)))
    if arguments.markdown:
        console.raw(to_markdown(results))
    else:
        console.say(f"{located.names.title} in {located.root}")
        console.raw(to_text(results, verbose=arguments.verbose))
    if failed(results):
        console.suggest(
            f"scaffold checklist {located.names.stem}{in_clone(located.root)}", "once what failed is mended"
        )
        return ExitCode.CHECKLIST_FAILED
    console.suggest(f"scaffold open-draft-pr {located.names.stem}{in_clone(located.root)}")
    return ExitCode.OK


def _verify(located: Located, arguments: argparse.Namespace, console: Console) -> VerificationReport:
    """Probe and compare the port that is in the clone, without writing to it."""
    from scaffold.pipeline import verify_existing

    return verify_existing(located, arguments.python, console, modes=(*MODES, *arguments.modes))
