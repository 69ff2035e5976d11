"""The state as a whole: who may do what, forks that take their time, heads that follow their branches.

Arranged by tests through the `add_…` methods, changed by `rest_…` and `graphql` with the lock held.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from tests.github.bare import Bare
from tests.github.faults import Fault
from tests.github.state import (
    ROLES,
    Access,
    Account,
    CheckRun,
    Comment,
    Exchange,
    Pull,
    Repository,
    Review,
    Status,
    now,
)


class Hub:
    """Everything the server knows. `web` and `api` are its addresses once it runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.web = "http://127.0.0.1"
        self.lock = threading.RLock()
        self.accounts: dict[str, Account] = {}
        self.tokens: dict[str, Access] = {}
        self.repositories: dict[str, Repository] = {}
        self.moved: dict[str, str] = {}
        self.pulls: list[Pull] = []
        self.comments: list[Comment] = []
        self.reviews: list[Review] = []
        self.statuses: list[Status] = []
        self.check_runs: list[CheckRun] = []
        self.exchanges: list[Exchange] = []
        self.faults: list[Fault] = []
        self.fork_delay = 0.0
        self.fork_polls = 0
        self.limits = {"core": 5000, "search": 30, "graphql": 5000}

    @property
    def api(self) -> str:
        """Where the REST API is, as on a GitHub Enterprise server."""
        return f"{self.web}/api/v3"

    def add_user(
        self,
        login: str,
        *,
        token: str | None = None,
        scopes: tuple[str, ...] | None = ("repo", "workflow"),
        grants: tuple[str, ...] = (),
    ) -> Account:
        """A user, or one more token for a user; `scopes` None: a fine-grained token, good for own and `grants` repositories."""
        account = self.accounts.setdefault(login, Account(login))
        if token:
            self.tokens[token] = Access(login, scopes, grants)
        return account

    def add_organization(self, login: str, *, members: tuple[str, ...] = ()) -> Account:
        """An organisation; its members administrate its repositories."""
        self.accounts[login] = Account(login, "Organization", set(members))
        return self.accounts[login]

    def add_repository(
        self,
        full_name: str,
        *,
        source: Path | None = None,
        default_branch: str = "main",
        private: bool = False,
        collaborators: dict[str, str] | None = None,
    ) -> Repository:
        """A repository with a bare copy of `source` (or one commit); collaborators map logins to a role (`push`, …)."""
        owner = full_name.partition("/")[0]
        self.accounts.setdefault(owner, Account(owner))
        bare = Bare.create(self.folder(full_name), source, default_branch)
        repo = Repository(full_name, bare, default_branch, private=private)
        for login, role in (collaborators or {}).items():
            self.add_collaborator(full_name, login, role, repo=repo)
        self.repositories[full_name] = repo
        return repo

    def add_collaborator(
        self, full_name: str, login: str, role: str = "push", *, repo: Repository | None = None
    ) -> None:
        """Give somebody a role: pull, triage, push, maintain or admin."""
        assert role in ROLES, role
        self.accounts.setdefault(login, Account(login))
        (repo or self.repositories[full_name]).collaborators[login] = role

    def fork(self, parent: Repository, owner: str, name: str, *, one_branch: bool = False) -> Repository:
        """Make a fork, without looking whether one is there; git answers for it after `fork_delay` and `fork_polls`."""
        full_name = f"{owner}/{name}"
        bare = parent.bare.fork(self.folder(full_name), parent.default_branch, one_branch=one_branch)
        repo = Repository(full_name, bare, parent.default_branch, private=parent.private, parent=parent)
        repo.ready_at, repo.polls_left = time.monotonic() + self.fork_delay, self.fork_polls
        self.repositories[full_name] = repo
        return repo

    def rename(self, old: str, new: str) -> Repository:
        """Rename a repository; its old name redirects, as long as nobody takes it."""
        repo = self.repositories.pop(old)
        repo.full_name = new
        self.repositories[new] = repo
        self.moved[old] = new
        kept: list[Any] = [*self.pulls, *self.comments, *self.reviews, *self.statuses, *self.check_runs]
        for thing in kept:
            thing.repository = new if thing.repository == old else thing.repository
        for pull in self.pulls:
            pull.head_repository = new if pull.head_repository == old else pull.head_repository
        return repo

    def folder(self, full_name: str) -> Path:
        """Where a new repository goes: a number in front, since a renamed one keeps its folder."""
        return self.root / f"{len(list(self.root.glob('*/')))}-{full_name.replace('/', '+')}.git"

    def find(self, full_name: str) -> Repository | None:
        """A repository by any spelling of its name (GitHub doesn't mind upper and lower case)."""
        wanted = full_name.lower()
        return next((repo for name, repo in self.repositories.items() if name.lower() == wanted), None)

    def members(self, login: str) -> set[str]:
        """The members of an organisation."""
        account = self.accounts.get(login)
        return account.members if account else set()

    def role(self, login: str | None, repo: Repository) -> str:
        """What somebody may do with a repository, by itself: tokens may allow less."""
        if login is not None and (login == repo.owner or login in self.members(repo.owner)):
            return "admin"
        return repo.collaborators.get(login or "", "none" if repo.private else "pull")

    def allows(self, login: str | None, repo: Repository, role: str) -> bool:
        """True when somebody has at least this role."""
        return ROLES.index(self.role(login, repo)) >= ROLES.index(role)

    def network(self, repo: Repository) -> list[Repository]:
        """A repository, its forks, and theirs."""
        return [other for other in self.repositories.values() if other.source is repo.source]

    def pull(self, full_name: str, number: int) -> Pull | None:
        """One pull request, up to date with its branch."""
        for pull in self.pulls:
            if (pull.repository, pull.number) == (full_name, number):
                self.refresh(pull)
                return pull
        return None

    def refresh(self, pull: Pull) -> None:
        """Let an open pull request follow its branch; `refs/pull/N/head` in the base repository too."""
        base, head = self.repositories[pull.repository], self.repositories.get(pull.head_repository)
        sha = head and head.bare.sha(f"refs/heads/{pull.head_ref}")
        if pull.state != "open" or head is None or not sha:
            return
        ref = f"refs/pull/{pull.number}/head"
        if base.bare.sha(ref) != sha:
            base.bare.git("fetch", "-q", str(head.bare.path), f"+refs/heads/{pull.head_ref}:{ref}")
        if pull.head_sha != sha:
            pull.head_sha, pull.updated_at = sha, now()

    def comments_of(self, pull: Pull) -> list[Comment]:
        """The comments below a pull request, oldest first."""
        return [c for c in self.comments if (c.repository, c.number) == (pull.repository, pull.number)]

    def add_pull(
        self, full_name: str, *, head: str, base: str | None = None, title: str = "A change", author: str | None = None,
        body: str | None = None, draft: bool = False, maintainer_can_modify: bool = False, head_repository: str | None = None,
    ) -> Pull:  # fmt: skip
        """Open a pull request without asking the rules; `head` is `owner:branch`, `head_repository` says which of the owner's."""
        repo = self.repositories[full_name]
        owner, _, branch = head.partition(":")
        source = self.repositories[head_repository] if head_repository else self.head_repository(repo, owner)
        assert source is not None, head
        sha = source.bare.sha(f"refs/heads/{branch}")
        assert sha is not None, head
        number = 1 + sum(pull.repository == full_name for pull in self.pulls)
        pull = Pull(
            full_name, number, author or owner, title, body, source.full_name, branch, sha, base or repo.default_branch
        )
        pull.draft, pull.maintainer_can_modify = draft, maintainer_can_modify
        self.pulls.append(pull)
        self.refresh(pull)
        return pull

    def head_repository(self, base: Repository, owner: str) -> Repository | None:
        """The repository of `owner` that belongs to the same network, the base itself first."""
        if base.owner.lower() == owner.lower():
            return base
        return next((repo for repo in self.network(base) if repo.owner.lower() == owner.lower()), None)

    def add_comment(self, pull: Pull, author: str, body: str) -> Comment:
        """Say something below a pull request."""
        self.comments.append(Comment(pull.repository, pull.number, author, body))
        return self.comments[-1]

    def add_review(
        self, pull: Pull, author: str, state: str, *, commit_id: str | None = None, body: str = ""
    ) -> Review:
        """Review a pull request, by default at its present head."""
        self.refresh(pull)
        review = Review(pull.repository, pull.number, author, state, commit_id or pull.head_sha, body)
        self.reviews.append(review)
        return review

    def add_status(self, full_name: str, sha: str, context: str, state: str) -> Status:
        """Report a commit status."""
        self.statuses.append(Status(full_name, sha, context, state))
        return self.statuses[-1]

    def add_check_run(
        self, full_name: str, sha: str, name: str, *, status: str = "completed", conclusion: str | None = "success"
    ) -> CheckRun:
        """Report a check run."""
        self.check_runs.append(CheckRun(full_name, sha, name, status, conclusion))
        return self.check_runs[-1]
