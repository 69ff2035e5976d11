"""Format a generated module as the repository does, and say where the formatter is.

Source: `[tool.ruff]` of the repository's pyproject.toml, the same in every release since 4.27.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_CHECK = ("check", "--isolated", "--quiet", "--fix", "--unsafe-fixes", "--exit-zero", "--select=I,F401,F841,F541")
_STYLE = (
    "--line-length=119",
    "--config=lint.isort.lines-after-imports=2",
    "--config=lint.isort.known-first-party=['transformers']",
)
_FORMAT = ("format", "--isolated", "--quiet", "--line-length=119")


class Unformattable(ValueError):
    """The text is not a Python module; the message is the formatter's."""


def ruff() -> str:
    """Path of the ruff that is installed beside this package."""
    beside = Path(sys.executable).with_name("ruff")
    return str(beside) if beside.exists() else "ruff"


def formatted(text: str) -> str:
    """The module with unused imports and variables removed, imports sorted, and laid out."""
    name = "--stdin-filename=src/transformers/models/m/modeling_tf_m.py"
    for command in ((*_CHECK, *_STYLE, name, "-"), (*_FORMAT, name, "-")):
        result = subprocess.run([ruff(), *command], input=text, capture_output=True, text=True, check=False)
        if result.returncode or not result.stdout.strip():
            raise Unformattable(result.stderr.strip()[:500])
        text = result.stdout
    return text


def laid_out(text: str) -> str:
    """The module laid out, with nothing removed and nothing sorted."""
    result = subprocess.run([ruff(), *_FORMAT, "-"], input=text, capture_output=True, text=True, check=False)
    if result.returncode:
        raise Unformattable(result.stderr.strip()[:500])
    return result.stdout
