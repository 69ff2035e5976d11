"""Which models a sweep is about: the PyTorch-only files of the checkout, and the groups that they are counted in.

Source of truth for the groups: `groups.tsv`, which sorts the 189 PyTorch-only files of Transformers 4.47 by what their port
asks of a translator. A: text and vision transformers without more. B: convolutions, other vision, audio. C: caches, gathers,
scans, decoders, composites. D: kernels of their own, mixtures of experts, images spliced into text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError

#: The group of a file that is not in the table: those of later releases, and those that have TensorFlow.
OTHER = "–"


def groups() -> dict[str, str]:
    """`folder/stem` → group, a letter."""
    text = files("scaffold.sweep").joinpath("groups.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    return {model: group for model, group in rows}


def chosen(root: Path, names: Sequence[str] = (), wanted: Sequence[str] = ()) -> list[str]:
    """`folder/stem` of the named models, by default of all without TensorFlow; `wanted` keeps those of these groups.

    LOC102 for a name that the checkout does not know, LOC103 for one with TensorFlow, CLI103 for a group that nothing is in.
    """
    from scaffold.locate import check_checkout
    from scaffold.locate.resolve import folders, lacking

    check_checkout(root)
    every = [f"{folder}/{stem}" for folder in folders(root) for stem in lacking(root, folder)]
    known = groups()
    _check(wanted, known)
    found = every if not names else list(dict.fromkeys(model for name in names for model in _named(root, name, every)))
    return [model for model in found if not wanted or known.get(model, OTHER) in wanted]


def _check(wanted: Sequence[str], known: Mapping[str, str]) -> None:
    letters = sorted({*known.values(), OTHER})
    for letter in wanted:
        if letter not in letters:
            raise ScaffoldError(
                "CLI103", f"there is no group {letter!r}", f"one of {', '.join(letters)}", exit_code=ExitCode.USAGE
            )


def _named(root: Path, name: str, every: Sequence[str]) -> list[str]:
    """The files that a name stands for: `folder/stem`, or a folder with all that lack TensorFlow, or a file, or a type."""
    if name in every:
        return [name]
    of_folder = [model for model in every if model.partition("/")[0] == name.replace("-", "_")]
    if of_folder:
        return of_folder
    from scaffold.locate.naming import auto_tables
    from scaffold.locate.resolve import choose, find

    folder, stem = find(root, name, auto_tables(root))
    return [f"{folder}/{choose(root, folder, stem, ported_ok=False)}"]
