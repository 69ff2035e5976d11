"""Entry point: picks the command from a lazy table, so that `scaffold --help` imports next to nothing.

Source of truth for the commands: COMMANDS below; docs/reference/commands.md is generated from it.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import errno
import importlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold import __version__
from scaffold.cli.answers import parse
from scaffold.cli.checkouts import check_model, prefer_own_python
from scaffold.cli.console import Console
from scaffold.cli.log import recording
from scaffold.cli.options import EXITS, Settings, add_common, behind, common_flags, read_settings
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.names import shortened


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `module` has `add_arguments(parser)` and `run(arguments, console) -> int`."""

    module: str
    summary: str


COMMANDS = {
    "candidates": Command("scaffold.cli.candidates", "list the models without TensorFlow, the most rewarding first"),
    "brief": Command("scaffold.cli.brief", "a page to read before a port: papers, structure, references, challenges"),
    "new-tf-model": Command(
        "scaffold.cli.new_tf_model", "port a PyTorch-only model: translate, register, verify, commit"
    ),
    "env": Command("scaffold.cli.env", "make the clone's virtual environment, with versions that it allows"),
    "checklist": Command("scaffold.cli.checklist", "judge a port against the checklist, hand-written ports too"),
    "open-draft-pr": Command("scaffold.cli.open_draft_pr", "push a verified port and open its draft pull request"),
    "test": Command("scaffold.cli.test", "run a port's tests and say what kind of failure each failure is"),
    "ready": Command("scaffold.cli.ready", "run the repository's checks and the tests, mark the pull request ready"),
    "status": Command("scaffold.cli.status", "say where a port stands and what comes next"),
    "finalize": Command("scaffold.cli.finalize", "remove from_pt=True once TensorFlow weights exist, test, push"),
    "convert-weights": Command(
        "scaffold.cli.convert_weights", "convert a PyTorch checkpoint, compare, propose it on the Hub"
    ),
    "fuzz": Command("scaffold.cli.fuzz", "compare a port with PyTorch on drawn configurations and inputs"),
    "demo": Command("scaffold.cli.demo", "write a Gradio app, a notebook and texts that show a port to others"),
    "resume": Command("scaffold.cli.resume", "go on with a command that was interrupted"),
    "update": Command("scaffold.cli.update", "generate a port anew and merge it with your edits"),
    "undo": Command("scaffold.cli.undo", "take a port back; edited files are kept"),
    "compare": Command(
        "scaffold.cli.compare", "find the layer where a port starts to differ from PyTorch, and the cause"
    ),
    "reduce": Command(
        "scaffold.cli.reduce", "cut a differing case down to one layer, as a script with both frameworks"
    ),
    "translate": Command("scaffold.cli.translate", "translate one modelling file to standard output"),
    "sweep": Command("scaffold.cli.sweep", "port and verify many models, render what came of them"),
    "explain": Command("scaffold.cli.explain", "say what an error code or a torch name's rule means"),
    "rules": Command("scaffold.cli.rules", "list the translator's rules"),
    "doctor": Command("scaffold.cli.doctor", "look for what stands in the way, each problem with its fix"),
    "completion": Command("scaffold.cli.completion", "print the completion script of bash, zsh or fish"),
}

_log = logging.getLogger("scaffold.cli")

_EXITS = "exit status: " + " · ".join(f"{int(code)} {few}" for code, (few, _) in EXITS.items())


class _HelpWantedError(Exception):
    """argparse met --help; the text goes out through the console, like everything."""


class Parser(argparse.ArgumentParser):
    """argparse, but with our error format."""

    def error(self, message: str) -> Any:
        """Raise instead of printing: the caller knows whether JSON is wanted."""
        raise ScaffoldError(
            "CLI103", shortened(message, 600), f"`{self.prog} --help` shows the arguments", exit_code=ExitCode.USAGE
        )

    def print_help(self, file: Any = None) -> None:
        """Raise instead of printing."""
        raise _HelpWantedError(self.format_help())

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse has it, with the option that was probably meant in the refusal of an unknown one."""
        arguments, rest = self.parse_known_args(args, namespace)
        if rest:
            raise self.unrecognized(rest)
        return arguments

    def unrecognized(self, rest: Sequence[str]) -> ScaffoldError:
        """The refusal of arguments that nothing takes."""
        help = f"`{self.prog} --help` shows the arguments"
        wrong = next((word.partition("=")[0] for word in rest if word.startswith("-")), None)
        close = difflib.get_close_matches(wrong, self._option_string_actions, n=1, cutoff=0.6) if wrong else []
        if close:
            help = f"did you mean {close[0]}?"
        return ScaffoldError(
            "CLI103", f"unrecognized arguments: {shortened(' '.join(rest), 600)}", help, exit_code=ExitCode.USAGE
        )


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


def build_parser(name: str, *, common: bool = True) -> Parser:
    """The parser of one command; `common=False` leaves out what every command has."""
    module = importlib.import_module(COMMANDS[name].module)
    parser = Parser(
        prog=f"scaffold {name}",
        description=module.__doc__.split("\n\n")[0] if module.__doc__ else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EXITS,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    if common:
        add_common(parser)
    return parser


def _unknown(name: str) -> ScaffoldError:
    close = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
    hint = f"did you mean `scaffold {close[0]}`?" if close else "`scaffold --help` lists the commands"
    return ScaffoldError("CLI101", f"there is no command {name!r}", hint, exit_code=ExitCode.USAGE)


def _show(console: Console, key: str, text: str) -> None:
    console.raw(text)
    console.data({key: text})


def _dispatch(argv: Sequence[str], console: Console) -> int:
    argv = behind(argv)
    first = argv[0] if argv else ""
    if not argv or first.startswith("-") or first == "help":
        return _overall(argv, console)
    if first not in COMMANDS:
        raise _unknown(first)
    try:
        arguments = parse(build_parser(first), argv[1:])
    except _HelpWantedError as wanted:
        _show(console, "help", str(wanted))
        return ExitCode.OK
    if isinstance(model := getattr(arguments, "model", None), str):
        check_model(model, arguments)
    if first != "env":
        prefer_own_python(arguments, argv)
    console.asks = not getattr(arguments, "defaults", False)
    module = importlib.import_module(COMMANDS[first].module)
    return int(module.run(arguments, console))


def _overall(argv: Sequence[str], console: Console) -> int:
    """The program's own options; without a command the overview, as a mistake."""
    first = argv[0] if argv else ""
    if first in ("-V", "--version"):
        _show(console, "version", f"scaffold {__version__}\n")
        return ExitCode.OK
    asked = first in ("-h", "--help", "help")
    if first and not asked and first.partition("=")[0] not in common_flags():
        raise _unknown(first)
    _show(console, "help", overview())
    return ExitCode.OK if asked else ExitCode.USAGE


def _from_os(error: OSError) -> ScaffoldError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    what = "the disk is full" if full else (error.strerror or str(error))
    where = f" ({shortened(str(error.filename), 300)})" if error.filename else ""
    help = "free some space and run the same command again" if full else "check the path and its permissions"
    status = ExitCode.USAGE if error.errno == errno.ENAMETOOLONG else ExitCode.FAILURE  # such a path was typed
    return ScaffoldError("CLI106", f"{what}{where}", help, exit_code=status)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _unfinished() -> str | None:
    """`scaffold resume …` when this process began to write and did not come to the end, else None."""
    journal = sys.modules.get("scaffold.publish.journal")  # imported by whatever writes
    states = journal.unfinished() if journal is not None else ()
    if not states:
        return None
    root = states[0].parent.parent
    inside = root in (Path.cwd(), *Path.cwd().parents)
    return "scaffold resume" if inside or states[0].parent.name != ".git" else f"scaffold resume --repo {root}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv[:1] == ["_complete"]:  # the shells' question, answered in a fraction of a second or not at all
        from scaffold.cli.complete import answer

        return answer(argv[1:])
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)  # so that child processes are stopped and temporary trees removed
    if (journal := sys.modules.get("scaffold.publish.journal")) is not None:
        journal.forget()
    settings = read_settings(argv)
    console = Console(as_json=settings.as_json, color=settings.color, quiet=settings.quiet)
    started = time.monotonic()
    try:
        with recording(settings.log_file, argv, console) as log:
            status = _guarded(argv, settings, console)
            if console.as_json and not console.documented:
                console.data({"exit_code": int(status)})
            log.info("exit status %d after %.1f s", status, time.monotonic() - started)
            return int(status)
    except ScaffoldError as error:  # the log itself
        console.error(error)
        return int(error.exit_code)
    except BrokenPipeError:
        return _deaf()


def _deaf() -> int:
    """The reader went away (`scaffold … | head`): not worth a word."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.FAILURE


def _guarded(argv: Sequence[str], settings: Settings, console: Console) -> int:
    try:
        return _dispatch(argv, console)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt as stop:
        return _interrupted(stop, settings, console)
    except Exception as error:
        return _report(error, settings, console)


def _interrupted(stop: KeyboardInterrupt, settings: Settings, console: Console) -> int:
    resume = _unfinished()
    _log.info("interrupted", exc_info=stop)
    if settings.traceback:
        console.traceback(stop)
    help = f"continue with `{resume}`" if resume else "the same command can be run again"
    console.talk(f"interrupted; {help}")
    console.data({"error": {"code": None, "message": "interrupted", "help": help, "exit_code": 130}})
    return ExitCode.INTERRUPTED


def _report(error: Exception, settings: Settings, console: Console) -> int:
    known = _from_os(error) if isinstance(error, OSError) else error
    if not isinstance(known, ScaffoldError):
        message = f"{type(error).__name__}: {error}"
        known = ScaffoldError("CLI105", message, "please report it, with what `--traceback` shows")
    _log.error("%s", known, exc_info=error)
    if settings.traceback:
        console.traceback(error)
    hints: list[str] = []
    details: dict[str, str] = {}
    resume = _unfinished()
    if resume is not None:
        hints.append(f"then continue with `{resume}`")
        details["resume"] = resume
    if settings.log_file is not None:
        hints.append(f"log: {settings.log_file}")
        details["log"] = str(settings.log_file)
    console.error(known, hints=tuple(hints), **details)
    return int(known.exit_code)
