"""Start the comparing worker and read what it found."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scaffold.compare.result import ClassComparison, Comparison, class_from
from scaffold.core.checkout import Located
from scaffold.core.child import ChildResult, run_worker

_WORKER = "compare_models.py"
_TIMEOUT = 1800.0


def compare(
    located: Located,
    pairs: Mapping[str, str],
    *,
    src: Path,
    python: str,
    cases: Path,
    case: str | None = None,
    timeout: float = _TIMEOUT,
    seconds: float = 60.0,
) -> Comparison:
    """Compare the classes in `pairs` (TF class → PyTorch class) on the cases that the probe recorded.

    `src` is the `src` folder of a tree with the port, `cases` the probe's `classes` folder, `case` the only case to look at,
    `seconds` the processor time for looking for a differing case of one class. A class that cannot be built is reported, and
    the next one is compared; a worker that dies is started again for the classes after the one it died in.
    """
    found: list[ClassComparison] = []
    environment = ""
    left = dict(pairs)
    while left:
        data, result = run_on(
            located, left, src=src, python=python, cases=cases, case=case, timeout=timeout, seconds=seconds
        )
        environment = data.get("environment") or environment
        if data.get("fatal"):
            return Comparison(
                model=located.names.stem, classes=(), environment=environment, not_run=_fatal(data["fatal"])
            )
        found += [class_from(entry) for entry in data.get("classes", ())]
        if result.ok:
            break
        left = {tf: pt for tf, pt in left.items() if tf not in {entry.tf_class for entry in found}}
        if left:
            tf, pt = next(iter(left.items()))
            found.append(ClassComparison(tf_class=tf, pt_class=pt, status="error", detail=_death(result), refused={}))
            del left[tf]
        if result.timed_out:
            break
    known = {entry.tf_class: entry for entry in found}
    missing = {tf: pt for tf, pt in pairs.items() if tf not in known}
    for tf, pt in missing.items():
        known[tf] = ClassComparison(tf_class=tf, pt_class=pt, status="not_run", detail="not reached", refused={})
    return Comparison(model=located.names.stem, classes=tuple(known[tf] for tf in pairs), environment=environment)


def run_on(
    located: Located,
    pairs: Mapping[str, str],
    *,
    src: Path,
    python: str,
    cases: Path,
    case: str | None,
    timeout: float,
    seconds: float,
    worker: str = _WORKER,
) -> tuple[dict[str, Any], ChildResult]:
    """What a comparing worker wrote (empty when it wrote nothing that can be read), and how it ended."""
    names = located.names
    with tempfile.TemporaryDirectory(prefix="scaffold-compare-") as folder:
        out = Path(folder) / "found.json"
        arguments = ["--src", str(src.resolve()), "--cases", str(cases.resolve()), "--out", str(out)]
        arguments += ["--module", f"{names.folder}.{names.tf_module}", "--pt-module", f"{names.folder}.{names.module}"]
        arguments += ["--classes", ",".join(f"{pt}={tf}" for tf, pt in pairs.items()), "--seconds", str(seconds)]
        arguments += ["--case", case] if case is not None else []
        result = run_worker(worker, arguments, python=python, src=src, timeout=timeout)
        try:
            return json.loads(out.read_text(encoding="utf-8")), result
        except (OSError, ValueError):
            return {}, result


def _fatal(fatal: Mapping[str, str]) -> str:
    if fatal["stage"] == "module":
        return f"the TensorFlow module does not import: {fatal['error']}"
    return f"the target environment cannot run the models: {fatal['error']}"


def _death(result: ChildResult) -> str:
    if result.timed_out:
        return "stopped: it took too long"
    how = f"signal {-result.returncode}" if result.returncode < 0 else f"status {result.returncode}"
    return f"the worker ended with {how}: {result.last_error()}"
