"""Items that read the verification report: absent, not run, failing and passing reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.checklist import all_items
from scaffold.core.reports import CaseReport, Check, CheckResult, Comparison, HeadReport, Status, VerificationReport
from tests.checklist.miniature import subject

ITEMS = {item.code: item for item in all_items()}
REPORTED = ["CHK105", "CHK106", "CHK160", "CHK161"]
GOOD = Comparison(tensor="logits", shape=(2, 3), max_abs=1e-7, max_scaled=1e-7, tolerance=1e-5, ok=True)
CHECKS = (
    Check(name="weights-safetensors", status=Status.PASS),
    Check(name="input-dict", status=Status.PASS),
    Check(name="keras-functional", status=Status.SKIP, detail="two inputs"),
    Check(name="save-load-h5", status=Status.PASS),
)
HEAD = HeadReport(
    tf_class="TFWrenModel",
    pt_class="WrenModel",
    cases=(CaseReport(case="base/all", mode="eager", comparisons=(GOOD,)),),
    checks=CHECKS,
)


def judged(code: str, report: VerificationReport | None, root: Path) -> CheckResult:
    return ITEMS[code].check(subject(root, {}, report))


def failing(name: str) -> HeadReport:
    """The good head with one of its checks failing."""
    checks = tuple(replace(c, status=Status.FAIL, detail="it broke") if c.name == name else c for c in CHECKS)
    return replace(HEAD, checks=checks)


@pytest.mark.parametrize("code", REPORTED)
def test_without_a_report_nothing_passes(code: str, tmp_path: Path) -> None:
    result = judged(code, None, tmp_path)
    assert result.status is Status.SKIP
    assert "not been verified" in result.evidence[0] and result.help


@pytest.mark.parametrize("code", REPORTED)
def test_a_report_that_did_not_run_gives_its_reason(code: str, tmp_path: Path) -> None:
    result = judged(code, VerificationReport(heads=(), not_run="no TensorFlow"), tmp_path)
    assert result.status is Status.SKIP
    assert "no TensorFlow" in result.evidence[0]


@pytest.mark.parametrize("code", REPORTED)
def test_a_good_report_passes(code: str, tmp_path: Path) -> None:
    result = judged(code, VerificationReport(heads=(HEAD,)), tmp_path)
    assert result.status is Status.PASS, result
    assert "TFWrenModel" in result.evidence[0]


def test_what_was_not_run_is_said_beside_a_pass(tmp_path: Path) -> None:
    assert (
        "keras-functional not run (two inputs)"
        in judged("CHK106", VerificationReport(heads=(HEAD,)), tmp_path).evidence[0]
    )


@pytest.mark.parametrize(
    ("code", "name"), [("CHK105", "weights-safetensors"), ("CHK106", "input-dict"), ("CHK161", "save-load-h5")]
)
def test_a_failing_check_fails_its_item_only(code: str, name: str, tmp_path: Path) -> None:
    report = VerificationReport(heads=(HEAD, failing(name)))
    statuses = {other: judged(other, report, tmp_path).status for other in REPORTED}
    assert statuses == {other: Status.FAIL if other == code else Status.PASS for other in REPORTED}
    assert any(f"{name}: it broke" in line for line in judged(code, report, tmp_path).evidence)


def test_checks_that_never_ran_are_no_pass(tmp_path: Path) -> None:
    head = replace(HEAD, checks=tuple(replace(c, status=Status.SKIP, detail="no time") for c in CHECKS))
    assert judged("CHK105", VerificationReport(heads=(head,)), tmp_path).status is Status.SKIP


@pytest.mark.parametrize(
    ("case", "evidence"),
    [
        (
            CaseReport(case="base/all", mode="graph", comparisons=(replace(GOOD, ok=False, max_scaled=0.5),)),
            "logits is 5.0e-01",
        ),
        (CaseReport(case="base/all", mode="eager", error="ValueError: no"), "ValueError: no"),
    ],
    ids=["difference", "error"],
)
def test_a_differing_case_fails_parity(case: CaseReport, evidence: str, tmp_path: Path) -> None:
    report = VerificationReport(heads=(replace(HEAD, cases=(*HEAD.cases, case)),))
    result = judged("CHK160", report, tmp_path)
    assert result.status is Status.FAIL
    assert evidence in result.evidence[0]


def test_nothing_compared_fails_parity(tmp_path: Path) -> None:
    result = judged("CHK160", VerificationReport(heads=(replace(HEAD, cases=()),)), tmp_path)
    assert result.status is Status.FAIL and "nothing was compared" in result.evidence[0]


@pytest.mark.parametrize("code", REPORTED)
def test_a_crashed_class_fails_every_item(code: str, tmp_path: Path) -> None:
    report = VerificationReport(heads=(HEAD, replace(HEAD, cases=(), checks=(), error="killed by signal 9")))
    result = judged(code, report, tmp_path)
    assert result.status is Status.FAIL
    assert any("killed by signal 9" in line for line in result.evidence)
