"""The pages of a sweep: their numbers add up, nothing in them is taken for markup, and a browser sorts and filters them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from scaffold.sweep.causes import OUTCOMES
from scaffold.sweep.pages import context, html, markdown
from scaffold.sweep.task import judged

PAGE = Path(__file__).parents[2] / "docs/reference/ports.md"
NASTY = "<script>alert(1)</script> | `x` {{ 7*7 }}"


def head(name: str, **changes: Any) -> dict[str, Any]:
    cases = {"eager": [3, 3, 0], "graph": [1, 1, 2]}
    return {
        "class": name,
        "pt_class": name[2:],
        "ok": True,
        "worst": 2e-6,
        "cases": cases,
        "diverges": None,
        "error": None,
        "failed_checks": [],
    } | changes


def row(model: str, *heads: dict[str, Any], markers: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    marked = [
        {"code": "TFP101", "subject": text, "message": "no rule", "line": 3, "owner": "XLayer"} for text in markers
    ]
    made = {"seconds": {"probe": 4.0, "verify": 20.5}, "coverage": [90, 100], "lines": [900, 1000], "cpu": 36.0}
    known = {"model": model, "error": None, "heads": list(heads), "markers": marked, "withheld": [], "peak_mib": 2048}
    return judged(known | made | changes)


ROWS = [
    row("roc_bert/roc_bert", head("TFRoCBertModel"), head("TFRoCBertForMaskedLM"), date="2026-01-02T00:00:00+00:00"),
    row("detr/detr", head("TFDetrModel", ok=False, diverges="TFDetrModel diverges first at logits: 1.0")),
    row("bit/bit", markers=("torch.foo",), withheld=[["BitModel", "marked"]]),
    row("dac/dac", markers=("torch.foo",), cpu=None),
    row("later/later", error=f"PRB105 {NASTY}", coverage=None, lines=None, seconds={}),
    row("fsmt/fsmt", head("TFFsmtModel"), head("TFFsmtLM", ok=False, error="the weights could not be loaded")),
]


def test_the_numbers() -> None:
    found = context(ROWS)
    assert dict(found["totals"]) == {"strict": 1, "partial": 1, "wrong": 1, "marked": 2, "failed": 1}
    assert found["causes"][0] == ("TFP101 torch.foo", ["bit", "dac"])
    assert (found["heads"], found["strict_heads"], found["wrong_heads"]) == (5, 3, 1)
    assert (found["known"], found["known_run"]) == (189, 5)
    assert found["groups"] == [("A", 1, 2), ("B", 0, 3), ("–", 0, 1)]
    assert found["peak_gib"] == 2.0 and found["cpu_hours"] == pytest.approx(5 * 36 / 3600)


def table(text: str, title: str) -> list[list[str]]:
    """The rows of the Markdown table whose first column is called so."""
    lines = text.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {title} |")) + 2
    rows = []
    while lines[start].startswith("|"):
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", lines[start])[1:-1]])
        start += 1
    return rows


def check_totals(text: str) -> None:
    models = table(text, "model")
    assert len({line[0] for line in models}) == len(models)
    assert table(text, "outcome") == [[o, str(sum(line[2] == o for line in models))] for o in OUTCOMES]


def test_exports_are_counted_apart_from_the_outcome() -> None:
    good, bad = {"xla": "agrees", "tflite": "agrees"}, {"xla": "agrees", "tflite": "op FOO at 12 is not there"}
    rows = [
        row("roc_bert/roc_bert", head("TFRoCBertModel", exports=good), head("TFRoCBertForMaskedLM", exports=bad)),
        row("fnet/fnet", head("TFFNetModel", exports={"xla": "agrees", "tflite": "op FOO at 7 is not there"})),
        row("dac/dac", head("TFDacModel", exports=good), head("TFDacLM")),
        row("bit/bit", head("TFBitModel", ok=False, error="KeyError", exports=bad)),
    ]
    found = context(rows)
    assert found["modes"] == [("xla", 3, 3), ("tflite", 1, 3)]
    assert found["export_causes"] == [("tflite", "op FOO at N is not there", ["fnet", "roc_bert"])]
    text = markdown(rows)
    assert table(text, "mode")[1] == ["tflite", "1", "3"]
    assert {line[0]: line[8:10] for line in table(text, "model")}["roc_bert"] == ["2/2", "1/2"]


def test_the_markdown_page_adds_up() -> None:
    text = markdown(ROWS)
    check_totals(text)
    models = {line[0]: line for line in table(text, "model")}
    assert models["roc_bert"][1:8] == ["A", "strict", "2/2", "2.0e-06", "1000", "90 %", ""]
    assert models["bit"][3] == "0/1"
    assert "{{" not in models["later"][8].replace(NASTY, "") and models["later"][8].startswith("`PRB105: ")
    assert text.count("\n\n\n") == 0


def test_the_committed_page_adds_up() -> None:
    check_totals(PAGE.read_text(encoding="utf-8"))


def test_the_html_page_needs_nothing_else_and_escapes() -> None:
    text = html(ROWS)
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text
    assert not re.search(r"""(?:src|href)\s*=|url\(|@import|https?://""", text)


@pytest.mark.e2e
def test_a_browser_sorts_and_filters(browser: Any, tmp_path: Path) -> None:
    from selenium.webdriver.support.ui import Select

    (tmp_path / "ports.html").write_text(html(ROWS), encoding="utf-8")
    browser.get((tmp_path / "ports.html").as_uri())

    def shown() -> list[str]:
        rows = browser.find_elements("css selector", "#models tbody tr")
        return [row.find_element("tag name", "td").text for row in rows if row.is_displayed()]

    def press(title: str) -> None:
        buttons = browser.find_elements("css selector", "#models th button")
        next(button for button in buttons if button.text == title).click()

    assert shown() == ["roc_bert", "fsmt", "detr", "bit", "dac", "later"]
    press("model")
    assert shown() == ["bit", "dac", "detr", "fsmt", "later", "roc_bert"]
    press("model")
    assert shown()[0] == "roc_bert"
    press("classes")
    assert shown()[-1] == "roc_bert" and shown()[-2] == "fsmt"
    press("outcome")
    assert shown()[0] == "roc_bert"

    browser.find_element("id", "text").send_keys("torch.foo")
    assert sorted(shown()) == ["bit", "dac"]
    assert browser.find_element("id", "shown").text == "2 models"
    browser.find_element("css selector", "button[type=reset]").click()
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert len(shown()) == 6
    Select(browser.find_element("id", "outcome")).select_by_visible_text("strict")
    assert shown() == ["roc_bert"]
    browser.find_element("css selector", "button[type=reset]").click()
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    browser.find_element("css selector", "button[data-cause='TFP101 torch.foo']").click()
    assert sorted(shown()) == ["bit", "dac"]
    browser.find_element("css selector", "button[type=reset]").click()
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    browser.find_element("css selector", "tr[data-outcome=strict] summary").click()
    assert "TFRoCBertForMaskedLM eager 3/3 graph 1/1 (2 skipped), worst 2.0e-06" in shown()[0]
    assert browser.get_log("browser") == []
