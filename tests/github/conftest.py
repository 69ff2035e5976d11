"""Fixtures of the stand-in's own tests; `hub` is in tests/conftest.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from github import Github

from tests.github.arranged import TOKEN, UPSTREAM, client
from tests.github.server import GitHubServer


@pytest.fixture
def site(hub: GitHubServer) -> GitHubServer:
    """A porter and the repository to port into."""
    hub.add_user("porter", token=TOKEN)
    hub.add_repository(UPSTREAM, collaborators={"gante": "push", "joao": "push"})
    return hub


@pytest.fixture
def api(site: GitHubServer) -> Iterator[Github]:
    with client(site) as github:
        yield github
