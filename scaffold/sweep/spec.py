"""What one task of a sweep is asked for, as plain values that a process or another machine can be given."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from scaffold import __version__
from scaffold.core.reports import MODES

GRAPH_SECONDS, SECONDS, MEMORY_GIB = 12.0, 1800.0, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One model (`folder/stem`) of the checkout `root`; `out` keeps its files.

    `seconds` bounds the wall time of the whole task, `memory_gib` the data of each of its processes, `graph_seconds` the
    processor time that a worker may trace. `python` has the frameworks. With `regenerate`, a TensorFlow port that the checkout
    has is treated as absent.
    """

    root: Path
    model: str
    out: Path
    python: str = sys.executable
    modes: tuple[str, ...] = MODES
    graph_seconds: float = GRAPH_SECONDS
    seconds: float = SECONDS
    memory_gib: int = MEMORY_GIB
    regenerate: bool = False

    @property
    def source(self) -> Path:
        """The PyTorch file."""
        folder, _, stem = self.model.partition("/")
        return self.root / "src/transformers/models" / folder / f"modeling_{stem or folder}.py"

    def arguments(self) -> list[str]:
        """The command line of `python -m scaffold.sweep.task`."""
        return [
            f"--repo={self.root}",
            f"--model={self.model}",
            f"--out={self.out}",
            f"--python={self.python}",
            f"--modes={','.join(self.modes)}",
            f"--graph-seconds={self.graph_seconds}",
            f"--seconds={self.seconds}",
            f"--memory-gib={self.memory_gib}",
            *(["--regenerate"] if self.regenerate else []),
        ]

    def identity(self) -> dict[str, str]:
        """What decides the result, for a row: `key` (16 hex digits) is the same when nothing of it changed."""
        source = self.source
        sha = sha256(source.read_bytes()).hexdigest()[:16] if source.is_file() else ""
        generator = _generator()
        parts = (
            self.model,
            sha,
            __version__,
            generator,
            *self.modes,
            str(float(self.graph_seconds)),
            str(self.regenerate),
        )
        key = sha256("\0".join(parts).encode()).hexdigest()[:16]
        return {"key": key, "source": sha, "scaffold": __version__, "generator": generator}


@cache
def _generator() -> str:
    """Once a process: a sweep asks for every task."""
    from scaffold.generator import fingerprint

    return fingerprint()


def release_of(root: Path) -> str:
    """The checkout's version, and its commit where it is a clone: `4.47.1 (a5bb52847139)`."""
    from scaffold.core.errors import ScaffoldError
    from scaffold.publish.git import run_git

    init = root / "src/transformers/__init__.py"
    text = init.read_text(encoding="utf-8", errors="replace") if init.is_file() else ""
    found = re.search(r'^__version__ = "([^"\n]{1,40})"', text, re.MULTILINE)
    version = found[1] if found else "of unknown version"
    try:
        return f"{version} ({run_git(root, 'rev-parse', 'HEAD').decode()[:12]})"
    except (ScaffoldError, OSError):
        return version
