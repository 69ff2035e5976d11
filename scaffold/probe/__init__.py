"""Run the PyTorch model once, instrumented, in a child process: types by source position, and cases to verify against.

Source of truth: docs/architecture.md, "The probe's files"; the work is done by `workers/probe_pt.py`.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.core.child import WORKERS, ChildResult, run_worker
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.typedb import TypeDB

__all__ = ["probe"]

_WORKER = "probe_pt.py"
_CANNOT_IMPORT = 3  # the worker's exit status when the modelling file itself cannot be imported
#: Wall time after which the child is stopped: far beyond its budget of processor time, for machines that are busy with more.
_TIMEOUT = 900.0
_BUDGET = 150.0


def probe(located: Located, *, python: str, out: Path, timeout: float = _TIMEOUT, seed: int = 0) -> TypeDB:
    """Probe every public class of the located file; `out` gets `probe.json` and the cases.

    The child begins nothing new once it has used its budget of processor time, and is stopped after `timeout` seconds.

    What an earlier call with the same source, seed, interpreter and worker wrote is read again instead.
    """
    key = _key(located, python, seed)
    if _current(out, key):
        return _read(out)
    out.mkdir(parents=True, exist_ok=True)
    for name in ("probe.json", "probe.key"):
        (out / name).unlink(missing_ok=True)
    names = located.names
    arguments = ["--src", str(located.root / "src"), "--tests", str(located.root)]
    arguments += ["--module", f"{names.folder}.{names.module}", "--out", str(out.resolve()), "--seed", str(seed)]
    arguments += ["--budget", str(_BUDGET)]
    if located.joined is not None:
        (out / "joined.py").write_text(located.joined, encoding="utf-8")
        arguments += ["--source", str((out / "joined.py").resolve())]
    try:
        result = run_worker(_WORKER, arguments, python=python, src=located.root / "src", timeout=timeout)
    except OSError as error:
        raise ScaffoldError(
            "PRB101", f"{python} cannot be started: {error}", "name the Python that has torch with --python"
        ) from error
    if not result.ok:
        raise _failure(located, result, timeout)
    types = _read(out)
    if types.classes and all(entry.error is not None for entry in types.classes.values()):
        name, entry = next(iter(types.classes.items()))
        raise ScaffoldError(
            "PRB105",
            f"none of the {len(types.classes)} public classes of {names.pt_path} could be run; {name}: {entry.error}",
            "run with --no-probe to translate without it; the result cannot be verified then",
        )
    (out / "probe.key").write_text(key, encoding="utf-8")
    return types


def _key(located: Located, python: str, seed: int) -> str:
    """Digest of everything that determines the result."""
    digest = sha256(f"{python}\0{seed}\0{located.root}".encode())
    digest.update((located.joined or "").encode("utf-8"))
    paths = [located.root / located.names.pt_path]
    paths += [located.root / located.names.package_path / f"{located.config_module}.py"]
    if located.pt_test is not None:
        paths.append(located.root / located.pt_test)
    paths += sorted(WORKERS.glob("p*.py"))
    for path in paths:
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def _current(out: Path, key: str) -> bool:
    stored = out / "probe.key"
    return (out / "probe.json").is_file() and stored.is_file() and stored.read_text(encoding="utf-8") == key


def _read(out: Path) -> TypeDB:
    path = out / "probe.json"
    try:
        return TypeDB.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError) as error:
        raise ScaffoldError(
            "PRB104", f"the probe wrote no readable {path.name}: {error}", "free disk space and run the command again"
        ) from error


def _failure(located: Located, result: ChildResult, timeout: float) -> ScaffoldError:
    path = located.names.pt_path
    if result.timed_out:
        return ScaffoldError(
            "PRB103",
            f"probing {path} took more than {timeout:.0f} s and was stopped",
            "run again on an idle machine, or with --no-probe",
        )
    if result.returncode == _CANNOT_IMPORT:
        return ScaffoldError(
            "PRB102",
            f"{path} cannot be imported: {result.last_error()}",
            "install what it needs into the target Python, or run with --no-probe",
            exit_code=ExitCode.UNSUPPORTED_SOURCE,
        )
    ended = f"was killed by signal {-result.returncode}" if result.returncode < 0 else f"ended with {result.returncode}"
    return ScaffoldError(
        "PRB104",
        f"the probe of {path} {ended}: {result.last_error()}",
        "check that torch works in the target Python, or run with --no-probe",
    )
