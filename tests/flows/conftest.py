"""The stage as a fixture, with the pipeline's verification replaced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.stage import Stage, make_template
from tests.github.server import GitHubServer


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHubServer]:
    with GitHubServer(tmp_path / "hub") as server:
        yield server


@pytest.fixture
def stage(tmp_path: Path, template: Path, hub: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage(tmp_path, template, hub)
    monkeypatch.setattr("scaffold.pipeline.verify_existing", made.verify_existing)
    return made
