"""One REST request: who asks, may they, which handler, which headers.

The handlers are in `rest_repositories.py` and `rest_pulls.py`; each takes a `Call` and returns an `Answer` or raises `Refused`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.github.bodies import Bodies
from tests.github.contract import unacceptable
from tests.github.hub import Hub
from tests.github.state import Access, Repository

DOCS = "https://docs.github.com/rest"


@dataclass
class Answer:
    """What goes back; `body` None means no body at all."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """An error answer in GitHub's usual shape."""

    def __init__(self, status: int, message: str, *, errors: list[Any] | None = None, **headers: str) -> None:
        super().__init__(message)
        body: dict[str, Any] = {"message": message, "documentation_url": DOCS, "status": str(status)}
        if errors is not None:
            body["errors"] = errors
        self.answer = Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def invalid(*errors: dict[str, str]) -> Refused:
    """422 as GitHub words it, with the reasons in `errors`."""
    return Refused(422, "Validation Failed", errors=list(errors))


@dataclass
class Call:
    """A request below the API's root, with its parameters decoded; `address` is how the client wrote it, without the query."""

    hub: Hub
    operation: str
    params: dict[str, str]
    query: dict[str, str]
    body: Any
    access: Access | None
    address: str

    @property
    def login(self) -> str | None:
        """Who asks."""
        return self.access.login if self.access else None

    @property
    def bodies(self) -> Bodies:
        """The answers as this user sees them."""
        return Bodies(self.hub, self.login)

    def repository(self, role: str = "pull") -> Repository:
        """The repository of the path; 404 when it is none of the user's business, 403 when the role is too low."""
        name = f"{self.params['owner']}/{self.params['repo']}"
        repo = self.hub.find(name)
        if repo is None and name in self.hub.moved:
            tail = self.address.partition(f"/repos/{name}")[2]
            new = f"{self.hub.api}/repos/{self.hub.moved[name]}{tail}"
            raise Refused(301, "Moved Permanently", Location=new)
        if repo is None or not self.hub.allows(self.login, repo, "pull"):
            raise Refused(404, "Not Found")
        if repo.private and not self.reaches(repo):
            raise Refused(404, "Not Found")
        if role != "pull" and not self.hub.allows(self.login, repo, role):
            raise Refused(403, f"Must have {role} rights to {repo.full_name}.")
        return repo

    def writer(self) -> str:
        """The login of somebody who may write at all; 401 for strangers."""
        if self.access is None:
            raise Refused(401, "Requires authentication")
        return self.access.login

    def reaches(self, repo: Repository) -> bool:
        """Whether the token, as opposed to its user, is good for this repository."""
        return self.access is not None and self.access.reaches(repo)

    def write(self, role: str = "pull") -> tuple[str, Repository]:
        """Who writes into which repository; refused without a token, the scope or the role."""
        login = self.writer()
        repo = self.repository()
        if not self.reaches(repo):
            kind = "personal access token" if self.access and self.access.scopes is None else "this token's scopes"
            raise Refused(403, f"Resource not accessible by {kind}", X_Accepted_OAuth_Scopes="repo")
        return login, self.repository(role)

    def page(self, items: list[Any]) -> tuple[list[Any], dict[str, str]]:
        """The part of a list that was asked for, and the Link header to its neighbours."""
        size, number = min(int(self.query.get("per_page", 30)), 100), int(self.query.get("page", 1))
        last = max(1, -(-len(items) // size))
        near = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        if number >= last:
            del near["next"], near["last"]
        if number <= 1:
            del near["prev"], near["first"]
        links = [f'<{self.address}?{urlencode(self.query | {"page": str(n)})}>; rel="{rel}"' for rel, n in near.items()]
        return items[(number - 1) * size : number * size], {"Link": ", ".join(links)} if links else {}


Handler = Callable[[Call], Answer]
HANDLERS: dict[str, Handler] = {}


def handles(operation: str) -> Callable[[Handler], Handler]:
    """Register the handler of an operation."""

    def register(function: Handler) -> Handler:
        HANDLERS[operation] = function
        return function

    return register


def resource(operation: str) -> str:
    """Which hourly budget an operation is taken from."""
    return "search" if operation.startswith("search/") else "graphql" if operation == "graphql" else "core"


def answer(call: Call) -> Answer:
    """Handle a request; the caller holds the lock."""
    budget = resource(call.operation)
    try:
        if call.operation != "rate-limit/get":
            if call.hub.limits[budget] <= 0:
                raise Refused(403, f"API rate limit exceeded for user {call.login}.")
            call.hub.limits[budget] -= 1
        wrong = unacceptable(call.operation, call.body)
        if wrong:
            raise Refused(422, f"Invalid request. {wrong}")
        given = HANDLERS[call.operation](call)
    except Refused as refused:
        given = refused.answer
    return Answer(given.status, given.body, headers(call, budget) | given.headers)


def headers(call: Call, budget: str) -> dict[str, str]:
    """The headers that every answer has."""
    limit = 30 if budget == "search" else 5000
    remaining = call.hub.limits[budget]
    given = {
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Used": str(max(0, limit - remaining)),
        "X-RateLimit-Reset": str(int(time.time()) + 3600),
        "X-RateLimit-Resource": budget,
    }
    if call.access and call.access.scopes is not None:
        given |= {"X-OAuth-Scopes": ", ".join(call.access.scopes), "X-Accepted-OAuth-Scopes": ""}
    return given


def decode(body: bytes) -> Any:
    """The JSON of a request; 400 when it is none."""
    try:
        return json.loads(body) if body.strip() else None
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None
