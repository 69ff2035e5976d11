"""Requests to GitHub's API: read with patience, write once, and look what became of it.

PyGithub carries the requests (authentication, connections, rate limits, GraphQL). Its objects are not used: they fetch what they
lack on their own and follow addresses from answers, and here every request is counted and goes to a path that we wrote.
Source of the recipe: publishing.md §2 (tried: with eight kinds of fault, exactly one pull request each time).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from scaffold.core.hosting import Call, Host, Token
from scaffold.hosting import errors
from scaffold.hosting.address import check_address, check_interpreter
from scaffold.hosting.errors import Attempt, Refused
from scaffold.hosting.patience import TIMEOUT, Patience, retry_policy

if TYPE_CHECKING:
    from github.Requester import Requester

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: GitHub's own limit, and how many of such pages are read at most: 1,000 comments are enough.
PAGE = 100
_PAGES = 10

#: GitHub asks for a second between writes; after a failure its own servers may need as long to agree.
_BETWEEN_WRITES = 1.0

_API_VERSION = "2022-11-28"


class Client:
    """One account's way to one host. `calls` lists the writes; in a dry run none of them is sent."""

    def __init__(
        self,
        host: Host,
        token: Token | None,
        *,
        dry_run: bool,
        sleep: Callable[[float], object],
        timeout: float = TIMEOUT,
    ) -> None:
        check_interpreter()
        check_address(host)
        self.host = host
        self.token = token
        self.dry_run = dry_run
        self.calls: list[Call] = []
        self.patience = Patience(sleep)
        self._requester = _requester(host, token, self.patience, timeout)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._requester.close()

    def get(self, path: str, what: str, shape: Callable[[Any], T], **parameters: str | int) -> T | None:
        """What `shape` makes of the document at `path`, None on 404. Raises Refused."""
        try:
            return self.answer("GET", path, what, shape, parameters=parameters)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def pages(
        self, path: str, what: str, shape: Callable[[Any], T], *, key: str = "", **parameters: str | int
    ) -> Iterator[T]:
        """The entries of a list, page by page; of the list below `key` where the document holds more. Nothing on 404."""

        def entries(document: Any) -> list[T]:
            return [shape(entry) for entry in (document[key] if key else document)]

        for page in range(1, _PAGES + 1):
            # The link to the next page is ignored on purpose: it is an address from an answer.
            found = self.get(path, what, entries, per_page=PAGE, page=page, **parameters) or []
            yield from found
            if len(found) < PAGE:
                return

    def identity(self, what: str) -> tuple[str, tuple[str, ...] | None]:
        """The account's name, and a classic token's scopes (None: another kind of token). Raises Refused."""
        with _Explained(self._attempt(what, write=False)):
            headers, document = self._requester.requestJsonAndCheck("GET", "/user")
            header = headers.get("x-oauth-scopes")
            scopes = None if header is None else tuple(part.strip() for part in header.split(",") if part.strip())
            return str(document["login"]), scopes

    def write(self, method: str, path: str, body: dict[str, Any], what: str, shape: Callable[[Any], T]) -> T:
        """Send one write, once, and return what `shape` makes of the answer. Raises Refused. For `send` of `settle` alone."""
        self._pace()
        return self.answer(method, path, what, shape, body=body)

    def mutate(self, name: str, arguments: dict[str, Any], what: str) -> None:
        """Send one GraphQL mutation, once. Raises Refused, for errors in an answer with status 200 too. Like `write`."""
        self._pace()
        with _Explained(self._attempt(what, write=True)):
            self._requester.graphql_named_mutation(name, arguments, "clientMutationId")

    def _pace(self) -> None:
        if len(self.calls) > 1:
            self.patience.pause(_BETWEEN_WRITES)

    def settle(self, call: Call, *, look: Callable[[], T | None], send: Callable[[], T | None], planned: T) -> T:
        """Note the write and carry it out: send it once, and look again when it failed or its answer says too little.

        The caller has looked before. A failed write that took effect all the same is a success; one that did not is raised as
        it was. In a dry run nothing is sent and `planned` returned.
        """
        self.calls.append(call)
        if self.dry_run:
            return planned
        failure: Refused | None = None
        try:
            found = send()
        except Refused as refused:
            failure, found = refused, None
            if not refused.is_definite:
                self.patience.pause(_BETWEEN_WRITES)
        if found is None:
            found = self._look_again(look, failure)
        if found is None:
            raise failure or errors.not_understood(self._attempt(call.note, write=True), "it is not there afterwards")
        return found

    def _look_again(self, look: Callable[[], T | None], failure: Refused | None) -> T | None:
        try:
            return look()
        except Refused as refused:
            _log.info("looking again failed: %s", refused.message)
            if failure is None:
                raise
            return None

    def answer(
        self,
        method: str,
        path: str,
        what: str,
        shape: Callable[[Any], T],
        *,
        parameters: dict[str, str | int] | None = None,
        body: dict[str, Any] | None = None,
    ) -> T:
        """What `shape` makes of the answer to one request; `path` begins with a slash. Raises Refused."""
        if not path.startswith("/"):
            raise ValueError(f"not a path: {path}")
        with _Explained(self._attempt(what, write=method != "GET")):
            return shape(self._requester.requestJsonAndCheck(method, path, parameters, None, body)[1])

    def missing(self, what: str) -> Refused:
        """The error for something that has to be there and is not (HUB108)."""
        return errors.refused(404, None, None, self._attempt(what, write=False))

    def _attempt(self, what: str, *, write: bool) -> Attempt:
        return Attempt(what, write, self.host, self.token)


def _requester(host: Host, token: Token | None, patience: Patience, timeout: float) -> Requester:
    """PyGithub's connection to the host's API."""
    from github.Auth import Token as Credential
    from github.Requester import Requester

    _be_quiet()
    return Requester(
        auth=Credential(token.value) if token else None,
        base_url=host.api,
        timeout=timeout,  # type: ignore[arg-type]  # requests takes fractions of a second
        user_agent="scaffold-tf",
        per_page=PAGE,
        verify=True,
        retry=retry_policy(patience),
        pool_size=None,
        # An Enterprise server may be older than the version, and would refuse it.
        api_version=_API_VERSION if host.is_public else None,
    )


def _be_quiet() -> None:
    """Take away the handler that PyGithub gives its logger on import: it writes to standard error on its own."""
    logger = logging.getLogger("github")
    for handler in list(logger.handlers):
        if type(handler) is logging.StreamHandler:
            logger.removeHandler(handler)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


class _Explained:
    """Turns what PyGithub, requests and urllib3 raise into Refused."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    def __enter__(self) -> None:
        _log.debug("request to %s: %s", self._attempt.host.name, self._attempt.what)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import requests
        import urllib3
        from github import GithubException

        if isinstance(error, GithubException):
            raise errors.refused(error.status, error.data, error.headers, self._attempt) from None
        if isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError):
            raise errors.unreachable(error, self._attempt) from None
        if isinstance(error, RuntimeError):
            raise errors.redirected(self._attempt) from None
        if isinstance(error, ValueError | AttributeError | KeyError | TypeError):
            raise errors.not_understood(self._attempt, "it is not the JSON that was expected") from None
