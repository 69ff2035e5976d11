"""Look for what stands in the way of a port and its pull request; each problem comes with the command that mends it.

Exit status: 0 without a problem (notes do not count), 4 when only the token is at fault, 6 when only the network is, else 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from scaffold.cli.checkouts import add_repo, given_repo, surrounding
from scaffold.cli.console import Console
from scaffold.cli.hub import add_hub, find, host_of
from scaffold.flows.doctor import Finding, State, as_json, look_at_machine, status

_MARKS = {
    State.OK: ("✓", "green"),
    State.NOTE: ("!", "yellow"),
    State.PROBLEM: ("✗", "red"),
    State.SKIPPED: ("-", "dim"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.description = __doc__
    add_repo(parser)
    add_hub(parser)
    parser.add_argument(
        "--python",
        default=sys.executable,
        metavar="PATH",
        help="the Python that has torch and tensorflow (default: this one)",
    )
    parser.add_argument("--offline", action="store_true", help="leave out the network, the token and the fork")


def _findings(arguments: argparse.Namespace, root: Path | None) -> Iterator[Finding]:
    from scaffold.flows.doctor_clone import look_at_clone, origin_of
    from scaffold.flows.doctor_hub import look_at_hub

    yield from look_at_machine(root, arguments.python)
    if root is not None:
        yield from look_at_clone(root)
    if arguments.offline:
        return
    origin = origin_of(root) if root is not None else None
    host = host_of(arguments, known=origin.web if origin else None)
    yield from look_at_hub(host, lambda: find(arguments, host), origin)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print a line a finding, problems with their fix."""
    root = given_repo(arguments.repo) if arguments.repo or surrounding() else None
    findings = []
    for finding in _findings(arguments, root):
        findings.append(finding)
        _show(finding, console)
    console.data(as_json(findings))
    problems = sum(finding.state is State.PROBLEM for finding in findings)
    if problems:
        console.talk(f"{problems} problem{'s' if problems > 1 else ''}; mend and run `scaffold doctor` again")
    elif root is None:
        console.suggest("scaffold new-tf-model MODEL --fork", "or, in a clone that exists, without --fork")
    return status(findings)


def _show(finding: Finding, console: Console) -> None:
    mark, colour = _MARKS[finding.state]
    console.say(f"{console.paint(mark, colour)} {finding.check:<11} {finding.text}")
    if finding.fix:
        console.say(f"  {'':<11} → {finding.fix}")
