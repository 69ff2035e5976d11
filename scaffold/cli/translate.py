"""Translate one PyTorch modelling file and print the TensorFlow module; nothing is written to the clone."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scaffold.cli.checkouts import add_repo
from scaffold.cli.console import Console
from scaffold.cli.questions import missing
from scaffold.core.checkout import Located
from scaffold.core.diffs import unified
from scaffold.core.edits import Tree
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.names import counted, shortened
from scaffold.core.typedb import TypeDB


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("path", nargs="?", type=Path, help="the file, …/models/<model>/modeling_<name>.py")
    add_repo(parser)
    parser.add_argument("--diff", action="store_true", help="print a diff from the PyTorch file instead")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to FILE instead of standard output")
    parser.add_argument("--no-probe", action="store_true", help="do not run the PyTorch model for types")
    parser.add_argument(
        "--python", default=sys.executable, metavar="PATH", help="the Python that has torch (default: this one)"
    )


@contextmanager
def _place(path: Path, repo: Path | None) -> Iterator[Located]:
    """The file as part of a checkout. One from elsewhere takes its namesake's place in a temporary copy of --repo."""
    from scaffold.locate import is_checkout, locate

    match = re.fullmatch(r"modeling_(?!tf_|flax_)([a-z0-9_]+)\.py", path.name)
    if match is None:
        raise ScaffoldError(
            "CLI103",
            f"{shortened(path.name)!r} is not called modeling_<name>.py",
            "give a PyTorch modelling file",
            exit_code=ExitCode.USAGE,
        )
    root = repo or next((parent for parent in path.resolve().parents if is_checkout(parent)), None)
    if root is None:
        raise missing("the Transformers checkout that the file belongs to", "--repo PATH")
    located = locate(root, match[1], ported_ok=True)
    if (located.root / located.names.pt_path).samefile(path):
        yield located
        return
    from scaffold.overlay import overlay

    tree = Tree(located.root)
    tree.plan(located.names.pt_path, read_text(path), by="translate", why="the file to translate")
    with overlay(located.root, tree.edits()) as folder:
        yield locate(folder, match[1], ported_ok=True)


def read_text(path: Path) -> str:
    """The file's text, checked to be Python."""
    from scaffold.locate.reading import parse_source, read_source

    parse_source(path.parent, path.name)
    return read_source(path.parent, path.name)


def _types(located: Located, arguments: argparse.Namespace, console: Console) -> TypeDB:
    if arguments.no_probe:
        return TypeDB()
    from scaffold.environment import check_environment, read_environment
    from scaffold.probe import probe

    check_environment(read_environment(arguments.python, located.root), tensorflow=False)
    with console.step("probe"), tempfile.TemporaryDirectory(prefix="scaffold-") as folder:
        return probe(located, python=arguments.python, out=Path(folder))


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print or write the translation; its diagnostics are talk."""
    from scaffold.translate import translate

    if arguments.path is None:
        raise missing("the file", "its path, e.g. src/transformers/models/roc_bert/modeling_roc_bert.py")
    if not arguments.path.is_file():
        raise ScaffoldError(
            "CLI103",
            f"there is no file {shortened(str(arguments.path), 200)!r}",
            "give the path of a PyTorch modelling file",
            exit_code=ExitCode.USAGE,
        )
    source = read_text(arguments.path)
    with _place(arguments.path, arguments.repo) as located:
        names = located.names
        types = _types(located, arguments, console)
        with console.step("translate"):
            translation = translate(located, types)
            console.note(f"{len(translation.classes)} classes, {counted(len(translation.markers), 'marker')}")
    for diagnostic in translation.diagnostics:
        console.talk(diagnostic.render(source))
    text = translation.text
    if arguments.diff:
        text = unified(source, text, names.pt_path)
    if arguments.output is not None:
        arguments.output.write_text(text, encoding="utf-8")
    else:
        console.raw(text)
    console.data(
        {
            "model": names.stem,
            "classes": dict(translation.classes),
            "markers": [d.render() for d in translation.markers],
            "statistics": dict(translation.statistics),
            "text": text,
        }
    )
    console.suggest(f"scaffold new-tf-model {names.stem}", "to register, verify and commit it")
    return ExitCode.OK
