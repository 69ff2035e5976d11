"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.github.server import GitHubServer


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHubServer]:
    """An empty stand-in for GitHub; the test fails when an exchange broke GitHub's own description of its API."""
    from tests.github.server import GitHubServer

    with GitHubServer(tmp_path / "hub") as server:
        yield server
