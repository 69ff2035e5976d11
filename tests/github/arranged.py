"""What most tests of and with the stand-in begin with: a porter, an upstream, a fork with a branch, and the clients."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from github import Auth, Github

from tests.github import bare
from tests.github.server import GitHubServer
from tests.github.state import Pull

UPSTREAM = "huggingface/transformers"
FORK = "porter/transformers"
TOKEN = "ghp_" + "p" * 36
OTHER = "ghp_" + "o" * 36


@contextmanager
def client(hub: GitHubServer, token: str | None = TOKEN) -> Iterator[Github]:
    auth = Auth.Token(token) if token else None
    github = Github(
        base_url=hub.api, auth=auth, retry=None, seconds_between_requests=0, seconds_between_writes=0, timeout=5
    )
    try:
        yield github
    finally:
        github.close()


def git(*arguments: str, cwd: Path, token: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Git as a user has it; the token by a helper that reads the environment."""
    helper = '!f() { test "$1" = get && printf "username=x\\npassword=%s\\n" "$TOKEN"; }; f'
    env = bare.environment() | {"TOKEN": token or ""}
    options = ["-c", f"credential.helper={helper if token else ''}"]
    command = ["git", *options, *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=check)


def work(hub: GitHubServer, branch: str = "add_tf_quokka", files: dict[str, str | None] | None = None) -> str:
    """A fork with a commit on a branch, as if pushed; returns the commit."""
    if FORK not in hub.repositories:
        hub.fork(hub.repositories[UPSTREAM], "porter", "transformers")
    fork = hub.repositories[FORK].bare
    fork.git("branch", "-f", branch, "main")
    return fork.commit(branch, files or {"src/modeling_tf_quokka.py": "import tensorflow\n"}, "Add TF Quokka")


def opened(hub: GitHubServer, **details: Any) -> Pull:
    work(hub)
    return hub.add_pull(UPSTREAM, head="porter:add_tf_quokka", **details)
