"""Notes are written whole or not at all, and what a kill left beside them goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from scaffold.publish.journal import write_json


def test_a_killed_writers_leftover_goes_and_a_living_ones_stays(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    file = tmp_path / "pending.json"
    leftovers = [tmp_path / f".pending.json.{dead.pid}", tmp_path / f".pending.json.{os.getppid()}"]
    for leftover in (*leftovers, tmp_path / ".pending.json.mine"):
        leftover.write_text("half")
    write_json(file, {"a": "é"})
    assert json.loads(file.read_text(encoding="utf-8")) == {"a": "é"}
    assert [leftover.exists() for leftover in leftovers] == [False, True]
    assert (tmp_path / ".pending.json.mine").exists()
