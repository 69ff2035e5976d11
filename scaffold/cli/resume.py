"""Go on with a command that was interrupted: killed, cut off from the network, or refused a token.

Every command that writes notes its arguments first. They are run again as they were; what is done already is found and left.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from scaffold.cli.console import Console
from scaffold.cli.questions import missing
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish.journal import Entry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the model, when commands for several were interrupted")
    parser.add_argument(
        "--repo", type=Path, metavar="PATH", help="the clone (default: the one that the current directory lies in)"
    )
    parser.add_argument("--yes", action="store_true", help="never ask")


def _pending(root: Path, model: str | None) -> Entry | None:
    """The interrupted command, None when there is none; CLI102 when the model has to be named."""
    from scaffold.publish.git import open_clone
    from scaffold.publish.journal import pending
    from scaffold.publish.origin import state_of

    found = pending(state_of(open_clone(root)))
    if model:
        found = tuple(entry for entry in found if entry.model.replace("-", "_") == model.replace("-", "_"))
    if len(found) > 1:
        raise missing("the model", f"one of {', '.join(entry.model for entry in found)}")
    return found[0] if found else None


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the interrupted command again; its exit status. Nothing to resume is no failure."""
    from scaffold.cli.main import COMMANDS, build_parser
    from scaffold.publish.git import find_top

    root = arguments.repo or find_top(Path.cwd())
    if root is None:
        raise missing("the clone", "--repo PATH")
    if not root.is_dir():
        raise ScaffoldError("LOC101", f"{root} is not a folder", "check --repo", exit_code=ExitCode.USAGE)
    entry = _pending(root.resolve(), arguments.model)
    if entry is None:
        console.say("Nothing to resume: no command was interrupted here.")
        console.data({"resumed": None})
        return ExitCode.OK
    defaults = {action.dest: action.default for action in build_parser(entry.command)._actions}
    namespace = argparse.Namespace(**{**defaults, **vars(entry.namespace())})  # a note may be older than an option
    namespace.json = console.as_json
    namespace.yes = arguments.yes or getattr(namespace, "yes", False)
    console.talk(f"resuming `scaffold {entry.command} {entry.model}`")
    return int(importlib.import_module(COMMANDS[entry.command].module).run(namespace, console))
