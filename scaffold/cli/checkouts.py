"""Which checkout a command works on: --repo, a fetched upstream, or the one around the current directory."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.cli.console import Console
from scaffold.cli.questions import ask, missing
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.reports import MORE_MODES

if TYPE_CHECKING:
    from scaffold.core.checkout import Located
    from scaffold.core.reports import VerificationReport


def add_repo(parser: argparse.ArgumentParser) -> None:
    """The --repo argument."""
    parser.add_argument(
        "--repo",
        type=Path,
        metavar="PATH",
        help="the Transformers clone (default: the one that the current directory lies in)",
    )


def surrounding() -> Path | None:
    """The Transformers clone that the current directory lies in."""
    from scaffold.locate import is_checkout

    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if is_checkout(folder)), None)


def given_repo(repo: Path | None) -> Path:
    """--repo, else the surrounding clone, else a refusal that names the flag."""
    root = repo or surrounding()
    if root is None:
        raise missing("the Transformers clone", "--repo PATH")
    if not root.is_dir():
        raise ScaffoldError("LOC101", f"{root} is not a folder", "check --repo")
    return root.resolve()


def add_modes(parser: argparse.ArgumentParser) -> None:
    """`--modes`: compared besides eager and graph mode."""
    parser.add_argument(
        "--modes",
        nargs="+",
        default=[],
        choices=MORE_MODES,
        metavar="MODE",
        help=f"compare anew, in these modes too besides eager and graph: {', '.join(MORE_MODES)} (slow)",
    )


def in_clone(root: Path) -> str:
    """What a suggested command needs behind it to work on the clone from here: ` --repo PATH`, or nothing inside the clone."""
    root, here = root.resolve(), Path.cwd().resolve()
    if here == root or root in here.parents:
        return ""
    return f" --repo {shlex.quote(str(root.relative_to(here) if here in root.parents else root))}"


def given_port(arguments: argparse.Namespace, command: str) -> Located:
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


def saved_report(located: Located) -> VerificationReport | None:
    """The report that the port's own run left in `.git`."""
    from scaffold.pipeline import load_report, state_folder
    from scaffold.publish.git import open_clone

    try:
        clone = open_clone(located.root)
    except ScaffoldError:  # an unpacked release without git has none, which is no hindrance
        return None
    return load_report(state_folder(clone, located.names.stem))


def repo_or_upstream(arguments: argparse.Namespace, console: Console) -> Path:
    """The clone to port in, fetched first when --upstream was given."""
    if arguments.upstream is None and (arguments.repo or surrounding()):
        return given_repo(arguments.repo)
    yes = arguments.yes
    if arguments.upstream is None:
        arguments.upstream = ask(
            console,
            "Where from? A folder, a git address, or pypi:transformers==4.47.1",
            what="the Transformers clone",
            flag="--repo PATH, or --upstream pypi:transformers==4.47.1 --into DIR",
            yes=yes,
        )
    if arguments.into is None:
        answer = ask(console, "Folder for the clone", what="the folder for the clone", flag="--into DIR", yes=yes)
        arguments.into = Path(answer)
    from scaffold.publish.upstream import fetch

    with console.step("upstream"):
        return fetch(arguments.upstream, arguments.into, progress=console)


def check_model(model: str, arguments: argparse.Namespace) -> None:
    """Refuse (LOC102) what can be no model's name, with the suggestion of the checkout where there is one at hand."""
    from scaffold.core.names import check_model_argument, is_model_name

    if is_model_name(model):
        return
    from scaffold.locate import is_checkout
    from scaffold.locate.naming import auto_tables
    from scaffold.locate.resolve import find

    root = getattr(arguments, "repo", None) or surrounding()
    if root is not None and is_checkout(root):
        find(root, model, auto_tables(root))
    check_model_argument(model)


def prefer_own_python(arguments: argparse.Namespace, argv: Sequence[str]) -> None:
    """The interpreter that `scaffold env` made for the clone, unless --python names one."""
    if getattr(arguments, "python", None) != sys.executable or any(word.startswith("--python") for word in argv):
        return
    root = getattr(arguments, "repo", None) or surrounding()
    if root is None or not (root / ".env").is_dir():
        return
    from scaffold.flows.env import remembered

    arguments.python = remembered(root.resolve()) or arguments.python
