"""GitHub as the commands see it: one object for one account on one host.

Each method is one operation with its own budget of requests and waiting (`patience.py`). Writes look first, send once and look
again, so every method may be called any number of times. Failures are ScaffoldError: exit status 4 for credentials and
permissions, 5 for conflicts, 6 for what another try may get past (network, rate limits, GitHub's own failures), 1 for the rest.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence

from scaffold.core.hosting import Call, Check, Host, PullRequest, Repository, Review, Token
from scaffold.hosting import errors, forks, pulls, reviews, status
from scaffold.hosting.client import Client
from scaffold.hosting.patience import TIMEOUT


class GitHub:
    """The API of `host` with the user's token (None: only what is public can be read).

    In a dry run no write is sent; `calls` then lists what would have been, and what a write would have made is returned as if
    it were there (a pull request with number 0). `sleep` and `timeout` (seconds for one request) are for tests.
    """

    def __init__(
        self,
        host: Host,
        token: Token | None,
        *,
        dry_run: bool = False,
        sleep: Callable[[float], object] = time.sleep,
        timeout: float = TIMEOUT,
    ) -> None:
        self.host = host
        self.dry_run = dry_run
        self.token = token
        self._client = Client(host, token, dry_run=dry_run, sleep=sleep, timeout=timeout)
        self._account: tuple[str, tuple[str, ...] | None] | None = None

    @property
    def calls(self) -> list[Call]:
        """Every write made, or in a dry run planned, in order."""
        return self._client.calls

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def login(self) -> str:
        """The token's account. Asked once. HUB103 (exit status 4) without a token that GitHub knows."""
        return self._identity()[0]

    def scopes(self) -> tuple[str, ...] | None:
        """The scopes of a classic token; None for a fine-grained one, which does not tell."""
        return self._identity()[1]

    def _identity(self) -> tuple[str, tuple[str, ...] | None]:
        if self._account is None:
            what = "tell whose token it is"
            if self.token is None:
                raise errors.unauthenticated(errors.Attempt(what, False, self.host, None))
            self._client.patience.begin(1)
            self._account = self._client.identity(what)
        return self._account

    def repository(self, full_name: str) -> Repository | None:
        """The repository, None when there is none or the token may not see it."""
        self._client.patience.begin(1)
        return forks.repository(self._client, full_name)

    def ensure_fork(self, upstream: str, *, organization: str | None = None) -> Repository:
        """The user's (or the organisation's) fork, made when there is none; git may need minutes until it answers for it.

        HUB110 (exit status 5) for a fork of something else, or one that cannot be pushed to.
        """
        owner = organization or self.login()
        self._client.patience.begin(4)
        return forks.ensure_fork(self._client, upstream, owner, organization=organization is not None)

    def sync_fork(self, fork: str, branch: str) -> str:
        """Bring the fork's branch up to its parent's: "fast-forwarded", "up-to-date", "merged", "conflict" or "missing"."""
        self._client.patience.begin(5)
        return forks.sync_fork(self._client, fork, branch)

    def branch_exists(self, repository: str, branch: str) -> str | None:
        """The branch's commit, None when there is no such branch."""
        self._client.patience.begin(1)
        return forks.branch_exists(self._client, repository, branch)

    def ongoing(self, upstream: str, names: Sequence[str]) -> tuple[PullRequest, ...]:
        """Open pull requests with one of the names and TensorFlow in their title, without branches. Never raises; advisory."""

        def begin() -> None:
            self._client.patience.begin(3, wait=5.0)

        return pulls.ongoing(self._client, upstream, names, begin=begin)

    def mentions(self, upstream: str, words: Sequence[str]) -> int | None:
        """Number of open issues and pull requests with all the words; None where the search failed. Never raises."""
        self._client.patience.begin(3, wait=60.0)
        return pulls.mentions(self._client, upstream, words)

    def pull(self, repository: str, number: int) -> PullRequest | None:
        """The pull request as it is now, open or closed."""
        self._client.patience.begin(1)
        return pulls.pull(self._client, repository, number)

    def find_pull(self, repository: str, head: str, *, base: str | None = None) -> PullRequest | None:
        """The open pull request from `head` (`owner:branch`)."""
        self._client.patience.begin(1)
        return pulls.find_pull(self._client, repository, head, base=base)

    def ensure_pull(
        self,
        repository: str,
        *,
        head: str,
        base: str,
        title: str,
        body: str,
        draft: bool = True,
        maintainer_can_modify: bool = True,
        head_repository: str | None = None,
    ) -> tuple[PullRequest, str]:
        """The open pull request from `head` with this title and body, and "created", "updated" or "unchanged"."""
        self._client.patience.begin(3)
        return pulls.ensure_pull(
            self._client,
            repository,
            head=head,
            base=base,
            title=title,
            body=body,
            draft=draft,
            maintainer_can_modify=maintainer_can_modify,
            head_repository=head_repository,
        )

    def request_reviewers(self, pull: PullRequest, logins: Sequence[str]) -> tuple[str, ...]:
        """Ask each for a review, except the author and who was asked before; returns those that could not be asked."""
        known = pull if pull.author else dataclasses.replace(pull, author=self.login())
        self._client.patience.begin(3)
        return reviews.request_reviewers(self._client, known, logins, begin=lambda: self._client.patience.begin(3))

    def ensure_comment(self, pull: PullRequest, marker: str, text: str) -> bool:
        """Comment, unless a comment with the hidden marker is there; True when written."""
        self._client.patience.begin(3)
        return reviews.ensure_comment(self._client, pull, marker, text)

    def mark_ready(self, pull: PullRequest) -> None:
        """Turn a draft into a pull request that is ready for review."""
        self._client.patience.begin(3)
        pulls.mark_ready(self._client, pull)

    def reviews(self, pull: PullRequest) -> tuple[Review, ...]:
        """Each reviewer's latest verdict; `current` compares with `pull.head_sha`, so pass the pull request as it is now."""
        self._client.patience.begin(1)
        return reviews.reviews(self._client, pull)

    def checks(self, repository: str, sha: str) -> tuple[Check, ...]:
        """Check runs and commit statuses of the commit."""
        self._client.patience.begin(1)
        return status.checks(self._client, repository, sha)
