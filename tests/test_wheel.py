"""What is installed is complete: the wheel carries the templates, and they are found in it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None, reason="hatchling is needed to build the wheel ([dev])"
)
def test_the_wheel_carries_the_templates(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    sources = [path for folder in ("templates", "scaffold") for path in (ROOT / folder).rglob("*") if path.is_file()]
    tracked = [path for path in sources if "__pycache__" not in path.parts]
    wanted = {
        path.relative_to(ROOT).as_posix().replace("templates/", "scaffold/_templates/", 1)
        if path.is_relative_to(ROOT / "templates")
        else path.relative_to(ROOT).as_posix()
        for path in tracked
    }
    assert wanted <= packed
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from scaffold.core.resources import templates\n"
        "path = templates('model'); assert str(path).startswith(sys.argv[1]), path; assert any(path.iterdir())\n"
        "from scaffold.cli.main import main; main(['--version'])\n"
    )
    site = str(tmp_path / "site")
    done = subprocess.run([sys.executable, "-c", code, site], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
