"""Judge a port in a clone against the porting guide's checklist; hand-written ports are judged the same way."""

from __future__ import annotations

import argparse
import json
import sys

from scaffold.cli.checkouts import add_repo, given_repo
from scaffold.cli.console import Console
from scaffold.cli.questions import missing
from scaffold.core.checkout import Located
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.reports import VerificationReport


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


def _saved(located: Located) -> VerificationReport | None:
    """The report that the port's own run left in `.git`."""
    from scaffold.pipeline import load_report, state_folder
    from scaffold.publish.git import open_clone

    try:
        clone = open_clone(located.root)
    except ScaffoldError:  # an unpacked release without git can be judged, too
        return None
    return load_report(state_folder(clone, located.names.stem))


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the verdicts; exit status 3 when an item failed."""
    from scaffold.checklist import checklist, failed, to_json, to_markdown, to_text
    from scaffold.locate import locate

    if not arguments.model:
        raise missing("the model", "its name, e.g. `scaffold checklist roc_bert`")
    root = given_repo(arguments.repo)
    located = locate(root, arguments.model, ported_ok=True)
    if not (root / located.names.tf_path).is_file():
        raise ScaffoldError(
            "CLI103",
            f"{located.names.stem} has no TensorFlow file in this work tree ({located.names.tf_path})",
            f"port it (`scaffold new-tf-model {located.names.stem}`), or `git switch {located.names.branch}`",
            exit_code=ExitCode.USAGE,
        )
    report = None if arguments.no_run else _saved(located)
    if report is None and arguments.run:
        report = _verify(located, arguments.python, console)
    results = checklist(located, report=report)
    console.data(json.loads(to_json(results)))
    if arguments.markdown:
        console.raw(to_markdown(results))
    else:
        console.say(f"{located.names.title} in {root}")
        console.raw(to_text(results, verbose=arguments.verbose))
    if failed(results):
        console.suggest(f"scaffold checklist {located.names.stem}", "once what failed is mended")
        return ExitCode.CHECKLIST_FAILED
    console.suggest(f"scaffold open-draft-pr {located.names.stem}")
    return ExitCode.OK


def _verify(located: Located, python: str, console: Console) -> VerificationReport:
    """Probe and compare the port that is in the clone, without writing to it."""
    from scaffold.pipeline import verify_existing

    return verify_existing(located, python, console)
