"""The worker that runs a module like `python -m`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scaffold.core.child import run_worker


def test_arguments_path_and_status(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text(
        "import sys, beside\nprint(__name__, sys.argv[1:], beside.x)\nsys.exit(int(sys.argv[1]))\n"
    )
    (tmp_path / "beside.py").write_text("x = 'found'\n")
    result = run_worker("run_module.py", ["tool", "3", "-v"], python=sys.executable, src=None, timeout=60, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (3, "__main__ ['3', '-v'] found\n"), result.stderr


def test_a_script_finds_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "utils").mkdir()
    (tmp_path / "utils/check.py").write_text(
        "import beside, os, sys\nprint(__name__, __file__, sys.argv, os.getcwd())\n"
    )
    (tmp_path / "utils/beside.py").write_text("")
    script = str(tmp_path / "utils/check.py")
    result = run_worker("run_module.py", [script, "-v"], python=sys.executable, src=None, timeout=60, cwd=tmp_path)
    assert result.stdout == f"__main__ {script} ['{script}', '-v'] {tmp_path}\n", result.stderr


@pytest.mark.parametrize(
    ("release", "beside", "kept"),
    [("2.15.1", True, False), ("2.15.1", False, False), ("2.18.0", True, True), ("2.18.0", False, False)],
)
def test_the_separate_keras_is_asked_for_where_tensorflow_needs_it(
    tmp_path: Path, release: str, beside: bool, kept: bool
) -> None:
    """TensorFlow 2.15 has Keras 2 of its own and fails when it is told to take another that is not there."""
    metadata = tmp_path / "site/tensorflow-0.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: tensorflow\nVersion: {release}\n")
    (tmp_path / "tool.py").write_text("import os\nprint(os.environ.get('TF_USE_LEGACY_KERAS'))\n")
    if beside:
        (tmp_path / "site/tf_keras.py").write_text("")
    python = tmp_path / "python"  # an interpreter without site-packages of its own
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    python.chmod(0o755)
    result = run_worker("run_module.py", ["tool"], python=str(python), src=tmp_path / "site", timeout=60, cwd=tmp_path)
    assert result.stdout == ("1\n" if kept else "None\n"), result.stderr
