"""Compare the layers inside a port with PyTorch's: which differs first, at which line, and what the cause is.

Same weights and inputs in both frameworks. Hand-written ports and unfinished ones are compared the same way.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scaffold.cli.checkouts import add_repo, given_port, in_clone
from scaffold.cli.console import Console
from scaffold.core.errors import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_subject(parser)
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="also write a report with a plot of the error by depth"
    )


def add_subject(parser: argparse.ArgumentParser) -> None:
    """Which classes, on what."""
    parser.add_argument("model", nargs="?", help="the model: its folder (roc_bert) or model type (data2vec-text)")
    add_repo(parser)
    parser.add_argument(
        "--class",
        dest="classes",
        action="append",
        default=[],
        metavar="TFX",
        help="only this class (may be given several times; default: all of the port)",
    )
    parser.add_argument("--case", metavar="VARIANT/NAME", help="only this recorded case, e.g. base/minimal")
    parser.add_argument(
        "--checkpoint",
        metavar="DIR|REPO",
        help="a published checkpoint, a folder or a name on the Hub, instead of tiny random weights",
    )
    parser.add_argument(
        "--python",
        default=sys.executable,
        metavar="PATH",
        help="the Python that has the frameworks (default: this one)",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print what differs; exit status 3 when something does."""
    from scaffold.compare import to_html, to_text
    from scaffold.flows.compared import compare_existing

    located = given_port(arguments, "compare")
    comparison = compare_existing(
        located,
        arguments.python,
        console,
        classes=tuple(arguments.classes),
        case=arguments.case,
        checkpoint=arguments.checkpoint,
    )
    if arguments.html is not None:
        arguments.html.write_text(to_html(comparison), encoding="utf-8")
        console.note(f"report: {arguments.html}")
    console.data(comparison.as_json())
    console.raw(to_text(comparison))
    if comparison.ok:
        return ExitCode.OK
    console.suggest(
        f"scaffold reduce {located.names.stem}{in_clone(located.root)}",
        "for a script of the smallest case that differs",
    )
    return ExitCode.CHECKLIST_FAILED
