"""Cut the case in which a port differs down to one layer and a small input, as a script with both frameworks.

The script needs nothing but the clone's `src` on the module path; it ends with status 1 as long as the layer differs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from scaffold.cli.checkouts import given_port
from scaffold.cli.compare import add_subject
from scaffold.cli.console import Console
from scaffold.core.errors import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_subject(parser)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to FILE instead of standard output")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print or write the script; exit status 3 when something differs that could not be reduced."""
    from scaffold.flows.compared import reduce_existing

    located = given_port(arguments, "reduce")
    found = reduce_existing(
        located,
        arguments.python,
        console,
        classes=tuple(arguments.classes),
        case=arguments.case,
        checkpoint=arguments.checkpoint,
    )
    console.data(
        {
            "model": located.names.stem,
            "class": found.tf_class,
            "path": found.path,
            "difference": found.difference,
            "script": found.script,
            "detail": found.detail,
        }
    )
    if found.script is None:
        console.talk(found.detail or "nothing to reduce: every class agrees with PyTorch")
        return ExitCode.CHECKLIST_FAILED if found.detail else ExitCode.OK
    if arguments.output is not None:
        arguments.output.write_text(found.script, encoding="utf-8")
    else:
        console.raw(found.script)
    size = "in its shape" if found.difference is None else f"by {found.difference:.1e}"
    console.talk(f"{found.tf_class}: {found.path or 'the model itself'} differs {size}")
    return ExitCode.OK
