"""Each part of the long trials with a few rounds, and the watchman that they rely on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Part → rounds that take about a second.
SMALL = {"names": 250}


@pytest.mark.parametrize("part", SMALL)
def test_a_part_with_small_counts(part: str) -> None:
    command = [sys.executable, "-m", "tests.torture", part, "--count", str(SMALL[part]), "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| held |" in done.stdout
    assert "BROKEN" not in done.stdout


WATCHED = """
import os, subprocess, sys
from pathlib import Path
from tests.torture.guard import Guard
inside, outside = map(Path, sys.argv[1:3])
guard = Guard([inside], programs=frozenset({"git"}), foreign="modeling_")
with guard.watching():
    (inside / "fine").write_text("x")
    subprocess.run(["git", "--version"], capture_output=True)
    assert not guard.breaches, guard.breaches
    (outside / "made").write_text("x")
    os.rename(outside / "made", outside / "moved")
    (outside / "moved").read_text()
    os.listdir(outside)
    exec(compile("1", "modeling_x.py", "exec"))
    os.system("true")
(outside / "after").write_text("x")
print(*guard.breaches, sep="\\n")
"""


def test_the_watchman_sees_what_it_should(tmp_path: Path) -> None:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    command = [sys.executable, "-c", WATCHED, str(tmp_path / "in"), str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    heads = [line.split(" ")[0] for line in done.stdout.splitlines()]
    assert heads == ["opened", "os.rename", "os.rename", "read", "read", "ran", "os.system"], done.stdout


def test_a_table_says_what_broke() -> None:
    from tests.torture.rows import Row, table

    rows = [
        Row(what="a", target="0", measured="0", held=True),
        Row(what="b", target="0", measured="1", held=False, details=("the one",)),
        Row(what="c", target="0", measured="no mount here", held=None),
    ]
    text = table(rows)
    assert [line.rsplit("| ", 1)[1] for line in text.splitlines()[2:5]] == ["held |", "BROKEN |", "not run |"]
    assert text.endswith(f"b:{os.linesep}  - the one")
