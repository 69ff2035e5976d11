"""One HTTP connection: reads requests, finds out who asks, applies planned failures, writes answers."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import traceback
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.github import contract, githttp, graphql, rest, rest_pulls, rest_repositories
from tests.github.faults import Fault, take
from tests.github.githttp import Reply
from tests.github.state import Access, Exchange, Repository

if TYPE_CHECKING:
    from tests.github.server import GitHubServer

#: Imported for the handlers that they register.
_ = (graphql, rest_pulls, rest_repositories)


class _Cut(Exception):
    """Hang up without a word."""


class Connection(BaseHTTPRequestHandler):
    """Serves one client; many at a time."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def hub(self) -> GitHubServer:
        return self.server.hub  # type: ignore[attr-defined,no-any-return]

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: `hub.exchanges` is the log."""

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_GET

    def _handle(self) -> None:
        try:
            body = self._body()
            url = urlsplit(self.path)  # a proxy's client writes the whole address
            asked = githttp.parse(unquote(url.path), url.query)
            reply = self._git(asked, body) if asked else self._rest(url, body)
            self._write(reply)
        except (_Cut, ConnectionError):
            self._hang_up()
        except Exception:
            self.hub.failures.append(traceback.format_exc())  # a fault of the stand-in: the test must fail
            self._write(Reply(500, {}, b""))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            return body if len(body) == length else self._gone()
        parts = []
        while size := int((self.rfile.readline() or self._gone()).split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _gone(self) -> bytes:
        """The client went away (was killed) while it sent this: no request."""
        raise _Cut

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def _identity(self) -> tuple[Access | None, bool]:
        """Whose token came along, and whether one came that is nobody's."""
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            name, _, password = base64.b64decode(value).decode().partition(":")
            value = password or name
        access = self.hub.tokens.get(value.strip())
        return access, bool(kind) and access is None

    def _planned(self, operation: str, exchange: Exchange) -> Fault | None:
        with self.hub.lock:
            fault = take(self.hub.faults, operation)
            self.hub.exchanges.append(exchange)
        if fault:
            exchange.fault = True
            if fault.when == "before":
                self._suffer(fault)
        return fault

    def _suffer(self, fault: Fault) -> None:
        stopped = bool(fault.delay) and self.hub.stopping.wait(fault.delay)
        if fault.drop or stopped:
            raise _Cut

    def _spoil(self, fault: Fault | None, reply: Reply) -> Reply:
        """What becomes of an answer whose request took effect."""
        if fault is None or fault.when == "before":
            return reply
        if fault.when == "during":
            self.send_response(reply.status)
            for name, value in (*reply.headers.items(), ("Content-Length", str(len(reply.body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) // 2])
            raise _Cut
        self._suffer(fault)
        return _failure(fault) if fault.status else reply

    # git

    def _git(self, asked: githttp.Asked, body: bytes) -> Reply:
        access, bad = self._identity()
        exchange = Exchange(self.command, urlsplit(self.path).path, asked.operation, access.login if access else None)
        # Before a big push git sends an empty one, to learn whether it may: not the one that a planned failure is for.
        probe = not asked.advertisement and body == b"0000"
        fault = self._planned("probe" if probe else asked.operation, exchange)
        if fault and fault.when == "before" and fault.status:
            reply = _failure(fault)
        else:
            reply = self._spoil(fault, self._backend(asked, body, access, bad))
        # A connection for each request: libcurl silently repeats a request when one that it used before is cut.
        reply.headers["Connection"] = "close"
        exchange.status = reply.status
        return reply

    def _backend(self, asked: githttp.Asked, body: bytes, access: Access | None, bad: bool) -> Reply:
        with self.hub.lock:
            found = githttp.refusal(self.hub, asked, access, bad_credentials=bad)
        if isinstance(found, Reply):
            return found
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = githttp.serve(found, asked, self.command, headers, body, access)
        if asked.service == "git-receive-pack" and not asked.advertisement:
            self._pushed(found)
        return reply

    def _pushed(self, repo: Repository) -> None:
        with self.hub.lock:
            for pull in self.hub.pulls:
                if pull.head_repository == repo.full_name:
                    self.hub.refresh(pull)

    # REST

    def _rest(self, url: Any, body: bytes) -> Reply:
        path, query = _below_root(url.path), dict(parse_qsl(url.query, keep_blank_values=True))
        found = contract.find(self.command, path)
        operation, params = (found[0].name, found[1]) if found else ("unknown", {})
        access, bad = self._identity()
        exchange = Exchange(self.command, path, operation, access.login if access else None, query, _parsed(body))
        sent = contract.Sent(self.command, path, query, body)
        try:
            fault = self._planned(operation, exchange)
            if fault and fault.when == "before" and fault.status:
                reply = _failure(fault)
            else:
                host = f"{url.scheme}://{url.netloc}" if url.netloc else f"http://{self.headers['Host']}"
                call = rest.Call(self.hub, operation, params, query, None, access, f"{host}{url.path}")
                reply = self._spoil(fault, _json(self._answer(call, body, bad)))
        except _Cut:
            self.hub.record(sent, 0, b"", "", planned=True)
            raise
        exchange.status, exchange.answer = reply.status, _parsed(reply.body)
        planned = bool(fault and fault.status)
        self.hub.record(sent, reply.status, reply.body, reply.headers.get("Content-Type", ""), planned=planned)
        return reply

    def _answer(self, call: rest.Call, body: bytes, bad: bool) -> rest.Answer:
        try:
            if bad:
                raise rest.Refused(401, "Bad credentials")
            if call.operation == "unknown":
                raise rest.Refused(404, "Not Found")
            call.body = rest.decode(body)
            with self.hub.lock:
                return rest.answer(call)
        except rest.Refused as refused:
            return refused.answer


def _below_root(path: str) -> str:
    """The part of an address that the description knows: without `/api/v3`, GraphQL's without `/api`."""
    for root in ("/api/v3", "/api"):
        if path.startswith(f"{root}/"):
            return path.removeprefix(root)
    return path


def _json(answer: rest.Answer) -> Reply:
    if answer.body is None:
        return Reply(answer.status, answer.headers, b"")
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(answer.status, kind | answer.headers, json.dumps(answer.body).encode())


def _failure(fault: Fault) -> Reply:
    content = fault.message()
    if isinstance(content, str):
        return Reply(fault.status, {"Content-Type": "text/html"} | fault.headers, content.encode())
    return Reply(
        fault.status, {"Content-Type": "application/json; charset=utf-8"} | fault.headers, json.dumps(content).encode()
    )


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None
