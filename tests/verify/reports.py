"""Reports for the tests of rendering, storing and localising."""

from __future__ import annotations

import math

from scaffold.core.reports import CaseReport, Check, Comparison, HeadReport, Status, VerificationReport


def comparison(tensor: str, scaled: float = 1e-7, note: str = "") -> Comparison:
    ok = scaled <= 1e-5
    return Comparison(tensor=tensor, shape=(2, 3), max_abs=scaled, max_scaled=scaled, tolerance=1e-5, ok=ok, note=note)


def head(name: str = "TFXModel", *comparisons: Comparison, **other: object) -> HeadReport:
    case = CaseReport(case="base/minimal", mode="eager", comparisons=comparisons or (comparison("logits"),))
    return HeadReport(tf_class=name, pt_class=name[2:], **{"cases": (case,), **other})  # type: ignore[arg-type]


PASSING = head(
    checks=(
        Check(name="weights-bin", status=Status.PASS),
        Check(name="save-load-h5", status=Status.PASS),
        Check(name="training-changes-output", status=Status.SKIP, detail="no dropout"),
    )
)
DIVERGING = head("TFXForA", comparison("logits", math.inf, "shape [1]"), comparison("hidden_states/1", 0.5, "at [0]"))
BROKEN = HeadReport(
    tf_class="TFXForB",
    pt_class="XForB",
    cases=(
        CaseReport(case="base/full", mode="eager", error="ValueError: no (modeling_tf_x.py:3)"),
        CaseReport(case="base/full", mode="graph", skipped="no time"),
    ),
    checks=(Check(name="weights-bin", status=Status.FAIL, detail="missing a | b"),),
)
REPORT = VerificationReport(heads=(PASSING, DIVERGING, BROKEN), seconds=12.3, environment="TensorFlow 2.18")
