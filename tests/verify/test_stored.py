"""Reports survive JSON, and their verdicts are not taken from it."""

from __future__ import annotations

import json

import pytest

from scaffold.core.reports import VerificationReport
from scaffold.verify import from_json, to_json
from tests.verify.reports import REPORT


@pytest.mark.parametrize("report", [REPORT, VerificationReport(heads=(), not_run="no TensorFlow")])
def test_round_trip(report: VerificationReport) -> None:
    assert from_json(to_json(report)) == report


def test_the_text_is_strict_json() -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    data = json.loads(to_json(REPORT), parse_constant=refuse)
    assert data["ok"] is False and [h["ok"] for h in data["heads"]] == [True, False, False]
    assert data["heads"][1]["max_scaled"] == "inf"


def test_a_verdict_in_the_file_is_not_believed() -> None:
    data = json.loads(to_json(REPORT))
    data["ok"] = data["heads"][1]["ok"] = True
    assert not from_json(json.dumps(data)).ok
