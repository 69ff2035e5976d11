"""A verification report as JSON and back; infinities and NaN are written as strings, so that the text is strict JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

from scaffold.core.reports import CaseReport, Check, Comparison, HeadReport, Status, VerificationReport

_NUMBERS = ("max_abs", "max_scaled", "tolerance")


def to_json(report: VerificationReport) -> str:
    """The whole report with the verdicts that its types compute (`ok`, `max_scaled`)."""
    data = _plain(dataclasses.asdict(report))
    data["ok"] = report.ok
    for entry, head in zip(data["heads"], report.heads, strict=True):
        entry["ok"] = head.ok
        entry["max_scaled"] = _plain(head.max_scaled)
    return json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def from_json(text: str) -> VerificationReport:
    """Read what `to_json` wrote; computed verdicts are computed again, not believed."""
    data = json.loads(text)
    return VerificationReport(
        heads=tuple(_head(entry) for entry in data["heads"]),
        seconds=float(data["seconds"]),
        environment=data["environment"],
        not_run=data["not_run"],
    )


def comparison(entry: Mapping[str, Any]) -> Comparison:
    """One comparison from JSON or from the worker."""
    numbers = {name: float(entry[name]) for name in _NUMBERS}
    return Comparison(
        tensor=entry["tensor"], shape=tuple(entry["shape"]), ok=bool(entry["ok"]), note=entry["note"], **numbers
    )


def case(entry: Mapping[str, Any]) -> CaseReport:
    """One case from JSON or from the worker."""
    return CaseReport(
        case=entry["case"],
        mode=entry["mode"],
        comparisons=tuple(comparison(c) for c in entry.get("comparisons") or ()),
        error=entry.get("error"),
        skipped=entry.get("skipped"),
    )


def check(entry: Mapping[str, Any]) -> Check:
    """One check from JSON or from the worker."""
    return Check(name=entry["name"], status=Status(entry["status"]), detail=entry.get("detail") or "")


def _head(entry: Mapping[str, Any]) -> HeadReport:
    return HeadReport(
        tf_class=entry["tf_class"],
        pt_class=entry["pt_class"],
        cases=tuple(case(c) for c in entry["cases"]),
        checks=tuple(check(c) for c in entry["checks"]),
        error=entry["error"],
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    if isinstance(value, Status):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value
