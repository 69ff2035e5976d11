"""The options that every command has, in one place, and what the exit status means.

They are read once before the command's own parser runs, so that its errors already come in the wanted form.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scaffold.core.errors import ExitCode

COLOR = ("auto", "always", "never")

#: Exit status → (a few words for --help, a sentence for docs/reference/commands.md).
EXITS: dict[ExitCode, tuple[str, str]] = {
    ExitCode.OK: ("ok", "Done, or nothing was to be done. A dry run that found no obstacle."),
    ExitCode.FAILURE: (
        "failure",
        "Something failed: a class differs from PyTorch, a tool or the file system refused. `doctor`: a problem was found.",
    ),
    ExitCode.USAGE: (
        "usage or missing answer",
        "The command line is wrong, or a value is missing and nobody can be asked; the message names the flag.",
    ),
    ExitCode.CHECKLIST_FAILED: (
        "a checklist item failed",
        "`checklist`: at least one item failed. `compare`: a layer differs; `reduce`: it could not be cut out.",
    ),
    ExitCode.AUTHENTICATION: (
        "authentication",
        "No token, one that GitHub refuses, or one without the permission that is needed; the message names it.",
    ),
    ExitCode.CONFLICT: (
        "conflict or dirty tree, nothing written",
        "Uncommitted changes, a branch or folder in the way, a conflict; nothing was written.",
    ),
    ExitCode.NETWORK: ("network", "No answer, or the other side failed. `scaffold resume` continues what had begun."),
    ExitCode.UNSUPPORTED_SOURCE: ("unsupported source", "The checkout or the model's source cannot be ported."),
    ExitCode.INTERRUPTED: (
        "interrupted",
        "Ctrl-C or SIGTERM. `scaffold resume` continues a command that had begun to write.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The common options' values. `color` is one of COLOR."""

    as_json: bool = False
    log_file: Path | None = None
    color: str = "auto"
    quiet: bool = False
    traceback: bool = False


def add_common(parser: argparse.ArgumentParser) -> None:
    """The common options, as a group of their own in --help."""
    group = parser.add_argument_group("options of every command")
    group.add_argument(
        "--json", action="store_true", help="print one JSON document on standard output, also for errors"
    )
    group.add_argument(
        "--log-file",
        type=Path,
        metavar="PATH",
        help="append what is done to PATH, secrets hidden (default: SCAFFOLD_LOG)",
    )
    group.add_argument(
        "--color", choices=COLOR, default="auto", help="colours (auto: in a terminal; NO_COLOR and FORCE_COLOR count)"
    )
    group.add_argument("--quiet", action="store_true", help="say nothing but the result and errors")
    group.add_argument("--traceback", action="store_true", help="show the Python traceback of an error")


def _reader() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    add_common(parser)
    return parser


def read_settings(argv: Sequence[str]) -> Settings:
    """The common options of a command line that may be wrong otherwise: what cannot be read is left at its default."""
    given = argparse.Namespace(json="--json" in argv, log_file=None, color="auto", quiet=False, traceback=False)
    try:
        given, _ = _reader().parse_known_args(argv)
    except (argparse.ArgumentError, SystemExit):  # the command's own parser will say what is wrong
        given.traceback = "--traceback" in argv
    variable = os.environ.get("SCAFFOLD_LOG")
    log_file = given.log_file or (Path(variable).expanduser() if variable else None)
    return Settings(
        as_json=given.json,
        log_file=log_file.absolute() if log_file else None,
        color=given.color,
        quiet=given.quiet,
        traceback=given.traceback,
    )


def common_flags() -> dict[str, bool]:
    """Every common option → whether a value follows it."""
    actions = _reader()._actions
    return {option: action.nargs != 0 for action in actions for option in action.option_strings}


def behind(argv: Sequence[str]) -> list[str]:
    """The command line with common options that stand before the command moved to its end."""
    flags, rest, moved = common_flags(), list(argv), list[str]()
    while rest and rest[0].partition("=")[0] in flags:
        count = 2 if flags.get(rest[0]) else 1
        moved, rest = moved + rest[:count], rest[count:]
    return rest + moved
