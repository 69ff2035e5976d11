"""Cases from a checkpoint: its folder, and the worker that runs PyTorch on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.core.child import run_worker
from scaffold.core.errors import ExitCode, ScaffoldError

_WORKER = "compare_checkpoint.py"
_TIMEOUT = 1800.0


def folder_of(checkpoint: str) -> Path:
    """The folder as it is, or the snapshot of a repository on the Hub (CMP101 where neither is to be had)."""
    path = Path(checkpoint).expanduser()
    if path.is_dir():
        if (path / "config.json").is_file():
            return path.resolve()
        raise _unusable(checkpoint, "it has no config.json")
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", checkpoint):
        raise _unusable(checkpoint, "there is no such folder")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise _unusable(checkpoint, "huggingface_hub is not installed here, so that nothing can be fetched") from error
    try:
        return Path(snapshot_download(checkpoint, allow_patterns=["*.json", "*.safetensors", "*.bin"]))
    except Exception as error:  # the library's own errors are many, and all mean the same here
        raise _unusable(checkpoint, f"it could not be fetched: {' '.join(str(error).split())[:200]}") from error


def _unusable(checkpoint: str, why: str) -> ScaffoldError:
    return ScaffoldError(
        "CMP101",
        f"the checkpoint {checkpoint!r} cannot be used: {why}",
        "give a folder that save_pretrained() wrote, or the name of a repository that can be reached",
        exit_code=ExitCode.USAGE,
    )


def checkpoint_cases(
    located: Located, classes: Iterable[str], checkpoint: str, *, python: str, out: Path
) -> dict[str, str]:
    """Record a case of each PyTorch class below `out`; the classes without one, with the reason. CMP102 when none has one."""
    folder = folder_of(checkpoint)
    names = list(classes)
    arguments = ["--src", str(located.root / "src"), "--module", f"{located.names.folder}.{located.names.module}"]
    arguments += ["--classes", ",".join(names), "--checkpoint", str(folder), "--out", str(out.resolve())]
    result = run_worker(_WORKER, arguments, python=python, src=located.root / "src", timeout=_TIMEOUT)
    path = out / "problems.json"
    problems = dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
    if not result.ok or len(problems) == len(names):
        reason = next(iter(problems.values()), result.last_error())
        raise ScaffoldError(
            "CMP102",
            f"PyTorch cannot run the checkpoint {checkpoint!r}: {reason}",
            "check that it belongs to this model; leave --checkpoint out to compare with tiny random weights",
        )
    return problems
