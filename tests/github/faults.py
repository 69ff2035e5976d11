"""Planned failures: what goes wrong, at which operation, how often.

`before`: nothing is applied. `after`: the request takes effect and then the answer is replaced or lost.
`during`: the request takes effect and the answer breaks off in the middle.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

_DOCS = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"

#: Never worn out.
ALWAYS = 1 << 30


@dataclass
class Fault:
    """One planned failure; `operation` is an operationId, `graphql`, a git service or `*`."""

    operation: str
    when: str = "before"
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    drop: bool = False
    delay: float = 0.0
    times: int = 1
    skip: int = 0

    def __post_init__(self) -> None:
        if self.when not in ("before", "after", "during"):
            raise ValueError(f"when={self.when!r}")
        if self.when == "during" and not self.drop:
            raise ValueError("an answer that breaks off is a dropped connection: drop=True")
        if not (self.status or self.drop or self.delay):
            raise ValueError("a fault needs a status, drop=True or a delay")

    def message(self) -> Any:
        """The body to answer with: GitHub's usual shape unless another one was given."""
        if self.body is not None:
            return self.body
        return {"message": f"Planned failure {self.status}", "documentation_url": _DOCS, "status": str(self.status)}


def take(faults: list[Fault], operation: str) -> Fault | None:
    """The first fault planned for an operation that is not worn out; call it with the server's lock held."""
    for fault in faults:
        if fault.times > 0 and fault.operation in (operation, "*"):
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
    return None


def primary_limit(seconds: int = 60) -> dict[str, Any]:
    """Arguments of `GitHubServer.fault`: the hourly limit is used up for another `seconds`."""
    reset = int(time.time()) + seconds
    return {
        "status": 403,
        "headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset), "X-RateLimit-Limit": "5000"},
        "body": {"message": "API rate limit exceeded for user ID 1.", "documentation_url": _DOCS, "status": "403"},
    }


def secondary_limit(retry_after: int | None = 1, *, status: int = 403) -> dict[str, Any]:
    """Arguments of `GitHubServer.fault`: too many requests at once; `retry_after` None leaves the header out."""
    text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return {
        "status": status,
        "headers": {} if retry_after is None else {"Retry-After": str(retry_after)},
        "body": {"message": text, "documentation_url": f"{_DOCS}#about-secondary-rate-limits", "status": str(status)},
    }
