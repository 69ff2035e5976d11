"""The two reports: what is said, that a browser shows it, and that text of the clone stays text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scaffold.compare import ClassComparison, Comparison, to_html, to_text
from scaffold.compare.result import Cause, Origin, Place, Row, class_from

HOSTILE = "x = '<script>document.title = 1</script>'"


def row(order: int, path: str, output: float | None, *, alone: float | None = None, off: bool = False) -> Row:
    return Row(
        order=order,
        path=path,
        depth=2,
        leaf=True,
        pt_class="Linear",
        tf_class="Dense",
        input=0.0,
        output=output,
        alone=alone,
        off=off,
        error=None,
    )


ORIGIN = Origin(
    path="encoder.0.attention",
    kind="code",
    tf_class="TFXAttention",
    pt_class="XAttention",
    variable="scores",
    error=1.5,
    absolute=2.0,
    note="at [0, 1]: TensorFlow 3, PyTorch 1",
    between=("encoder.0.attention.key", "encoder.0.attention.dropout"),
    tf=Place(file="modeling_tf_x.py", line=12, text=HOSTILE),
    pt=Place(file="modeling_x.py", line=10, text="x = y / 2"),
    made=None,
    message="",
    causes=(Cause(cause="scale", explained=1.0, detail="√8 times"),),
)
ROWS = (
    row(0, "embeddings", 1e-7),
    row(1, "encoder.0.attention.key", 2e-7),
    row(2, "encoder.0.attention.dropout", 0.5, alone=0.0),
    row(3, "encoder.0.output", None, alone=0.2, off=True),
)
BAD = ClassComparison(
    tf_class="TFXModel",
    pt_class="XModel",
    status="differs",
    detail="last_hidden_state",
    case="base/default",
    cases=3,
    refused={"base/head_mask": "NotImplementedError"},
    rows=ROWS,
    origins=(ORIGIN,),
)
GOOD = ClassComparison(
    tf_class="TFXHead",
    pt_class="XHead",
    status="agrees",
    detail="",
    case="base/default",
    cases=1,
    refused={},
    rows=ROWS[:2],
)
BOTH = Comparison(model="x", classes=(BAD, GOOD), environment="TensorFlow 2.18")


def test_the_text_names_layer_lines_and_cause() -> None:
    text = to_text(BOTH)
    for part in (
        "starts in encoder.0.attention (TFXAttention, its own statements after key and before dropout)",
        "modeling_tf_x.py:12",
        "modeling_x.py:10",
        "1. a missing or wrong factor (explains 100%): √8 times",
        "passes on",
        "← off alone",
        "raises in base/head_mask",
        "TFXHead: agrees in 1 case",
        "1 of 2 classes agree",
    ):
        assert part in text, part


def test_the_same_place_is_told_once() -> None:
    text = to_text(replace(BOTH, classes=(BAD, replace(BAD, tf_class="TFXOther"))))
    assert text.count("a missing or wrong factor") == 1 and "the same place as in TFXModel" in text


def test_untried_causes_come_with_their_test() -> None:
    origin = replace(ORIGIN, causes=(), tf=Place(file="f.py", line=1, text="x = stable_softmax(y)"))
    text = to_text(replace(BOTH, classes=(replace(BAD, origins=(origin,)),)))
    assert "not tried:" in text and "before the softmax" in text


def test_what_could_not_run_is_no_success() -> None:
    nothing = Comparison(model="x", classes=(), not_run="no TensorFlow")
    assert not nothing.ok and "not run: no TensorFlow" in to_text(nothing) and "no TensorFlow" in to_html(nothing)
    assert not replace(BOTH, classes=(replace(GOOD, weights="missing decoder.weight"),)).ok


def test_json_comes_back() -> None:
    data = BOTH.as_json()
    assert data["ok"] is False
    assert tuple(class_from(entry) for entry in data["classes"]) == BOTH.classes


def test_the_page_carries_everything_itself() -> None:
    page = to_html(BOTH)
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "http" not in page and "src=" not in page


@pytest.mark.e2e
def test_a_browser_shows_the_plot(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(to_html(BOTH), encoding="utf-8")
    browser.get((tmp_path / "report.html").as_uri())
    plots = browser.find_elements("tag name", "svg")
    assert len(plots) == 2 and plots[0].is_displayed()
    circles = plots[0].find_elements("css selector", "circle")
    heights = [circle.location["y"] for circle in circles]
    assert len(circles) == 4
    assert heights[3] < heights[2] < heights[1]  # shapes that differ are drawn above any number
    first = plots[0].find_element("css selector", ".first").location["x"]
    assert circles[1].location["x"] < first < circles[2].location["x"] + circles[2].size["width"]
    assert browser.title == "x: TensorFlow beside PyTorch"  # the clone's text was not run
    open_tables = [d.get_attribute("open") is not None for d in browser.find_elements("tag name", "details")]
    assert open_tables == [True, False]
