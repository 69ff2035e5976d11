from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from scaffold.core.child import run_worker


def _script(folder: Path, text: str) -> Path:
    path = folder / "worker.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_environment_is_scrubbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "GITHUB_TOKEN", "PYTHONSTARTUP", "https_proxy"):
        monkeypatch.setenv(name, "secret")
    script = _script(
        tmp_path,
        "import json, os, sys\nprint(json.dumps([dict(os.environ), sys.path, sys.argv[1:]]))",
    )
    source = tmp_path / "src"
    result = run_worker(script, ["--a", "1"], python=sys.executable, src=source, timeout=60, env_extra={"EXTRA": "yes"})
    assert result.ok, result.stderr
    environment, path, argv = json.loads(result.stdout)
    assert "secret" not in environment.values()
    assert environment["EXTRA"] == "yes"
    assert environment["TF_USE_LEGACY_KERAS"] == "1"
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert path[1] == str(source)
    assert argv == ["--a", "1"]
    assert not Path(environment["HOME"]).exists(), "the temporary home outlived the worker"


def test_timeout_stops_grandchildren(tmp_path: Path) -> None:
    marker = tmp_path / "alive"
    later = f"import time, pathlib; time.sleep(2); pathlib.Path({str(marker)!r}).touch()"
    script = _script(
        tmp_path,
        f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {later!r}])\ntime.sleep(60)\n",
    )
    result = run_worker(script, [], python=sys.executable, src=None, timeout=0.7)
    assert result.timed_out
    assert not result.ok
    assert result.seconds < 2
    time.sleep(2)
    assert not marker.exists()


def test_failure_is_a_result(tmp_path: Path) -> None:
    script = _script(tmp_path, "raise SystemExit('no such thing')")
    result = run_worker(script, [], python=sys.executable, src=None, timeout=60)
    assert result.returncode == 1
    assert result.last_error() == "no such thing"


def test_missing_interpreter_raises(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no-such-python"):
        run_worker(_script(tmp_path, ""), [], python=str(tmp_path / "no-such-python"), src=None, timeout=5)
