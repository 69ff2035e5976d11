"""What the stand-in remembers: accounts, tokens, repositories, pull requests and what hangs on them.

Plain data that a test may arrange and look at. Nothing here knows HTTP; the git side is `bare.py`.
"""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, field
from typing import Any

from tests.github.bare import Bare

#: Weakest first. `pull` is what everybody has on a public repository.
ROLES = ("none", "pull", "triage", "push", "maintain", "admin")

_numbers = itertools.count(1000)


def new_id() -> int:
    """A number that no other object of this process has."""
    return next(_numbers)


def now() -> str:
    """The time as GitHub writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@dataclass
class Account:
    """A user, or an organisation with members (who are its administrators, to keep it simple)."""

    login: str
    kind: str = "User"
    members: set[str] = field(default_factory=set)
    id: int = field(default_factory=new_id)


@dataclass
class Access:
    """A token: whose it is and what it may do. `scopes` None makes it fine-grained, then `grants` names repositories."""

    login: str
    scopes: tuple[str, ...] | None
    grants: tuple[str, ...] = ()

    def reaches(self, repo: Repository) -> bool:
        """Whether the token lets its user act on a repository, if the user may."""
        if self.scopes is None:
            return repo.owner == self.login or repo.full_name in self.grants
        return bool(({"repo"} if repo.private else {"repo", "public_repo"}) & set(self.scopes))


@dataclass
class Repository:
    """A repository; `ready_at` and `polls_left` say when git answers for it (forks are made in the background)."""

    full_name: str
    bare: Bare
    default_branch: str
    private: bool = False
    parent: Repository | None = None
    collaborators: dict[str, str] = field(default_factory=dict)
    drafts: bool = True
    ready_at: float = 0.0
    polls_left: int = 0
    archived: bool = False
    id: int = field(default_factory=new_id)
    created_at: str = field(default_factory=now)
    pushed_at: str = field(default_factory=now)

    @property
    def owner(self) -> str:
        return self.full_name.partition("/")[0]

    @property
    def name(self) -> str:
        return self.full_name.partition("/")[2]

    @property
    def source(self) -> Repository:
        """The root of the network of forks."""
        return self.parent.source if self.parent else self

    def is_ready(self) -> bool:
        """True once git may be asked; every question counts as one poll."""
        if self.polls_left > 0:
            self.polls_left -= 1
            return False
        return time.monotonic() >= self.ready_at and not math.isinf(self.ready_at)


@dataclass
class Pull:
    """A pull request of `repository`. `head_sha` follows the branch while it is open, see `Hub.refresh`."""

    repository: str
    number: int
    author: str
    title: str
    body: str | None
    head_repository: str
    head_ref: str
    head_sha: str
    base: str
    draft: bool = False
    maintainer_can_modify: bool = False
    state: str = "open"
    merged: bool = False
    labels: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    id: int = field(default_factory=new_id)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)

    @property
    def head(self) -> str:
        """The head as `owner:branch`, GitHub's label."""
        return f"{self.head_repository.partition('/')[0]}:{self.head_ref}"

    @property
    def node_id(self) -> str:
        """What GraphQL calls it."""
        return f"PR_{self.id}"


@dataclass
class Comment:
    """A comment below a pull request."""

    repository: str
    number: int
    author: str
    body: str
    id: int = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


@dataclass
class Review:
    """A review; `state` is APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING."""

    repository: str
    number: int
    author: str
    state: str
    commit_id: str
    body: str = ""
    id: int = field(default_factory=new_id)
    submitted_at: str = field(default_factory=now)


@dataclass
class Status:
    """A commit status, as CircleCI writes them; `state` is error, failure, pending or success."""

    repository: str
    sha: str
    context: str
    state: str
    target_url: str = "https://ci.example.com/1"
    id: int = field(default_factory=new_id)
    created_at: str = field(default_factory=now)


@dataclass
class CheckRun:
    """A check run, as Actions writes them; `conclusion` only when `status` is completed."""

    repository: str
    sha: str
    name: str
    status: str = "completed"
    conclusion: str | None = "success"
    id: int = field(default_factory=new_id)


@dataclass
class Exchange:
    """One request and what was answered; `status` 0 means that the connection was cut. Credentials aren't kept."""

    method: str
    path: str
    operation: str
    user: str | None
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    status: int = 0
    fault: bool = False
    answer: Any = None
