"""Where a clone comes from and where its ports go: host, upstream, fork and base, kept in `.git/scaffold/origin.json`.

Written once by `new-tf-model --fork`; `open-draft-pr`, `ready`, `status`, `update` and `doctor` read it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.hosting import Host
from scaffold.publish.git import Clone
from scaffold.publish.journal import write_json

_FILE = "origin.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """`upstream` and `fork` are full names (`owner/repository`) on the host; `remote` is the git remote of the fork.

    `base_ref` is the ref of upstream that ports start from (`refs/tags/v4.47.1`, `refs/heads/v4.47-release`), `base_branch`
    the name that this base has as a branch of the fork, `base_commit` the commit it named when the clone was made.
    """

    web: str
    upstream: str
    fork: str
    remote: str
    base_ref: str
    base_branch: str
    base_commit: str

    @property
    def host(self) -> Host:
        """The GitHub that holds both repositories."""
        return Host(web=self.web)


def state_of(clone: Clone) -> Path:
    """The clone's private folder: inside `.git`, so that it can be neither committed nor pushed."""
    return clone.git_path("scaffold")


def save_origin(state: Path, origin: Origin) -> None:
    """Remember it, atomically."""
    write_json(state / _FILE, asdict(origin))


def load_origin(state: Path) -> Origin | None:
    """What was remembered; None in a clone that no fork was made for. GIT109 when the file is damaged."""
    path = state / _FILE
    if not path.is_file():
        return None
    try:
        return Origin(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ScaffoldError("GIT109", f"{path} cannot be read: {error}", "delete that file and run again") from error


def require_origin(state: Path) -> Origin:
    """`load_origin`, or the refusal that says how a clone comes to have one."""
    origin = load_origin(state)
    if origin is None:
        raise ScaffoldError(
            "GIT110",
            "this clone is not connected to a fork on GitHub",
            "run `scaffold new-tf-model MODEL --fork` in it, which makes or finds the fork",
            exit_code=ExitCode.CONFLICT,
        )
    return origin
