"""Which pull request belongs to a port: the one noted when it was opened, else the open one of the port's branch."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.core.hosting import PullRequest
from scaffold.flows.ported import Ported

if TYPE_CHECKING:
    from scaffold.hosting.github import GitHub

_FILE = "pull.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """The port's pull request; `mentioned` could not be asked for a review, so a comment names them."""

    repository: str
    number: int
    url: str
    mentioned: tuple[str, ...] = ()


def remember(folder: Path, pull: PullRequest, mentioned: Iterable[str] = ()) -> None:
    """Note the pull request, so that the port's commands find it wherever it was sent."""
    from scaffold.publish.journal import write_json

    noted = Noted(repository=pull.repository, number=pull.number, url=pull.url, mentioned=tuple(mentioned))
    if recall(folder) != noted:
        write_json(folder / _FILE, asdict(noted))


def recall(folder: Path) -> Noted | None:
    """What was noted; None when nothing was."""
    try:
        data = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return Noted(**{**data, "mentioned": tuple(data.get("mentioned", ()))})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def open_pull(ported: Ported, github: GitHub) -> PullRequest | None:
    """The open pull request of the port's branch: where it was noted, then in the fork, then in upstream."""
    known = recall(ported.folder)
    places = [known.repository] if known else []
    for repository in dict.fromkeys([*places, ported.origin.fork, ported.origin.upstream]):
        found = github.find_pull(repository, ported.head)
        if found is not None:
            return found
    return None
