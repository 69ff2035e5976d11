"""Who is asked to review, and how those who cannot be asked formally hear of it.

Source: guide.md G12 and G38; upstream's pull-request template asks for fewer than three people (publishing.md §1).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.flows.pull import recall, remember
from scaffold.flows.target import MAINTAINERS, is_hugging_face

if TYPE_CHECKING:
    from scaffold.core.hosting import PullRequest
    from scaffold.hosting.github import GitHub

LIMIT = 2
MARKER = "<!-- scaffold:reviewers -->"
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`requested` were asked to review; `mentioned` could only be named in a comment, written now or before."""

    requested: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()


def logins(given: Sequence[str] | None, repository: str) -> tuple[str, ...]:
    """The reviewers of --reviewer, without `@` and doubles; by default the maintainers, on Hugging Face's repository only.

    CLI103 for more than two, or for what is no login.
    """
    if not given:
        return MAINTAINERS if is_hugging_face(repository) else ()
    names = tuple(dict.fromkeys(name.removeprefix("@") for name in given))
    wrong = [name for name in names if not _LOGIN.fullmatch(name)]
    if wrong or len(names) > LIMIT:
        what = f"{wrong[0]!r} is not a GitHub login" if wrong else f"{len(names)} reviewers are too many"
        raise ScaffoldError("CLI103", what, f"give --reviewer at most {LIMIT} times", exit_code=ExitCode.USAGE)
    return names


def ask(github: GitHub, pull: PullRequest, names: Sequence[str], folder: Path) -> Asked:
    """Request the reviews, and name whoever is no collaborator in one comment, which is written only once.

    Who had to be named is noted in the port's private `folder`, together with the pull request, and not asked again.
    """
    noted = recall(folder)
    known = noted.mentioned if noted and (noted.repository, noted.number) == (pull.repository, pull.number) else ()
    wanted = [name for name in names if name.lower() != pull.author.lower() and name not in known]
    refused = github.request_reviewers(pull, wanted)
    if refused:
        people = " ".join(f"@{name}" for name in refused)
        github.ensure_comment(pull, MARKER, f"{people}, could you have a look when you find the time?")
    mentioned = (*known, *refused)
    if not github.dry_run:
        remember(folder, pull, mentioned)
    return Asked(requested=tuple(name for name in wanted if name not in refused), mentioned=mentioned)
