"""PyTorch checkpoints as TensorFlow weights: converted, compared, written, proposed on the Hub (guide.md G40)."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.core.child import run_worker
from scaffold.core.errors import ExitCode, ScaffoldError

REPORT = "conversion.json"
_LIMIT = 12 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One class compared on one kind of inputs. `outputs` and `hidden_states` are the worst |tf − pt| / max(1, |pt|).

    `depth` holds the numbers of layers compared where the whole model did not fit into memory.
    """

    tf_class: str
    inputs: str
    outputs: float | None = None
    hidden_states: float | None = None
    worst: str | None = None
    absent: tuple[str, ...] = ()
    depth: Mapping[str, int] | None = None
    error: str | None = None

    def within(self, limit: float) -> bool:
        """True when everything was compared and agrees."""
        figures = [figure for figure in (self.outputs, self.hidden_states) if figure is not None]
        return self.error is None and not self.absent and bool(figures) and max(figures) <= limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What came of it. Sizes are in bytes; `peak` is the worker's largest memory, `peak_writing` that of the writing alone."""

    tf_class: str
    files: tuple[str, ...]
    parameters: int
    variables: int
    unused: tuple[str, ...]
    largest_shard: int
    peak_writing: int
    peak: int
    checks: tuple[Check, ...] = field(default=())

    def ok(self, limit: float) -> bool:
        """True when every class agrees; a conversion that was not compared is none."""
        return bool(self.checks) and all(check.within(limit) for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to convert: a folder with a PyTorch checkpoint, by the clone at `root`, into the folder `out`."""

    root: Path
    folder: Path
    out: Path
    python: str
    max_error: float = 1e-5
    classes: tuple[str, ...] = ()
    all_heads: bool = False
    max_shard_bytes: int = 10 * 10**9
    memory_bytes: int | None = None
    skip_check: bool = False


def available_memory() -> int:
    """Bytes that a new process may use without swapping, a tenth left alone."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024 * 9 // 10
    except (OSError, ValueError):
        pass
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def convert(request: Request) -> Conversion:
    """Convert and compare; the files appear in `out` only when the comparison holds.

    WGT101 when the checkpoint cannot be converted, WGT102 when a difference exceeds `max_error` (or nothing was compared and
    the request does not say so): then `out` is as it was. WGT103 when `out` holds other files.
    """
    _check_target(request.out)
    request.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{request.out.name}-", dir=request.out.parent) as name:
        working = Path(name) / "weights"
        working.mkdir()
        conversion = _run(request, Path(name), working)
        if not request.skip_check and not conversion.ok(request.max_error):
            raise TooFarError(conversion, request.max_error)
        if request.out.exists():
            shutil.rmtree(request.out)
        working.rename(request.out)
    return conversion


class TooFarError(ScaffoldError):
    """WGT102, with the conversion it is about."""

    def __init__(self, conversion: Conversion, limit: float) -> None:
        self.conversion = conversion
        bad = [check for check in conversion.checks if not check.within(limit)]
        super().__init__(
            "WGT102",
            f"not written: {bad[0].tf_class} on {bad[0].inputs} inputs: {_problem(bad[0])}"
            if bad
            else "nothing compared",
            "find the cause with `scaffold compare`, or accept the difference knowingly with --max-error",
        )


def _problem(check: Check) -> str:
    if check.error:
        return check.error
    if check.absent:
        return f"TensorFlow has no {check.absent[0]}"
    return f"outputs differ by {check.outputs}, hidden states by {check.hidden_states} (worst: {check.worst})"


def _check_target(out: Path) -> None:
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / REPORT).is_file())):
        raise ScaffoldError(
            "WGT103",
            f"{out} exists and is not the result of an earlier conversion",
            "choose another folder with --into",
            exit_code=ExitCode.CONFLICT,
        )


def _run(request: Request, folder: Path, working: Path) -> Conversion:
    spec = {
        "folder": str(request.folder.resolve()),
        "classes": list(request.classes) or None,
        "all_heads": request.all_heads,
        "max_shard_bytes": request.max_shard_bytes,
        "memory_bytes": request.memory_bytes or available_memory(),
        "skip_check": request.skip_check,
    }
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    result = run_worker(
        "convert_tf.py",
        [str(folder / "spec.json"), str(working)],
        python=request.python,
        src=request.root / "src",
        timeout=_LIMIT,
        memory_gib=1 << 12,  # the spec bounds it, and a checkpoint's own files are mapped into memory
        file_gib=1 << 12,
    )
    try:
        report = json.loads((working / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        report = {"error": "it took too long" if result.timed_out else result.last_error()}
    if "error" in report:
        raise ScaffoldError(
            "WGT101", f"the checkpoint cannot be converted: {report['error']}", "`scaffold explain WGT101`"
        )
    return _conversion(report)


def _conversion(report: Mapping[str, Any]) -> Conversion:
    checks = []
    for row in report["checks"]:
        shared = {"tf_class": row["tf_class"], "depth": row["depth"], "error": row["error"]}
        for inputs in row["inputs"] or [{}]:
            checks.append(
                Check(
                    **shared,
                    inputs=inputs.get("name", "any"),
                    outputs=inputs.get("outputs"),
                    hidden_states=inputs.get("hidden_states"),
                    worst=inputs.get("worst"),
                    absent=tuple(inputs.get("absent", ())),
                )
            )
    return Conversion(
        tf_class=report["class"],
        files=tuple(report["files"]),
        parameters=report["parameters"],
        variables=report["variables"],
        unused=tuple(report["unused"]),
        largest_shard=report["largest_shard"],
        peak_writing=report["peak_writing"],
        peak=report["peak"],
        checks=tuple(checks),
    )


def to_markdown(conversion: Conversion, limit: float) -> str:
    """The report as the text of a pull request on the Hub."""
    lines = [
        f"TensorFlow weights for `{conversion.tf_class}`, converted from this repository's PyTorch checkpoint: "
        f"{conversion.parameters:,} parameters in {conversion.variables} variables.",
        "",
        f"Largest difference from PyTorch, |tf − pt| / max(1, |pt|), limit {limit:g}:",
        "",
        "| class | inputs | outputs | hidden states | layers compared |",
        "| --- | --- | ---: | ---: | --- |",
    ]
    for check in conversion.checks:
        depth = ", ".join(f"{name}={count}" for name, count in check.depth.items()) if check.depth else "all"
        shown = [f"{figure:.1e}" if figure is not None else "–" for figure in (check.outputs, check.hidden_states)]
        lines.append(f"| {check.tf_class} | {check.inputs} | {shown[0]} | {shown[1]} | {depth} |")
    if conversion.unused:
        lines += ["", f"Tensors of the checkpoint that TensorFlow has no use for: {', '.join(conversion.unused[:20])}."]
    return "\n".join(lines) + "\n"
