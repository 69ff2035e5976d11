"""Compare the layers inside a port with PyTorch's: which differs first, at which line, and what the cause is.

Same weights and inputs in both frameworks. Hand-written ports and unfinished ones are compared the same way.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scaffold.cli.checkouts import add_repo, given_repo
from scaffold.cli.console import Console
from scaffold.cli.questions import missing
from scaffold.core.checkout import Located
from scaffold.core.errors import ExitCode, ScaffoldError


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


def locate_port(arguments: argparse.Namespace, command: str) -> Located:
    """The model in the clone, which must have a TensorFlow file (CLI103)."""
    from scaffold.locate import locate

    if not arguments.model:
        raise missing("the model", f"its name, e.g. `scaffold {command} roc_bert`")
    located = locate(given_repo(arguments.repo), arguments.model, ported_ok=True)
    if not (located.root / located.names.tf_path).is_file():
        raise ScaffoldError(
            "CLI103",
            f"{located.names.stem} has no TensorFlow file in this work tree ({located.names.tf_path})",
            f"port it (`scaffold new-tf-model {located.names.stem}`), or `git switch {located.names.branch}`",
            exit_code=ExitCode.USAGE,
        )
    return located


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print what differs; exit status 3 when something does."""
    from scaffold.compare import to_html, to_text
    from scaffold.flows.compared import compare_existing

    located = locate_port(arguments, "compare")
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
    console.suggest(f"scaffold reduce {located.names.stem}", "for a script of the smallest case that differs")
    return ExitCode.CHECKLIST_FAILED
