"""Reports as text and Markdown."""

from __future__ import annotations

from scaffold.core.reports import CaseReport, HeadReport, VerificationReport
from scaffold.verify import to_markdown, to_text
from tests.verify.reports import REPORT


def test_text_has_one_row_a_class_and_names_what_failed() -> None:
    lines = to_text(REPORT).splitlines()
    assert lines[0].split() == ["class", "cases", "worst", "difference", "weights", "checks", "verdict"]
    assert lines[1].split() == ["TFXModel", "1/1", "1.0e-07", "1/1", "1/1", "PASS"]
    assert lines[2].split() == ["TFXForA", "0/1", "inf", "–", "–", "FAIL"]
    assert lines[3].split() == ["TFXForB", "0/1", "–", "0/1", "–", "FAIL"]
    text = "\n".join(lines)
    assert "TFXForA: FAIL first divergence at hidden_states/1 in base/minimal (eager): at [0]" in text
    assert "TFXForB: FAIL base/full (eager): ValueError: no (modeling_tf_x.py:3)" in text
    assert "TFXForB: FAIL weights-bin: missing a | b" in text
    assert "TFXForB: not run base/full (graph): no time" in text
    assert "1 of 3 classes agree with PyTorch: 3 tensors compared" in lines[-1]


def test_markdown_is_a_table_with_folded_details() -> None:
    text = to_markdown(REPORT)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 5 and len({row.count("|") for row in rows}) == 1
    assert "| `TFXForA` | 0/1 | inf |" in text and "<details>" in text


def test_a_verification_that_did_not_run_is_no_table() -> None:
    report = VerificationReport(heads=(), not_run="no TensorFlow")
    assert to_text(report) == "not run: no TensorFlow\n"
    assert "not run" in to_markdown(report) and "|" not in to_markdown(report)


def test_a_class_with_nothing_compared_says_so() -> None:
    empty = HeadReport(tf_class="TFX", pt_class="X", cases=(CaseReport(case="a", mode="graph", skipped="no time"),))
    report = VerificationReport(heads=(empty,))
    assert not report.ok
    assert "TFX: FAIL nothing was compared" in to_text(report)
