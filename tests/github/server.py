"""A stateful stand-in for GitHub on 127.0.0.1: REST, two GraphQL mutations, clone and push.

    with GitHubServer(tmp_path / "hub") as hub:
        hub.add_user("porter", token="ghp_" + "x" * 36)
        hub.add_repository("huggingface/transformers", source=clone)
        hub.fault("pulls/create", when="after", status=502)
        …

Every exchange below the API's root is judged by GitHub's own description of it (`contract.py`); the `with` ends with an
AssertionError when one broke it. By hand: `python -m tests.github.server --root DIR --port N`.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.github import contract
from tests.github.connection import Connection
from tests.github.faults import Fault
from tests.github.hub import Hub


class _Listener(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for them: nothing may be left behind in a test
    hub: GitHubServer

    def __init__(self, hub: GitHubServer, port: int) -> None:
        self.hub = hub
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away between requests is the client's right; `Connection` reports what else goes wrong."""


class GitHubServer(Hub):
    """The server; a context manager. `validate=False` saves the 3 to 40 ms an exchange costs to be judged."""

    def __init__(self, root: Path, *, validate: bool = True, port: int = 0) -> None:
        root.mkdir(parents=True, exist_ok=True)
        super().__init__(root)
        self.validate = validate
        self.failures: list[str] = []
        self.stopping = threading.Event()
        self._port = port
        self._unjudged: list[tuple[contract.Sent, int, bytes, str, bool]] = []
        self._violations: list[str] = []

    def start(self) -> GitHubServer:
        """Listen; the addresses are known from now on."""
        self._listener = _Listener(self, self._port)
        self.web = f"http://127.0.0.1:{self._listener.server_address[1]}"
        self._thread = threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def stop(self) -> None:
        """Cut what is still connected, wait for everything to end; a second time does nothing."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        self._listener.shutdown()
        for connection in list(self._listener.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._listener.server_close()
        self._thread.join()

    def __enter__(self) -> GitHubServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if kind is None:
            self.check()

    def check(self) -> None:
        """Raise AssertionError when an exchange broke the contract or a handler failed."""
        told = [*self.failures, *self.violations]
        assert not told, "the stand-in for GitHub:\n" + "\n".join(told)

    @property
    def violations(self) -> list[str]:
        """What broke GitHub's description so far; judged when asked for, so that clients don't wait for it."""
        with self.lock:
            pending, self._unjudged = self._unjudged, []
        for sent, status, answer, content_type, planned in pending:
            self._violations += contract.problems(sent, status, answer, content_type, planned=planned)
        return self._violations

    def record(self, sent: contract.Sent, status: int, answer: bytes, content_type: str, *, planned: bool) -> None:
        """Keep an exchange for judging."""
        if self.validate:
            with self.lock:
                self._unjudged.append((sent, status, answer, content_type, planned))

    def fault(
        self,
        operation: str,
        *,
        when: str = "before",
        status: int = 0,
        headers: dict[str, str] | None = None,
        body: Any = None,
        drop: bool = False,
        delay: float = 0.0,
        times: int = 1,
        skip: int = 0,
    ) -> Fault:
        """Plan a failure (`faults.py`); several at one operation happen one after the other."""
        fault = Fault(operation, when, status, headers or {}, body, drop, delay, times, skip)
        known = {found.name for found in contract.operations()}
        assert operation in known or operation.startswith(("git-", "*")), f"no such operation: {operation}"
        with self.lock:
            self.faults.append(fault)
        return fault

    def requests(self, operation: str) -> int:
        """How many requests of an operation arrived."""
        return sum(exchange.operation == operation for exchange in self.exchanges)


def main() -> None:
    """Run by hand until interrupted; the first line of the output is a JSON object with the addresses."""
    import argparse

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--root", type=Path, required=True, help="where the repositories are put")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", action="append", default=[], metavar="LOGIN:TOKEN[:SCOPE,SCOPE]")
    parser.add_argument("--repository", action="append", default=[], metavar="OWNER/NAME[=PATH[@BRANCH]]")
    options = parser.parse_args()
    with GitHubServer(options.root, port=options.port) as hub:
        for user in options.user:
            login, token, *scopes = user.split(":")
            hub.add_user(login, token=token, scopes=tuple(scopes[0].split(",")) if scopes else ("repo", "workflow"))
        for repository in options.repository:
            name, _, source = repository.partition("=")
            path, _, branch = source.partition("@")
            hub.add_repository(name, source=Path(path) if path else None, default_branch=branch or "main")
        # A shell starts what runs in the background with this signal ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print(json.dumps({"web": hub.web, "api": hub.api}), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
