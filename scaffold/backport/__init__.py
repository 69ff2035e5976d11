"""The stage in front of the others: a model of a 5.x tree, brought to a 4.x base that lacks it.

`backport` plans the model's configuration, its PyTorch file and its registrations on the base; the port to TensorFlow runs
on top.
Both trees are only parsed. Source: docs/architecture.md ("A model of a 5.x tree").
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from scaffold.backport.model import MODELS, adapt
from scaffold.backport.registration import NAME, register
from scaffold.core.edits import Outcome, Tree
from scaffold.core.errors import ExitCode, ScaffoldError

__all__ = ["Backported", "backport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backported:
    """What was brought along: `folder` below the models, what was planned or left out, and what a person has to know."""

    folder: str
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...] = ()


def backport(tree: Tree, source: Path, folder: str) -> Backported:
    """Plan the model of the 5.x tree `source` on the base.

    BKP101: a tree or file that cannot be used; BKP102: code that cannot be adapted (file, line, name); BKP103: a base that is
    too old; BKP104: a base that has the model.
    """
    if tree.exists(f"{MODELS}/{folder}"):
        raise ScaffoldError(
            "BKP104",
            f"the base has {folder} ({MODELS}/{folder}); --pytorch-from is for models that it lacks",
            "port it without --pytorch-from",
            exit_code=ExitCode.USAGE,
        )
    files = adapt(tree.root, source, folder)
    outcomes: list[Outcome] = [
        tree.plan(path, text, by=NAME, why="bring the model along") for path, text in files.items()
    ]
    outcomes += register(tree, source, folder, _config_classes(files))
    return Backported(folder=folder, outcomes=tuple(outcomes), notes=tuple(_notes(source, folder)))


def _config_classes(files: dict[str, str]) -> frozenset[str]:
    trees = [ast.parse(text) for path, text in files.items() if "/configuration_" in path]
    return frozenset(node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef))


def _notes(source: Path, folder: str) -> list[str]:
    """What the backport does not do for the user, said once."""
    notes = []
    table = source / "src/transformers/conversion_mapping.py"
    if table.is_file():
        for line, text in enumerate(table.read_text(encoding="utf-8").split("\n"), 1):
            if f'"{folder}"' in text:
                notes.append(
                    f"5.x renames or joins weights of {folder} while it loads them (conversion_mapping.py:{line}); the base "
                    "does not: checkpoints from the Hub have to be saved by 5.x in the names of its modules first"
                )
                break
    others = [p.name for p in sorted((source / MODELS / folder).glob("*.py")) if _left_behind(p.name)]
    if others:
        notes.append(f"not brought along: {', '.join(others)}")
    return notes


def _left_behind(name: str) -> bool:
    return not name.startswith(("modeling_", "configuration_", "__init__", "convert_", "modular_"))
