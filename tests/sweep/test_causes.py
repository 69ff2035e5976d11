"""What failures are grouped by."""

from __future__ import annotations

from typing import Any

import pytest

from scaffold.core.reports import CaseReport, Check, Comparison, HeadReport, Status
from scaffold.sweep.causes import blurred, cause_of
from scaffold.sweep.task import _head, outcome_of

HEAD: dict[str, Any] = {"ok": True, "error": None, "diverges": None, "failed_checks": []}
MARKER = {"code": "TFP101", "subject": "torch.foo", "message": "no rule", "line": 7, "owner": "XLayer"}
ROW: dict[str, Any] = {"error": None, "heads": [HEAD], "markers": [], "withheld": []}


@pytest.mark.parametrize(
    ("changes", "outcome", "cause"),
    [
        ({}, "strict", None),
        (
            {"error": "PRB105 none of the 3 public classes of a/b.py ran"},
            "failed",
            "PRB105: none of the N public classes of FILE ran",
        ),
        (
            {"heads": [HEAD | {"ok": False, "diverges": "TFX diverges first at logits: 1.0"}]},
            "wrong",
            "differs: logits: N",
        ),
        ({"withheld": [["XBackbone", "marked"]]}, "partial", "left out: XBackbone: marked"),
        (
            {"heads": [HEAD | {"ok": False}], "markers": [MARKER]},
            "marked",
            "TFP101 torch.foo",
        ),
        ({"heads": []}, "failed", None),
    ],
)
def test_rows(changes: dict[str, Any], outcome: str, cause: str | None) -> None:
    row = ROW | changes
    assert outcome_of(row) == outcome
    assert cause_of(row) == cause


def test_names_and_numbers_are_taken_out() -> None:
    assert blurred("TFBertModel: shape [2, 3] in 'x' (a/b.py:12)\nmore") == "TFX: shape SHAPE in … (FILE)"


def test_exports_do_not_decide_the_outcome() -> None:
    near = Comparison(tensor="logits", shape=(1,), max_abs=3e-5, max_scaled=3e-5, tolerance=1e-4, ok=True)
    far = Comparison(tensor="logits", shape=(1,), max_abs=0.5, max_scaled=0.5, tolerance=1e-5, ok=False, note="far off")
    same = Comparison(tensor="logits", shape=(1,), max_abs=0.0, max_scaled=1e-6, tolerance=1e-5, ok=True)
    cases = [CaseReport(case="base/default", mode=mode, comparisons=(same,)) for mode in ("eager", "graph")]
    cases += [
        CaseReport(case="base/default", mode="xla", comparisons=(far,)),
        CaseReport(case="base/default", mode="tflite", comparisons=(near,)),
    ]
    checks = (Check(name="savedmodel", status=Status.SKIP, detail="its signature takes other inputs"),)
    report = HeadReport(tf_class="TFXModel", pt_class="XModel", cases=tuple(cases), checks=checks)
    found = _head(report, "XModel")
    assert (
        found["ok"]
        and found["worst"] == 1e-6
        and found["diverges"] is None
        and set(found["cases"]) == {"eager", "graph"}
    )
    assert found["exports"] == {
        "savedmodel": "its signature takes other inputs",
        "xla": "logits differs: far off",
        "tflite": "agrees",
    }
