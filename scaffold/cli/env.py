"""Make the clone's virtual environment, `.env`, with versions that the clone allows; other commands then use it by themselves.

First `pip install -e ".[dev]"`, which holds everything and often fails; then PyTorch, TensorFlow, what the library checks, with
`.[quality]`. What this Python cannot have is said before anything is made (ENV104).
"""

from __future__ import annotations

import argparse
import sys

from scaffold.cli.checkouts import add_repo, given_repo
from scaffold.cli.console import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.description = __doc__
    add_repo(parser)
    parser.add_argument(
        "--python", default=sys.executable, metavar="PATH", help="the Python to make it of (default: this one)"
    )
    parser.add_argument("--light", action="store_true", help="do not try `.[dev]`: a smaller and quicker installation")
    parser.add_argument(
        "--dry-run", action="store_true", help="ask pip what there is, print the commands, make nothing"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Exit status 0 when the environment can port and verify."""
    from scaffold.flows.env import Request, run
    from scaffold.locate import check_checkout

    root = given_repo(arguments.repo)
    check_checkout(root)
    request = Request(root=root, python=arguments.python, dev=not arguments.light, dry_run=arguments.dry_run)
    result = run(request, console)
    versions = dict(result.environment.versions) if result.environment is not None else {}
    console.data(
        {
            "python": result.python,
            "finished": result.finished,
            "commands": result.commands,
            "skipped": result.skipped,
            "versions": versions,
        }
    )
    if request.dry_run:
        console.say("Would run:" if result.commands else f"{result.python} has everything.")
        for command in result.commands:
            console.say(f"  {command}")
        return 0
    for line in result.skipped:
        console.say(f"Left out: {line}")
    made = "has everything" if result.finished else "is ready"
    console.say(f"{result.python} {made}. The commands use it in this clone; --python names another.")
    return 0
