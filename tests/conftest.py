"""Fixtures for all tests."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.github.server import GitHubServer


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHubServer]:
    """An empty stand-in for GitHub; the test fails when an exchange broke GitHub's own description of its API."""
    from tests.github.server import GitHubServer

    with GitHubServer(tmp_path / "hub") as server:
        yield server


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    """Headless Chromium."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None or importlib.util.find_spec("selenium") is None:
        pytest.skip("Chromium, its driver and selenium are needed: apt-get install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    flags = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-sync"
    for flag in (
        *flags.split(),
        "disable-component-update",
        "disable-dev-shm-usage",
        f"user-data-dir={tmp_path / 'user'}",
    ):
        options.add_argument(f"--{flag}")
    try:
        opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    except Exception as error:  # a browser that this machine cannot start says nothing about the page
        pytest.skip(f"Chromium does not start here: {str(error).splitlines()[0]}")
    try:
        yield opened
    finally:
        opened.quit()


@pytest.fixture
def sdist(tmp_path: Path) -> Path:
    """A clone of a real release's sdist; skips where it cannot be downloaded."""
    from scaffold.core.errors import ExitCode, ScaffoldError
    from scaffold.publish.upstream import fetch

    try:
        return fetch("pypi:transformers==4.47.1", tmp_path)
    except ScaffoldError as error:
        if error.exit_code is ExitCode.NETWORK:
            pytest.skip(f"the release cannot be downloaded here: {error.message}")
        raise
