"""A checkout with a model of a 5.x tree in it, as a temporary copy: what the stages work on under `--pytorch-from`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.core.edits import Outcome, Tree
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.progress import Progress
from scaffold.overlay import WHOLE, overlay

if TYPE_CHECKING:
    from scaffold.pipeline import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """`root` is the copy, `model` the file's stem there; `tree` the checkout itself with what is planned so far."""

    root: Path
    model: str
    tree: Tree
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]


def check_source(tree: Path) -> None:
    """Refuse (BKP101) what is no tree of Transformers, or one that has TensorFlow itself."""
    from scaffold.locate import is_checkout

    if not is_checkout(tree):
        raise ScaffoldError(
            "BKP101",
            f"{tree} is not a Transformers tree",
            "give the folder that holds src/transformers with --pytorch-from",
            exit_code=ExitCode.USAGE,
        )
    if (tree / "src/transformers/modeling_tf_utils.py").is_file():
        raise ScaffoldError(
            "BKP101",
            f"{tree} has TensorFlow itself: it is a 4.x tree",
            "port the model in it (`--repo`); --pytorch-from is for 5.x trees",
            exit_code=ExitCode.USAGE,
        )


@contextmanager
def bring(request: Request, progress: Progress) -> Iterator[Brought | None]:
    """The copy with the model in it, for as long as it is worked on; None when nothing has to be brought along.

    Nothing has to when the model's folder is there already, on the branch of an earlier run for instance. One that no such run
    put there is refused (BKP104).
    """
    if request.pytorch_from is None:
        yield None
        return
    from scaffold.backport import backport
    from scaffold.locate import check_checkout
    from scaffold.locate.naming import auto_tables
    from scaffold.locate.resolve import choose_name, find
    from scaffold.publish.git import open_clone

    check_checkout(request.root)
    source = request.pytorch_from
    check_source(source)
    folder, named = find(source, request.model, auto_tables(source))
    stem = choose_name(source, folder, named, ported_ok=True)
    clone = open_clone(request.root)
    if clone.branch() == f"add_tf_{stem}":
        yield None
        return
    tree = Tree(request.root.resolve())
    with progress.step("bring along"):
        found = backport(tree, source, folder)
        for note in found.notes:
            progress.note(note)
        within = None
        if not request.dry_run:
            within = clone.git_path("scaffold") / stem / "brought"
            shutil.rmtree(within, ignore_errors=True)  # of a run that was killed
            within.mkdir(parents=True)
        progress.note(f"{folder}: {len(tree.edits())} files from {source}")
    with overlay(request.root.resolve(), tree.edits(), within=within, parts=WHOLE) as root:
        yield Brought(root=root, model=stem, tree=tree, outcomes=found.outcomes, notes=found.notes)
