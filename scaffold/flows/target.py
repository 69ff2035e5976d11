"""Where a pull request goes: into the user's own fork, or to the repository it was forked from.

Hugging Face said in 2026 that there is no path for TensorFlow any more (publishing.md §1), so what would go to its repository
stays in the fork unless the user says otherwise. An organisation that maintains a fork of its own is asked directly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.flows.ported import Ported

if TYPE_CHECKING:
    from scaffold.hosting.github import GitHub
    from scaffold.publish.origin import Origin

HUGGING_FACE = "huggingface/transformers"

#: The TensorFlow maintainers whom the guide names (guide.md G38).
MAINTAINERS = ("gante", "Rocketknight1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The repository and branch that are asked to take the port. `make_base`: the branch has to be created first."""

    repository: str
    base: str
    in_fork: bool
    why: str
    make_base: bool = False


def is_hugging_face(repository: str) -> bool:
    """True for Hugging Face's own repository; GitHub's names do not distinguish case."""
    return repository.lower() == HUGGING_FACE


def goes_to_fork(origin: Origin, *, to_upstream: bool, in_fork: bool) -> bool:
    """The user's choice, else the fork for Hugging Face's repository and the parent for every other."""
    if to_upstream or origin.fork.lower() == origin.upstream.lower():
        return False
    return in_fork or is_hugging_face(origin.upstream)


def choose(ported: Ported, github: GitHub, *, to_upstream: bool, in_fork: bool, base: str | None) -> Target:
    """The target with a base branch that exists or, in the fork, can be made; HUB133 when the parent has none."""
    origin = ported.origin
    if goes_to_fork(origin, to_upstream=to_upstream, in_fork=in_fork):
        branch = base or origin.base_branch
        exists = github.branch_exists(origin.fork, branch) is not None
        if not exists and branch != origin.base_branch:
            raise _no_base(origin.fork, branch)
        return Target(
            repository=origin.fork, base=branch, in_fork=True, why=_why_fork(origin, in_fork), make_base=not exists
        )
    branch = base or origin.base_ref.removeprefix("refs/heads/")
    if branch.startswith("refs/"):  # a tag: no pull request can be based on one
        branch = origin.base_branch
    if github.branch_exists(origin.upstream, branch) is None:
        raise _no_base(origin.upstream, branch)
    apart = "" if is_hugging_face(origin.upstream) else ", which is maintained apart from Hugging Face's"
    why = f"The pull request goes to {origin.upstream}{', as --to-upstream asks' if to_upstream else apart}."
    return Target(repository=origin.upstream, base=branch, in_fork=False, why=why)


def _why_fork(origin: Origin, asked: bool) -> str:
    if not is_hugging_face(origin.upstream):
        return f"The pull request stays in the fork {origin.fork}, as --in-fork asks."
    reason = "Hugging Face said in 2026 that Transformers has no path for TensorFlow any more"
    other = "" if asked else " (`--to-upstream` sends it there all the same)"
    return f"The pull request stays in the fork {origin.fork}, because {reason}{other}."


def _no_base(repository: str, branch: str) -> ScaffoldError:
    return ScaffoldError(
        "HUB133",
        f"{repository} has no branch {branch} that the port could be merged into",
        "name one that holds TensorFlow with --base BRANCH, or keep the pull request in the fork with --in-fork",
        exit_code=ExitCode.USAGE,
    )
