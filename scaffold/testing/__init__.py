"""Run a port's own test file as the guide says and say of each failure what kind it is (guide.md G36).

The checkout's tests run in the user's work tree with the target environment's Python; nothing is written into it.
"""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.core.child import run_worker
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.testing.environment import suite_variables
from scaffold.testing.failures import Kind, kind_of
from scaffold.testing.overrides import Override, Overrides

_LIMIT, _SLOW_LIMIT = 3600.0, 6 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One test that failed: `message` is the error's first lines, `override` how other tests of the checkout deal with it."""

    test: str
    kind: Kind
    message: str
    override: Override | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteRun:
    """One run of a test file. `counts` has passed, failed and skipped; `error` says why no test ran."""

    path: str
    command: str
    seconds: float
    counts: dict[str, int]
    failures: tuple[Failure, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    error: str | None = None

    @property
    def ok(self) -> bool:
        """True when tests ran and none failed."""
        return self.error is None and not self.failures


def run_suite(located: Located, *, python: str, slow: bool = False, select: str | None = None) -> SuiteRun:
    """Run the model's TensorFlow test file. LOC110 when the work tree has none.

    `slow` runs the tests that download checkpoints, too; `select` is pytest's `-k` expression.
    """
    names = located.names
    if not (located.root / names.tf_test_path).is_file():
        raise ScaffoldError(
            "LOC110",
            f"this work tree has no {names.tf_test_path}",
            f"switch to the port's branch, or make the port: `scaffold new-tf-model {names.stem}`",
            exit_code=ExitCode.USAGE,
        )
    variables = suite_variables(slow=slow)
    with tempfile.TemporaryDirectory(prefix="scaffold-test-") as folder:
        report = Path(folder) / "junit.xml"
        arguments = ["pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", names.tf_test_path]
        arguments += ["-k", select] if select else []
        result = run_worker(
            "run_module.py",
            arguments,
            python=python,
            src=located.root / "src",
            timeout=_SLOW_LIMIT if slow else _LIMIT,
            cwd=located.root,
            env_extra=variables,
        )
        text = report.read_text(encoding="utf-8") if report.is_file() else None
    shown = {name: value for name, value in variables.items() if name.startswith(("NVIDIA", "RUN"))}
    tail = f" -k '{select}'" if select else ""
    command = " ".join([*(f"{n}={v}" for n, v in shown.items()), "python -m pytest -vv", names.tf_test_path]) + tail
    if text is None or result.timed_out:
        error = "stopped, it took too long" if result.timed_out else result.last_error()
        return SuiteRun(path=names.tf_test_path, command=command, seconds=result.seconds, counts={}, error=error)
    return _read(located, text, command, result.seconds)


def _read(located: Located, text: str, command: str, seconds: float) -> SuiteRun:
    """A run from pytest's JUnit report."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    failures, skipped = list[Failure](), list[tuple[str, str]]()
    broken = None
    overrides = Overrides(located)
    for case in ET.fromstring(text).iter("testcase"):
        name = case.get("name", "")
        found = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
        if found is None:
            counts["passed"] += 1
        elif found.tag == "skipped":
            counts["skipped"] += 1
            skipped.append((name, found.get("message", "")))
        elif not case.get("classname"):  # the file could not be collected
            broken = _last_line(found.text or found.get("message") or "")
        else:
            counts["failed"] += 1
            failures.append(_failure(name, found, overrides))
    return SuiteRun(
        path=located.names.tf_test_path,
        command=command,
        seconds=seconds,
        counts=counts,
        failures=tuple(failures),
        skipped=tuple(skipped),
        error=broken if broken else None if sum(counts.values()) else "no test was selected",
    )


def _failure(name: str, found: ET.Element, overrides: Overrides) -> Failure:
    message = found.get("message") or ""
    kind = kind_of(name, message, found.text or "")
    override = overrides.of(name) if kind in (Kind.COMMON, Kind.GRAPH, Kind.PARITY) else None
    lines = [line.strip() for line in message.splitlines() if line.strip()][:3]
    return Failure(test=name, kind=kind, message="\n".join(lines)[:400], override=override)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:400] if lines else "the file could not be collected"
