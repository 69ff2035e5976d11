"""A port on its branch in a clone that is connected to a fork: what every publishing flow starts from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.names import ModelNames
from scaffold.publish.origin import Origin, require_origin, state_of

if TYPE_CHECKING:
    from scaffold.core.checkout import Located
    from scaffold.publish.git import Clone

#: What a port's branch is called before its stem (guide.md G8).
PREFIX = "add_tf_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ported:
    """The clone stands on the port's branch, clean; `tip` is that branch's commit, `folder` the port's private state."""

    clone: Clone
    origin: Origin
    located: Located
    folder: Path
    tip: str

    @property
    def names(self) -> ModelNames:
        """The model's names."""
        return self.located.names

    @property
    def branch(self) -> str:
        """The port's branch."""
        return self.located.names.branch

    @property
    def head(self) -> str:
        """The branch as the head of a pull request: `owner:branch`."""
        return f"{self.origin.fork.partition('/')[0]}:{self.branch}"


def model_of(clone: Clone) -> str:
    """The model of the branch that is checked out; CLI102 on any other branch."""
    branch = clone.branch() or ""
    stem = branch.removeprefix(PREFIX)
    if stem in ("", branch):
        raise ScaffoldError(
            "CLI102",
            f"the model is missing, and the clone is not on a branch {PREFIX}…",
            "give its name, e.g. `scaffold status roc_bert`",
            exit_code=ExitCode.USAGE,
        )
    return stem


def open_ported(root: Path, model: str | None, *, read_only: bool = False) -> Ported:
    """The port of `model` (default: that of the current branch), ready to be published.

    An interrupted switch to the branch is finished first, unless `read_only`. Refused, with exit status 5: no fork (GIT110),
    no such branch or another one checked out (HUB131), uncommitted changes (GIT102).
    """
    from scaffold.locate import locate
    from scaffold.pipeline import state_folder
    from scaffold.publish.commit import resume
    from scaffold.publish.git import check_clean, open_clone

    clone = open_clone(root)
    located = locate(root, model or model_of(clone), ported_ok=True)
    folder = state_folder(clone, located.names.stem)
    if not read_only and resume(clone, folder):
        located = locate(root, located.names.stem, ported_ok=True)
    origin = require_origin(state_of(clone))
    tip = on_branch(clone, located)
    check_clean(clone)
    return Ported(clone=clone, origin=origin, located=located, folder=folder, tip=tip)


def on_branch(clone: Clone, located: Located) -> str:
    """The branch's commit; HUB131 unless it holds the port and is checked out."""
    names = located.names
    tip = clone.tip(names.branch)
    if tip is None or not clone.has_file(tip, names.tf_path):
        what = "there is no branch" if tip is None else f"{names.tf_path} is not on the branch"
        raise _not_there(f"{what} {names.branch}", f"port the model: `scaffold new-tf-model {names.stem} --fork`")
    if clone.branch() != names.branch:
        raise _not_there(
            f"the clone is on {clone.branch() or 'a detached HEAD'}, not on {names.branch}",
            f"run `git switch {names.branch}`",
        )
    return tip


def _not_there(message: str, help: str) -> ScaffoldError:
    return ScaffoldError("HUB131", message, help, exit_code=ExitCode.CONFLICT)
