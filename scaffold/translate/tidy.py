"""Format the generated file as the repository does: its ruff settings, unused imports and variables removed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.core.errors import ScaffoldError

#: The repository's own settings (`pyproject.toml`, the same in every release since 4.27).
_CHECK = [
    "check", "--isolated", "--quiet", "--fix", "--unsafe-fixes", "--exit-zero", "--line-length=119", "--select=I,F401,F841,F541",
    "--config=lint.isort.lines-after-imports=2", "--config=lint.isort.known-first-party=['transformers']",
]  # fmt: skip


def tidy(text: str, located: Located | None = None) -> str:
    """Formatted text. ScaffoldError TFP002 when the text does not parse, which is a defect of the translator."""
    del located
    name = "--stdin-filename=src/transformers/models/m/modeling_tf_m.py"
    for command in ([*_CHECK, name, "-"], ["format", "--isolated", "--quiet", "--line-length=119", name, "-"]):
        result = subprocess.run([ruff(), *command], input=text, capture_output=True, text=True, check=False)
        if result.returncode or not result.stdout.strip():
            raise ScaffoldError("TFP002", f"the generated file does not parse: {result.stderr.strip()[:500]}", "report this, with the PyTorch file")
        text = result.stdout
    return text


def ruff() -> str:
    """Path of the ruff that is installed beside this package."""
    beside = Path(sys.executable).with_name("ruff")
    return str(beside) if beside.exists() else "ruff"
