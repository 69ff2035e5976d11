"""Generate a port anew after its PyTorch file or scaffold changed, and merge that with your edits, file by file.

Conflicts are left in the files between diff3 markers, nothing being committed; after resolving and committing them, run it again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.cli.answers import keep
from scaffold.cli.checkouts import add_repo, given_repo, in_clone
from scaffold.cli.console import Console
from scaffold.cli.credit import add_credit, contributor_of
from scaffold.core.errors import ExitCode
from scaffold.core.names import counted

if TYPE_CHECKING:
    from scaffold.flows.update import Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the ported model (default: that of the branch that is checked out)")
    add_repo(parser)
    parser.add_argument(
        "--python",
        default=sys.executable,
        metavar="PATH",
        help="the Python that has torch and tensorflow (default: this one)",
    )
    parser.add_argument(
        "--probe",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="run the PyTorch model first (default: as when the port was made)",
    )
    parser.add_argument(
        "--new-auto-classes",
        action="store_true",
        help="make the TFAutoModelFor… that a head lacks (default: as when the port was made)",
    )
    add_credit(parser)
    parser.add_argument("--no-verify", action="store_true", help="do not compare the port with PyTorch")
    parser.add_argument("--dry-run", action="store_true", help="print the diff and write nothing")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Exit status 0 when the port is up to date and verified, 1 when a class differs from PyTorch, 5 with conflicts."""
    from scaffold.flows.ported import model_of
    from scaffold.flows.update import Request
    from scaffold.flows.update import run as run_flow
    from scaffold.publish.git import open_clone
    from scaffold.publish.journal import journalled
    from scaffold.publish.origin import state_of

    root = given_repo(arguments.repo)
    clone = open_clone(root)
    stem = arguments.model or model_of(clone)
    request = Request(
        root=root,
        model=stem,
        python=arguments.python,
        probe=arguments.probe,
        verify=not arguments.no_verify,
        dry_run=arguments.dry_run,
        contributor=contributor_of(arguments),
        new_auto_classes=arguments.new_auto_classes,
    )
    if arguments.dry_run:
        result = run_flow(request, console)
    else:
        noted = argparse.Namespace(**{**vars(arguments), "model": stem, "repo": root})
        with journalled(state_of(clone), "update", stem, noted):
            result = run_flow(request, console)
            keep(arguments, state_of(clone) / result.stem)
    _show(console, result, root)
    if result.outcome == "conflicts":
        return ExitCode.CONFLICT
    return ExitCode.OK if result.report is None or result.report.ok else ExitCode.FAILURE


def _show(console: Console, result: Result, root: Path) -> None:
    from scaffold.core.diffs import diff

    console.data(
        {
            "model": result.stem,
            "outcome": result.outcome,
            "files": [edit.path for edit in result.edits],
            "conflicts": list(result.conflicts),
            "commit": result.commit,
            "verified": None if result.report is None else result.report.ok,
        }
    )
    if result.outcome == "planned":
        console.raw(diff(root, result.edits))
        console.talk(
            f"dry run: {counted(len(result.edits), 'file')} would change, {len(result.conflicts)} with conflicts"
        )
    elif result.outcome == "conflicts":
        console.say("Your edits and the new version disagree in:")
        for path in result.conflicts:
            console.say(f"  {path}")
        console.say("Nothing was committed. Resolve the places between <<<<<<< and >>>>>>>, commit, then:")
        console.suggest(f"scaffold update {result.stem}{in_clone(root)}", "it notes that the merge is done")
    elif result.outcome == "finished":
        console.say(f"The merge that you committed is noted; {result.branch} is up to date.")
        console.suggest(f"scaffold checklist {result.stem}{in_clone(root)} --run", "compares it with PyTorch")
    elif result.outcome == "unchanged":
        console.say(f"{result.branch} is up to date: neither the PyTorch file nor the generator has changed.")
    elif result.commit is None:
        console.say(f"What is generated now is what {result.branch} has: nothing was changed.")
    else:
        console.say(f"{counted(len(result.edits), 'file')} generated anew on {result.branch}, your edits kept.")
        console.suggest(f"scaffold checklist {result.stem}{in_clone(root)}")
