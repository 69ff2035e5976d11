"""A stand-in for the Hugging Face Hub, as far as huggingface_hub's own client asks: who, files, LFS, commits, discussions."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

SHA = "a" * 40


@dataclass
class Pull:
    """A pull request: its files by path."""

    number: int
    repository: str
    author: str
    title: str
    body: str
    files: dict[str, bytes]


@dataclass
class Hub:
    """The state: repositories' files, accounts by token, pull requests, uploaded objects, and every request that came."""

    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    pulls: list[Pull] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    broken: bool = False


class Server:
    """The hub behind HTTP on a free port of this machine; `url` is what HF_ENDPOINT names."""

    def __init__(self) -> None:
        self.hub = Hub()
        outer = self.hub

        class Handler(_Handler):
            hub = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""

    def _answer(
        self, status: int, body: Any = None, headers: dict[str, str] | None = None, *, head: bool = False
    ) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if not head:
            self.wfile.write(data)

    def _account(self) -> str | None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        return self.hub.accounts.get(token)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _start(self) -> tuple[list[str], dict[str, list[str]]]:
        self.hub.seen.append(f"{self.command} {self.path}")
        parts = urlsplit(self.path)
        return [unquote(part) for part in parts.path.strip("/").split("/")], parse_qs(parts.query)

    def do_HEAD(self) -> None:
        self._file(head=True)

    def do_GET(self) -> None:
        path, _ = self._start()
        if self.hub.broken:
            self._answer(503)
        elif path[:2] == ["api", "whoami-v2"]:
            name = self._account()
            self._answer(
                200 if name else 401, {"name": name, "type": "user"} if name else {"error": "Invalid credentials"}
            )
        elif path[:2] == ["api", "models"] and path[-1] == "discussions":
            self._discussions("/".join(path[2:4]))
        elif path[:2] == ["api", "models"]:
            self._model("/".join(path[2:4]))
        else:
            self._file(head=False)

    def _model(self, name: str) -> None:
        files = self.hub.repositories.get(name)
        if files is None:
            self._answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            return
        siblings = [{"rfilename": file} for file in files]
        self._answer(200, {"id": name, "sha": SHA, "siblings": siblings, "tags": [], "private": False, "downloads": 0})

    def _discussions(self, name: str) -> None:
        found = [
            {
                "title": pull.title,
                "num": pull.number,
                "author": {"name": pull.author},
                "createdAt": "2026-01-01T00:00:00.000Z",
                "status": "open",
                "repo": {"name": name, "type": "model"},
                "isPullRequest": True,
            }
            for pull in self.hub.pulls
            if pull.repository == name
        ]
        self._answer(200, {"discussions": found, "count": len(found), "start": 0})

    def _file(self, *, head: bool) -> None:
        path, _ = self._start() if head else (unquote(urlsplit(self.path).path).strip("/").split("/"), {})
        name, file = "/".join(path[:2]), "/".join(path[4:])
        data = self.hub.repositories.get(name, {}).get(file)
        if data is None or path[2:3] != ["resolve"]:
            self._answer(404, {"error": "not found"}, {"X-Error-Code": "EntryNotFound"}, head=head)
            return
        etag = hashlib.sha1(data).hexdigest()
        self._answer(200, data, {"ETag": f'"{etag}"', "X-Repo-Commit": SHA}, head=head)

    def do_PUT(self) -> None:
        path, _ = self._start()
        data = self._body()
        assert hashlib.sha256(data).hexdigest() == path[-1]
        self.hub.objects[path[-1]] = data
        self._answer(200)

    def do_POST(self) -> None:
        path, query = self._start()
        body = self._body()
        account = self._account()
        if account is None:
            self._answer(401, {"error": "Invalid credentials"})
        elif path[-1] == "batch":
            self._batch(json.loads(body))
        elif "preupload" in path:
            wanted = json.loads(body)["files"]
            modes = [{"path": f["path"], "uploadMode": "lfs", "shouldIgnore": False, "oid": None} for f in wanted]
            self._answer(200, {"files": modes})
        elif "commit" in path:
            self._commit("/".join(path[2:4]), account, body, query)
        else:
            self._answer(404)

    def _batch(self, body: Any) -> None:
        host = f"http://{self.headers['Host']}"
        rows = [
            {"oid": row["oid"], "size": row["size"], "actions": {"upload": {"href": f"{host}/lfs/{row['oid']}"}}}
            for row in body["objects"]
        ]
        self._answer(200, {"transfer": "basic", "objects": rows})

    def _commit(self, name: str, account: str, body: bytes, query: dict[str, list[str]]) -> None:
        assert query.get("create_pr") == ["1"], "weights are proposed, never pushed"
        rows = [json.loads(line) for line in body.splitlines()]
        header = next(row["value"] for row in rows if row["key"] == "header")
        files = {row["value"]["path"]: self.hub.objects[row["value"]["oid"]] for row in rows if row["key"] == "lfsFile"}
        small = [row["value"] for row in rows if row["key"] == "file"]
        files.update({row["path"]: base64.b64decode(row["content"]) for row in small})
        number = len(self.hub.pulls) + 1
        self.hub.pulls.append(Pull(number, name, account, header["summary"], header["description"], files))
        host = f"http://{self.headers['Host']}/{name}"
        url = f"{host}/discussions/{number}"
        self._answer(
            200, {"success": True, "commitOid": SHA, "commitUrl": f"{host}/commit/{SHA}", "pullRequestUrl": url}
        )
