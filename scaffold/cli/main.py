"""Entry point: picks the command from a lazy table, so that `scaffold --help` imports next to nothing.

Source of truth for the commands: COMMANDS below; docs/reference/commands.md is generated from it.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import errno
import importlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scaffold import __version__
from scaffold.cli.console import Console
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.names import check_model_argument


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `module` has `add_arguments(parser)` and `run(arguments, console) -> int`."""

    module: str
    summary: str


COMMANDS = {
    "new-tf-model": Command(
        "scaffold.cli.new_tf_model", "port a PyTorch-only model: translate, register, verify, commit"
    ),
    "checklist": Command("scaffold.cli.checklist", "judge a port against the checklist, hand-written ports too"),
    "translate": Command("scaffold.cli.translate", "translate one modelling file to standard output"),
    "explain": Command("scaffold.cli.explain", "say what an error code or a torch name's rule means"),
    "rules": Command("scaffold.cli.rules", "list the translator's rules"),
}

_EXITS = (
    "exit status: 0 ok · 1 failure · 2 usage or missing answer · 3 a checklist item failed · 4 authentication · "
    "5 conflict or dirty tree, nothing written · 6 network · 7 unsupported source · 130 interrupted"
)


class Parser(argparse.ArgumentParser):
    """argparse, but with our error format."""

    def error(self, message: str) -> Any:
        """Raise instead of printing: the caller knows whether JSON is wanted."""
        raise ScaffoldError("CLI103", message, f"`{self.prog} --help` shows the arguments", exit_code=ExitCode.USAGE)


def overview() -> str:
    """The text of `scaffold --help`."""
    width = max(len(name) for name in COMMANDS)
    rows = "\n".join(f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items())
    return (
        "usage: scaffold COMMAND …\n\n"
        "Port 🤗 Transformers PyTorch models to TensorFlow.\n\n"
        f"commands:\n{rows}\n\n"
        "  scaffold COMMAND --help   the command's arguments\n"
        "  scaffold --version        the version\n\n"
        f"{_EXITS}\n"
    )


def build_parser(name: str) -> Parser:
    """The parser of one command."""
    module = importlib.import_module(COMMANDS[name].module)
    parser = Parser(
        prog=f"scaffold {name}",
        description=module.__doc__.split("\n\n")[0] if module.__doc__ else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EXITS,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    parser.add_argument("--traceback", action="store_true", help="show the Python traceback of an error")
    return parser


def _unknown(name: str) -> ScaffoldError:
    close = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
    hint = f"did you mean `scaffold {close[0]}`?" if close else "`scaffold --help` lists the commands"
    return ScaffoldError("CLI101", f"there is no command {name!r}", hint, exit_code=ExitCode.USAGE)


def _dispatch(argv: Sequence[str], console: Console) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        console.raw(overview())
        return ExitCode.OK if argv else ExitCode.USAGE
    if argv[0] in ("-V", "--version"):
        console.raw(f"scaffold {__version__}\n")
        return ExitCode.OK
    if argv[0] not in COMMANDS:
        raise _unknown(argv[0])
    arguments = build_parser(argv[0]).parse_args(argv[1:])
    if isinstance(model := getattr(arguments, "model", None), str):
        check_model_argument(model)
    module = importlib.import_module(COMMANDS[argv[0]].module)
    return int(module.run(arguments, console))


def _from_os(error: OSError) -> ScaffoldError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    what = "the disk is full" if full else (error.strerror or str(error))
    where = f" ({error.filename})" if error.filename else ""
    help = "free some space and run the same command again" if full else "check the path and its permissions"
    return ScaffoldError("CLI106", f"{what}{where}", help)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)  # so that child processes are stopped and temporary trees removed
    console = Console(as_json="--json" in argv)
    try:
        return _dispatch(argv, console)
    except SystemExit as exit:  # argparse's --help
        return int(exit.code or 0)
    except KeyboardInterrupt:
        console.talk("interrupted; the clone is as it was")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # the reader went away (`scaffold … | head`): not worth a word
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILURE
    except Exception as error:
        if "--traceback" in argv:
            raise
        return _report(error, console)


def _report(error: Exception, console: Console) -> int:
    if isinstance(error, OSError):
        error = _from_os(error)
    elif not isinstance(error, ScaffoldError):
        message = f"{type(error).__name__}: {error}"
        error = ScaffoldError("CLI105", message, "please report it, with what `--traceback` shows")
    console.error(error)
    return int(error.exit_code)
