"""Parity as a property: drawn configurations and inputs, both frameworks, and the smallest case that differs.

Hypothesis draws and shrinks; one child process after another holds the two models (workers/fuzz_both.py).
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.core.checkout import Located
from scaffold.core.child import WORKERS, worker_environment
from scaffold.core.errors import ScaffoldError
from scaffold.core.port import Port
from scaffold.fuzz.space import Space, cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The smallest case found that does not agree, and what the worker says of it."""

    case: Mapping[str, Any]
    verdict: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Outcome:
    """`counts` has ok, refused, differs and error; `worst` is the largest scaled difference of the cases that agree."""

    counts: Counter[str] = field(default_factory=Counter)
    by_class: Counter[str] = field(default_factory=Counter)
    worst: float = 0.0
    refusals: Counter[str] = field(default_factory=Counter)
    failure: Failure | None = None


class _DisagreesError(Exception):
    """A case that differs: what Hypothesis shrinks."""


class Judge:
    """The child that holds both models; started when first asked, and anew after it died."""

    def __init__(
        self, located: Located, pairs: list[tuple[str, str]], config: Mapping[str, Any] | None, python: str
    ) -> None:
        names = located.names
        self._spec = {
            "folder": names.folder,
            "module": names.module,
            "tf_module": names.tf_module,
            "pairs": pairs,
            "config": config,
        }
        self._python, self._src = python, located.root / "src"
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[str] | None = None
        self.space: Space | None = None

    def __enter__(self) -> Judge:
        self._home = tempfile.TemporaryDirectory(prefix="scaffold-fuzz-", ignore_cleanup_errors=True)
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        if self._home is not None:
            self._home.cleanup()

    def _start(self) -> None:
        assert self._home is not None
        home = Path(self._home.name)
        (home / "spec.json").write_text(json.dumps(self._spec), encoding="utf-8")
        with (home / "errors.txt").open("w") as errors:
            self._process = subprocess.Popen(
                [self._python, str(WORKERS / "fuzz_both.py"), str(home / "spec.json")],
                cwd=home,
                env=worker_environment(self._src, str(home)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        described = self._read()
        if described is None:
            self._stop()
            lines = (home / "errors.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise ScaffoldError(
                "VER101",
                f"the two models cannot be run: {lines[-1] if lines else 'no word'}",
                "`scaffold new-tf-model` or `scaffold checklist --run` says more about a port that cannot be imported",
            )
        flags = [(name, value) for name, value in described["flags"]]
        self.space = Space(values=described["values"], flags=flags, activations=tuple(described["activations"]))

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _read(self) -> dict[str, Any] | None:
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline()
        return dict(json.loads(line)) if line.strip() else None

    def ask(self, case: Mapping[str, Any]) -> dict[str, Any]:
        """The verdict on one case; a worker that dies over it is one, too."""
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._start()
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(case) + "\n")
            self._process.stdin.flush()
            answer = self._read()
        except BrokenPipeError:
            answer = None
        return answer if answer is not None else {"status": "error", "error": "the process died"}


def question(case: Mapping[str, Any], limit: float) -> dict[str, Any]:
    """A drawn case as the worker takes it."""
    pt, tf = case["pair"]
    return {**{name: value for name, value in case.items() if name != "pair"}, "pt": pt, "tf": tf, "limit": limit}


def pairs_of(port: Port) -> list[tuple[str, str]]:
    """(PyTorch class, TensorFlow class) of a port's complete models."""
    renamed = dict(port.aliases)
    return [(renamed.get(tf, tf.removeprefix("TF")), tf) for tf in port.models]


def fuzz(
    judge: Judge,
    pairs: list[tuple[str, str]],
    *,
    count: int,
    seed: int,
    limit: float = 1e-5,
) -> Outcome:
    """Ask about cases until `count` of them were taken by PyTorch; the first that differs is shrunk and ends it."""
    from hypothesis import HealthCheck, Phase, assume, given, settings
    from hypothesis import seed as seeded

    outcome = Outcome()
    assert judge.space is not None
    known: dict[str, dict[str, Any]] = {}

    def property_holds(case: dict[str, Any]) -> None:
        asked = question(case, limit)
        key = json.dumps(asked, sort_keys=True)
        if key not in known and outcome.failure is None and outcome.counts["ok"] >= count:
            return
        if key not in known:  # Hypothesis asks again while it shrinks
            known[key] = judge.ask(asked)
            _note(outcome, case, known[key])
        verdict = known[key]
        assume(verdict["status"] != "refused")
        if verdict["status"] != "ok":
            outcome.failure = Failure(case=case, verdict=verdict)
            raise _DisagreesError(verdict["status"])

    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run = settings(
        max_examples=2 * count, deadline=None, database=None, suppress_health_check=checks, report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
    )(seeded(seed)(given(cases(judge.space, pairs))(property_holds)))  # fmt: skip
    try:
        run()
    except _DisagreesError:
        assert outcome.failure is not None
        outcome.failure = _without_needless_changes(judge, outcome.failure, limit)
    return outcome


def _without_needless_changes(judge: Judge, failure: Failure, limit: float) -> Failure:
    """Leave out each change without which the case differs all the same: Hypothesis's own shrinking may keep some."""
    for name in list(failure.case["changes"]):
        fewer = {key: value for key, value in failure.case["changes"].items() if key != name}
        case = {**failure.case, "changes": fewer}
        verdict = judge.ask(question(case, limit))
        if verdict["status"] in ("differs", "error"):
            failure = Failure(case=case, verdict=verdict)
    return failure


def _note(outcome: Outcome, case: Mapping[str, Any], verdict: Mapping[str, Any]) -> None:
    outcome.counts[verdict["status"]] += 1
    if verdict["status"] == "ok":
        outcome.by_class[case["pair"][1]] += 1
        outcome.worst = max(outcome.worst, verdict["worst"])
    elif verdict["status"] == "refused":
        outcome.refusals[str(verdict["error"])[:120]] += 1
