"""The lock lives as long as a process that holds it, its children included."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.publish.lock import exclusively, held


def test_two_at_once(tmp_path: Path) -> None:
    waits: list[float] = []
    again = exclusively(tmp_path / "lock", wait=1.0, sleep=waits.append)
    with exclusively(tmp_path / "lock"), pytest.raises(ScaffoldError) as caught, again:
        raise AssertionError
    assert (caught.value.code, caught.value.exit_code) == ("GIT124", ExitCode.CONFLICT)
    assert waits
    assert held() == ()
    with exclusively(tmp_path / "lock", wait=0):
        assert len(held()) == 1


def test_a_child_that_outlives_its_parent_still_holds_it(tmp_path: Path) -> None:
    with exclusively(tmp_path / "lock"):
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=held()
        )
    try:
        with pytest.raises(ScaffoldError), exclusively(tmp_path / "lock", wait=0):
            raise AssertionError
    finally:
        child.communicate(b"\n")
    with exclusively(tmp_path / "lock", wait=0):
        pass
