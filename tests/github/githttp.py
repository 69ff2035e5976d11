"""Clone and push: `git http-backend` behind GitHub's rules of who may, and what a token without `workflow` may not."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.github import bare
from tests.github.hub import Hub
from tests.github.state import Access, Repository

_PATH = re.compile(
    r"/(?P<owner>[^/]+)/(?P<name>[^/]+?)(?:\.git)?/(?P<service>info/refs|git-upload-pack|git-receive-pack)"
)
_HOOK = Path(__file__).parent / "workflow_hook.py"


@dataclass(frozen=True)
class Asked:
    """A request of git's smart protocol; `name` is the full name of a repository, perhaps an old one."""

    name: str
    path: str
    service: str
    advertisement: bool
    query: str

    @property
    def operation(self) -> str:
        """What faults and exchanges call it; the first question of each command has `/refs` at its end."""
        return f"{self.service}/refs" if self.advertisement else self.service


def parse(path: str, query: str) -> Asked | None:
    """What a request to a repository's address asks for; None when it isn't git that asks."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    advertisement = match["service"] == "info/refs"
    service = query.removeprefix("service=") if advertisement else match["service"]
    if service not in ("git-upload-pack", "git-receive-pack"):
        return None
    return Asked(f"{match['owner']}/{match['name']}", match["service"], service, advertisement, query)


@dataclass
class Reply:
    """Status, headers, body."""

    status: int
    headers: dict[str, str]
    body: bytes


def _say(status: int, text: str, **headers: str) -> Reply:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"Content-Type": "text/plain"} | given, f"{text}\n".encode())


def refusal(hub: Hub, asked: Asked, access: Access | None, *, bad_credentials: bool) -> Reply | Repository:
    """The repository, or why not. Strangers are asked for a password before they learn that something isn't there."""
    ask = {"WWW_Authenticate": 'Basic realm="GitHub"'}
    if bad_credentials:
        return _say(
            401, "Invalid username or token. Password authentication is not supported for Git operations.", **ask
        )
    repo, login = hub.find(asked.name), access.login if access else None
    if repo is None and asked.name in hub.moved:
        tail = f"?{asked.query}" if asked.query else ""
        return _say(301, "Moved", Location=f"{hub.web}/{hub.moved[asked.name]}.git/{asked.path}{tail}")
    if repo is None or not hub.allows(login, repo, "pull"):
        return _say(404, "Repository not found.") if access else _say(401, "Repository not found.", **ask)
    if not repo.is_ready():
        return _say(404, "Repository not found.")
    if asked.service == "git-receive-pack":
        return _may_push(hub, repo, access) or repo
    return repo


def _may_push(hub: Hub, repo: Repository, access: Access | None) -> Reply | None:
    if access is None:
        return _say(401, "Authentication required.", WWW_Authenticate='Basic realm="GitHub"')
    if not access.reaches(repo) or not hub.allows(access.login, repo, "push"):
        return _say(403, f"Permission to {repo.full_name}.git denied to {access.login}.")
    if repo.archived:
        return _say(403, "This repository was archived so it is read-only.")
    return None


def serve(
    repo: Repository, asked: Asked, method: str, headers: dict[str, str], body: bytes, access: Access | None
) -> Reply:
    """Let `git http-backend` answer (a CGI program); takes as long as the transfer, so without the lock."""
    env = bare.environment() | {
        "GIT_PROJECT_ROOT": str(repo.bare.path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repo.bare.path.name}/{asked.path}",
        "REQUEST_METHOD": method,
        "QUERY_STRING": asked.query,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "REMOTE_USER": access.login if access else "",
        "REMOTE_ADDR": "127.0.0.1",
    }
    if asked.service == "git-receive-pack" and access and access.scopes is not None and "workflow" not in access.scopes:
        env |= _guard(repo)
    done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=env, check=False)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    given = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    if not given:
        return _say(500, done.stderr.decode("utf-8", "replace") or "git http-backend said nothing")
    return Reply(int(given.pop("Status", "200").split()[0]), given, content)


def _guard(repo: Repository) -> dict[str, str]:
    """Have every ref of a push judged by `workflow_hook.py`, which can give the refusal in GitHub's words."""
    hooks = repo.bare.path / "guard"
    hooks.mkdir(exist_ok=True)
    hook = hooks / "proc-receive"
    if not hook.exists():
        command = shlex.join([sys.executable, "-IS", str(_HOOK)])
        hook.write_text(f"#!/bin/sh\nexec {command}\n", encoding="utf-8")
        hook.chmod(0o755)
    settings = {"receive.procReceiveRefs": "refs/heads", "core.hooksPath": str(hooks)}
    env = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env
