"""How often and how long GitHub is asked: at most five requests and two minutes for one operation.

Source of the numbers: publishing.md §2 and §7 (tried). PyGithub's own defaults repeat POST, and GitHub has then done things
twice: here only GET and HEAD are ever repeated, and what a write did is found out by looking (`client.Client.settle`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from github.GithubRetry import GithubRetry

#: Requests for one operation, the repeated ones included.
REQUESTS = 5

#: Seconds that one request may take; GitHub itself gives up after 10.
TIMEOUT = 12.0

#: Seconds of sleep within one operation. Together with five time-outs that is two minutes.
WAIT = 60.0

_REPEATABLE = frozenset({"GET", "HEAD"})


class Patience:
    """What is left of the budget for the operation that is under way; `begin` starts a new one."""

    def __init__(self, sleep: Callable[[float], object]) -> None:
        self._sleep = sleep
        self.repeats = REQUESTS - 1
        self.left = WAIT

    def begin(self, planned: int, *, wait: float = WAIT) -> None:
        """Start an operation that needs `planned` requests when nothing goes wrong, and may sleep for `wait` seconds."""
        self.repeats = max(REQUESTS - planned, 0)
        self.left = wait

    def repeat(self) -> bool:
        """True when one more request may be repeated; counts it."""
        self.repeats -= 1
        return self.repeats >= 0

    def pause(self, seconds: float) -> bool:
        """Sleep, unless that is more than what is left; then return False at once."""
        if seconds > self.left:
            return False
        self.left -= seconds
        if seconds > 0:
            self._sleep(seconds)
        return True


def retry_policy(patience: Patience) -> GithubRetry:
    """PyGithub's retry policy, with the budget of `patience` and its clock, and never for a write."""
    from github.GithubException import GithubException
    from github.GithubRetry import GithubRetry
    from urllib3.exceptions import MaxRetryError

    def refuse(response: Any) -> GithubException:
        response.close()  # nobody else will, once this is raised
        return GithubException(response.status, {"message": response.reason}, dict(response.headers))

    class Policy(GithubRetry):
        """Raises what GitHub said in the end, where urllib3 would say "too many 503 error responses"."""

        def increment(
            self,
            method: str | None = None,
            url: str | None = None,
            response: Any = None,
            error: Exception | None = None,
            _pool: Any = None,
            _stacktrace: Any = None,
        ) -> Any:
            # urllib3 repeats writes too when TLS fails, even half-way through the answer.
            if error is not None and (method not in _REPEATABLE or not patience.repeat()):
                raise MaxRetryError(_pool, url or "", error)
            following = super().increment(method, url, response, error, _pool, _stacktrace)
            if error is None and not patience.repeat():
                raise refuse(response)
            return following

        def sleep(self, response: Any = None) -> None:
            asked = self.get_retry_after(response) if response is not None else None
            if not patience.pause(max(asked or 0.0, self.get_backoff_time())) and response is not None:
                raise refuse(response)

    return Policy(
        total=REQUESTS,  # one more than ever used: the budget decides
        backoff_factor=0.5,
        max_rate_limit_wait=WAIT,
        secondary_rate_wait=WAIT / 2,
        status_forcelist=[429, *range(500, 600)],
        allowed_methods=_REPEATABLE,
    )
