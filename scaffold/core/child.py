"""Run a worker script as a child process under another Python, with nothing of the user's session in its environment.

Source of truth: docs/architecture.md ("The workers"): a worker sees the clone's `src` first, no token and no network.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Folder of the worker scripts; a worker given by bare file name is looked up here.
WORKERS = Path(__file__).resolve().parent.parent / "workers"

#: All a worker inherits: what the loader and the locale need. Tokens, proxies and Python settings stay out.
_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TZ")

_FIXED = {
    "CUDA_VISIBLE_DEVICES": "",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "MKL_NUM_THREADS": "2",
    "NUMEXPR_NUM_THREADS": "2",
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "2",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONIOENCODING": "utf-8",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "2",
    "TF_USE_LEGACY_KERAS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}

_GIB = 1 << 30

#: The workers that run at the moment, and whether any may still be started.
_running: set[subprocess.Popen[str]] = set()
_ending = threading.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildResult:
    """How a worker ended. `returncode` is negative for a signal, as in subprocess; `timed_out` when it was stopped."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """True when it ended by itself with status 0."""
        return self.returncode == 0 and not self.timed_out

    def last_error(self) -> str:
        """The line that says most about a failure: the last one of standard error."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        return lines[-1] if lines else f"exit status {self.returncode}"


def worker_environment(src: Path | None, home: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The complete environment of a worker: a few inherited variables, the fixed ones, then `extra`."""
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment.update(_FIXED)
    environment.update(HOME=home, TMPDIR=home, TEMP=home, TMP=home, HF_HOME=home, XDG_CACHE_HOME=home)
    environment["MPLCONFIGDIR"] = home
    # A framework installed with `pip install --user` must stay importable although HOME moved.
    base = os.environ.get("PYTHONUSERBASE") or os.path.join(os.path.expanduser("~"), ".local")
    environment["PYTHONUSERBASE"] = base
    if src is not None:
        environment["PYTHONPATH"] = str(src)
    environment.update(extra or {})
    return environment


def _limits(memory_gib: int, file_gib: int) -> Any:
    """A function for the forked child that bounds memory, file size and core dumps; None where there are no limits."""
    if sys.platform == "win32":
        return None
    import resource

    def apply() -> None:
        for what, limit in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, file_gib * _GIB),
            (resource.RLIMIT_DATA, memory_gib * _GIB),
        ):
            hard = resource.getrlimit(what)[1]
            value = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(what, (value, hard))

    return apply


def _stop(process: subprocess.Popen[str]) -> None:
    """End the worker and whatever it started."""
    if sys.platform == "win32":
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()


def stop_workers() -> None:
    """End every worker, whichever thread waits for it, and start none any more: this process is about to end itself."""
    _ending.set()
    for process in tuple(_running):
        _stop(process)


def run_worker(
    script: str | Path,
    args: Sequence[str],
    *,
    python: str,
    src: Path | None,
    timeout: float,
    cwd: Path | None = None,
    env_extra: Mapping[str, str] | None = None,
    memory_gib: int = 12,
    file_gib: int = 4,
) -> ChildResult:
    """Run `python script *args`; `script` is a path or the file name of one of scaffold's workers.

    The worker gets a temporary home that is removed afterwards, `src` first on its module path, and at most `timeout`
    seconds. A missing interpreter raises OSError; everything else, a crash included, is a result.
    KeyboardInterrupt after `stop_workers`.
    """
    path = Path(script)
    if not path.is_absolute() and not path.exists():
        path = WORKERS / path
    started = time.monotonic()
    timed_out = False
    with tempfile.TemporaryDirectory(prefix="scaffold-worker-", ignore_cleanup_errors=True) as home:
        process = subprocess.Popen(
            [python, str(path), *args],
            cwd=cwd if cwd is not None else home,
            env=worker_environment(src, home, env_extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            preexec_fn=_limits(memory_gib, file_gib),
        )
        _running.add(process)
        try:
            if _ending.is_set():
                raise KeyboardInterrupt
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            _stop(process)
            stdout, stderr = process.communicate()
        except BaseException:
            _stop(process)
            process.wait()
            raise
        finally:
            _running.discard(process)
    return ChildResult(
        returncode=process.returncode,
        stdout=stdout,
        stderr=stderr,
        seconds=time.monotonic() - started,
        timed_out=timed_out,
    )
