"""Convert a PyTorch checkpoint to TensorFlow weights, compare both models, and propose the result on the Hub.

The weights are written tensor by tensor; they appear in the target folder only when outputs and hidden states agree.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.cli.checkouts import add_repo, given_repo
from scaffold.cli.console import Console
from scaffold.cli.questions import confirm, missing
from scaffold.core.errors import ExitCode, ScaffoldError

if TYPE_CHECKING:
    from scaffold.weights import Conversion
    from scaffold.weights.hub import Proposal

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def size(text: str) -> int:
    """Bytes of `10GB`, `512MiB` or a plain number."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text.strip())
    if found is None or found[2].upper() not in _UNITS or float(found[1]) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 10GB")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def limit(text: str) -> float:
    """A positive number."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "source", nargs="?", metavar="REPO|DIR", help="a repository on the Hub, or a checkpoint's folder"
    )
    add_repo(parser)
    parser.add_argument("--into", type=Path, metavar="DIR", help="the folder to write (default: NAME-tf)")
    parser.add_argument("--revision", metavar="REF", help="branch, tag or commit of the Hub's repository")
    parser.add_argument("--class", dest="classes", action="append", default=[], metavar="NAME",
                        help="PyTorch class to convert (default: the architectures in config.json); again for more")  # fmt: skip
    parser.add_argument(
        "--all-heads", action="store_true", help="compare every TensorFlow class of the model type, too"
    )
    parser.add_argument(
        "--max-error", type=limit, default=1e-5, metavar="X", help="largest |tf − pt| / max(1, |pt|) (default: 1e-5)"
    )
    parser.add_argument(
        "--max-shard-size", type=size, default=size("10GB"), metavar="SIZE", help="largest file (default: 10GB)"
    )
    parser.add_argument(
        "--memory", type=size, metavar="SIZE", help="what the comparison may use (default: what is free)"
    )
    parser.add_argument("--no-check", action="store_true", help="write without comparing; then nothing can be pushed")
    parser.add_argument(
        "--push", action="store_true", help="open a pull request with the weights on the Hub's repository"
    )
    parser.add_argument("--to", metavar="REPO", help="with --push: the repository, where the source is a folder")
    parser.add_argument("--dry-run", action="store_true", help="with --push: show the pull request, do not open it")
    parser.add_argument("--yes", action="store_true", help="with --push: do not ask")
    parser.add_argument("--python", default=sys.executable, metavar="PATH", help="the Python that has the frameworks")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Exit status 0 when the weights were written (and proposed), 1 when the models differ."""
    from scaffold.environment import check_environment, read_environment
    from scaffold.weights import Request, TooFarError, convert

    target = _check(arguments)
    if target and not (arguments.yes or arguments.dry_run or console.interactive):
        raise missing("the confirmation", "--yes")
    root = given_repo(arguments.repo)
    check_environment(read_environment(arguments.python, root), tensorflow=True)
    if arguments.push and not arguments.dry_run:
        from scaffold.weights.hub import who

        with console.step("login"):
            console.note(who())
    folder = _folder(arguments, console)
    out = (arguments.into or Path(f"{_base(arguments.source)}-tf")).absolute()
    request = Request(
        root=root,
        folder=folder,
        out=out,
        python=arguments.python,
        max_error=arguments.max_error,
        classes=tuple(arguments.classes),
        all_heads=arguments.all_heads,
        max_shard_bytes=arguments.max_shard_size,
        memory_bytes=arguments.memory,
        skip_check=arguments.no_check,
    )
    try:
        with console.step("convert"):
            conversion = convert(request)
            console.note(f"{conversion.parameters:,} parameters, {len(conversion.files)} files")
    except TooFarError as error:
        console.say(_table(error.conversion, arguments.max_error))
        raise
    pushed = _push(arguments, console, conversion, target, out) if arguments.push else None
    console.data({**asdict(conversion), "into": str(out), "max_error": arguments.max_error, "pull_request": pushed})
    console.say(_table(conversion, arguments.max_error))
    console.say(f"Written to {out}: {', '.join(conversion.files)}")
    if pushed:
        console.say(f"Pull request: {pushed}")
    return ExitCode.OK


def _check(arguments: argparse.Namespace) -> str | None:
    """The repository to push to, after refusing what cannot work before anything is fetched."""
    from scaffold.weights.hub import is_repository

    source = arguments.source
    if not source:
        raise missing("the checkpoint", "a repository on the Hub, or a folder")
    local = Path(source).is_dir()
    if not local and not is_repository(source):
        raise ScaffoldError(
            "CLI103", f"{source!r} is neither a folder nor a repository's name", "write e.g. weiweishi/roc-bert-base-zh",
            exit_code=ExitCode.USAGE,
        )  # fmt: skip
    if not arguments.push:
        return None
    target: str | None = arguments.to or (None if local else source)
    if target is None or not is_repository(target):
        raise missing("the repository to push to", "--to OWNER/NAME")
    if arguments.no_check:
        raise ScaffoldError("CLI103", "--push without a comparison", "leave --no-check out", exit_code=ExitCode.USAGE)
    return target


def _base(source: str) -> str:
    return Path(source).resolve().name if Path(source).is_dir() else source.rpartition("/")[2]


def _folder(arguments: argparse.Namespace, console: Console) -> Path:
    if Path(arguments.source).is_dir():
        return Path(arguments.source)
    from scaffold.weights.hub import fetch

    with console.step("fetch"):
        return fetch(arguments.source, revision=arguments.revision)


def _table(conversion: Conversion, max_error: float) -> str:
    from scaffold.weights import to_markdown

    return to_markdown(conversion, max_error)


def _push(
    arguments: argparse.Namespace, console: Console, conversion: Conversion, target: str | None, out: Path
) -> str | None:
    from scaffold.weights.hub import TITLE, Proposal, body_of, propose

    body = body_of(_table(conversion, arguments.max_error))
    proposal = Proposal(repository=str(target), folder=out, files=conversion.files, title=TITLE, body=body)
    if arguments.dry_run:
        console.say(_shown(proposal))
        return None
    if not arguments.yes and not confirm(
        console, f"Open this pull request on {target}?\n\n{_shown(proposal)}\n", yes=False
    ):
        return None
    with console.step("pull request"):
        return propose(proposal)


def _shown(proposal: Proposal) -> str:
    files: Any = ", ".join(proposal.files)
    return f"Pull request on {proposal.repository}: {proposal.title}\nfiles: {files}\n\n{proposal.body}"
