"""The worker that runs a module like `python -m`."""

from __future__ import annotations

import sys
from pathlib import Path

from scaffold.core.child import run_worker


def test_arguments_path_and_status(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text(
        "import sys, beside\nprint(__name__, sys.argv[1:], beside.x)\nsys.exit(int(sys.argv[1]))\n"
    )
    (tmp_path / "beside.py").write_text("x = 'found'\n")
    result = run_worker("run_module.py", ["tool", "3", "-v"], python=sys.executable, src=None, timeout=60, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (3, "__main__ ['3', '-v'] found\n"), result.stderr
