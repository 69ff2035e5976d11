"""Port a PyTorch-only model of a Transformers clone to TensorFlow, on a branch of its own.

The clone is written to once, at the end: a branch add_tf_<model> with one commit. Before that, and when anything fails, it
stays as it was.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.cli.answers import add_answers, keep, recall
from scaffold.cli.checkouts import add_modes, add_repo, repo_or_upstream
from scaffold.cli.console import Console
from scaffold.cli.credit import add_credit, contributor_of
from scaffold.cli.forked import add_fork, run_forked, wants_fork
from scaffold.cli.questions import ask, missing
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.reports import MODES

if TYPE_CHECKING:
    from scaffold.pipeline import Request, Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("model", nargs="?", help="the model: its folder (roc_bert) or model type (data2vec-text)")
    add_repo(parser)
    parser.add_argument(
        "--upstream",
        metavar="SOURCE",
        help="fetch the clone first: a folder, a git address (…@TAG for a tag), or pypi:transformers==VERSION",
    )
    parser.add_argument("--into", type=Path, metavar="DIR", help="with --upstream: clone into DIR/transformers")
    parser.add_argument(
        "--pytorch-from",
        metavar="SOURCE",
        help="a Transformers 5.x tree that has the PyTorch model, which the clone lacks: bring it along on the same branch "
        "(a folder, or as --upstream takes it)",
    )
    add_credit(parser)
    parser.add_argument(
        "--python",
        default=sys.executable,
        metavar="PATH",
        help="the Python that has torch and tensorflow (default: this one)",
    )
    parser.add_argument("--dry-run", action="store_true", help="print the whole diff and write nothing")
    parser.add_argument(
        "--no-probe", action="store_true", help="translate without running the PyTorch model (not verifiable)"
    )
    parser.add_argument("--no-verify", action="store_true", help="do not compare the port with PyTorch")
    add_modes(parser)
    parser.add_argument(
        "--new-auto-classes",
        action="store_true",
        help="make the TFAutoModelFor… that a head lacks (default: exempt the head in utils/check_repo.py)",
    )
    parser.add_argument(
        "--regenerate", action="store_true", help="treat an existing TensorFlow port as absent: write it anew"
    )
    parser.add_argument("--yes", action="store_true", help="never ask")
    add_fork(parser)
    add_answers(parser)


def _model(arguments: argparse.Namespace, root: Path, console: Console) -> str:
    """The model; asked for when it is missing or when its folder holds several files."""
    from scaffold.locate.resolve import lacking, portable

    if not arguments.model:
        choices = portable(root) if console.interactive else []
        question = "Which model? (those without TensorFlow)"
        return ask(
            console, question, what="the model", flag="its name, e.g. roc_bert", choices=choices, yes=arguments.yes
        )
    model = str(arguments.model)
    folder = root / "src/transformers/models" / model
    if console.interactive and not arguments.yes and folder.is_dir():
        candidates = lacking(root, model)
        if len(candidates) > 1 and model not in candidates:
            return ask(console, "Which file?", what="the file", flag="its name", choices=candidates)
    return model


def _noted(root: Path, stem: str) -> Path | None:
    """The port's private folder, None where there is no repository (the pipeline will say so)."""
    from scaffold.pipeline import state_folder
    from scaffold.publish.git import open_clone

    try:
        return state_folder(open_clone(root), stem)
    except ScaffoldError:
        return None


def _request(arguments: argparse.Namespace, console: Console, root: Path) -> Request:
    """What the pipeline is asked for, with what was answered in an earlier run."""
    from scaffold.locate import check_checkout
    from scaffold.locate.naming import auto_tables
    from scaffold.locate.resolve import find
    from scaffold.pipeline import Request

    check_checkout(root)
    tree = _pytorch_from(arguments, console)
    model = _model(arguments, tree or root, console)
    find(tree or root, model, auto_tables(tree or root))  # a name that is refused starts no process
    folder = _noted(root, model.replace("-", "_"))
    if folder is not None and recall(arguments, folder):
        console.note(f"contributor {arguments.contributor}, as answered before")
    return Request(
        root=root,
        model=model,
        python=arguments.python,
        contributor=contributor_of(arguments),
        probe=not arguments.no_probe,
        verify=not arguments.no_verify,
        modes=(*MODES, *arguments.modes),
        dry_run=arguments.dry_run,
        new_auto_classes=arguments.new_auto_classes,
        regenerate=arguments.regenerate,
        pytorch_from=tree,
    )


def _pytorch_from(arguments: argparse.Namespace, console: Console) -> Path | None:
    """The 5.x tree to bring the model from, fetched where it is not a folder."""
    from scaffold.brought import check_source
    from scaffold.publish.upstream import source_tree

    if arguments.pytorch_from is None:
        return None
    with console.step("5.x tree"):
        tree = source_tree(arguments.pytorch_from, console)
        check_source(tree)
    return tree


def port(arguments: argparse.Namespace, console: Console, root: Path) -> Result:
    """Run the pipeline in the clone and keep the answers that a later run of the same model would ask for."""
    from scaffold.pipeline import run as run_pipeline

    result = run_pipeline(_request(arguments, console, root), console)
    if result.commit is not None and (folder := _noted(root, result.located.names.stem)) is not None:
        keep(arguments, folder)
    return result


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Port the model; exit status 0 when every class is verified (or nothing was to be), else 1."""
    from scaffold.cli.summary import as_json, show_diff, show_port

    contributor_of(arguments)  # refused before a clone is fetched
    if arguments.pytorch_from is not None and arguments.fork:
        raise ScaffoldError(
            "CLI103",
            "--pytorch-from and --fork do not go together",
            "make the port in a clone (--repo PATH), then `scaffold new-tf-model MODEL --fork --repo PATH` connects it",
            exit_code=ExitCode.USAGE,
        )
    if wants_fork(arguments, console):
        return run_forked(arguments, console, port)
    if not arguments.model and not console.interactive:
        raise missing("the model", "its name, e.g. `scaffold new-tf-model roc_bert`")
    result = port(arguments, console, repo_or_upstream(arguments, console))
    console.data(as_json(result))
    if arguments.dry_run and not result.finished:
        show_diff(console, result)
    else:
        show_port(console, result)
    return ExitCode.OK if result.ok else ExitCode.FAILURE
