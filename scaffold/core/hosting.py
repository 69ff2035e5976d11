"""What is known of a hosting site's repositories and pull requests, as plain data.

Source of truth for the fields: GitHub's REST description; names are GitHub's where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One GitHub: github.com, or an Enterprise server with its API below `/api/v3`."""

    web: str = "https://github.com"

    @property
    def name(self) -> str:
        """Host name, with the port when it has one."""
        return urlsplit(self.web).netloc

    @property
    def is_public(self) -> bool:
        """True for github.com itself."""
        return self.name == "github.com"

    @property
    def api(self) -> str:
        """Base address of the REST API."""
        return "https://api.github.com" if self.is_public else f"{self.web}/api/v3"


@dataclass(frozen=True, slots=True)
class Token:
    """A credential and where it was found. Never printed: `repr` and `str` show the source only."""

    value: str = field(repr=False)
    source: str

    def __str__(self) -> str:
        return f"token from {self.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository as the current user sees it. `parent` is the full name of what a fork was made from."""

    full_name: str
    clone_url: str
    html_url: str
    default_branch: str
    parent: str | None = None
    can_push: bool = False

    @property
    def owner(self) -> str:
        """The account it belongs to."""
        return self.full_name.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request in `repository`; `head` is `owner:branch`."""

    repository: str
    number: int
    url: str
    title: str
    body: str
    author: str
    head: str
    head_sha: str
    base: str
    draft: bool
    state: str  # open | closed
    merged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A reviewer's latest verdict; `state` is APPROVED, CHANGES_REQUESTED or DISMISSED; `current` when on the head commit."""

    login: str
    state: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check run or commit status; `state` is success, failure, pending or neutral."""

    name: str
    state: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A write to the API or to a remote, made or (in a dry run) only planned."""

    method: str
    target: str
    body: dict[str, Any] = field(default_factory=dict)
    note: str = ""
