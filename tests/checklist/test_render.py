"""The three renderings of the results."""

from __future__ import annotations

import json

from scaffold.checklist import failed, to_json, to_markdown, to_text
from scaffold.core.reports import CheckResult, Status

PASS = CheckResult(code="CHK1", title="one", status=Status.PASS, evidence=("a.py:1 x", "a.py:2 y", "a.py:3 z"))
FAIL = CheckResult(code="CHK2", title="two", status=Status.FAIL, evidence=("a.py:4 bad",), help="Mend it.")
SKIP = CheckResult(code="CHK3", title="three", status=Status.SKIP, evidence=("no docs",))
MANUAL = CheckResult(code="CHK4", title="four", status=Status.MANUAL, evidence=("branch",), help="Push it.")
ALL = (PASS, FAIL, SKIP, MANUAL)


def test_failed() -> None:
    assert failed(ALL)
    assert not failed((PASS, SKIP, MANUAL))


def test_text() -> None:
    text = to_text(ALL)
    assert "FAIL   CHK2  two\n         a.py:4 bad\n         = help: Mend it.\n" in text
    assert "a.py:3 z" not in text and "… and 1 more" in text
    assert "a.py:3 z" in to_text(ALL, verbose=True)
    assert text.endswith("\n1 PASS, 1 FAIL, 1 SKIP, 1 MANUAL\n")


def test_markdown() -> None:
    lines = to_markdown(ALL).splitlines()
    assert "- [x] CHK1 one: PASS" in lines
    assert "- [ ] CHK2 two: FAIL" in lines
    assert "  - `a.py:4 bad`" in lines
    assert "- CHK3 three: skipped – no docs" in lines
    assert "- [ ] CHK4 four: MANUAL" in lines


def test_json_is_complete() -> None:
    data = json.loads(to_json(ALL))
    assert data["ok"] is False
    assert data["counts"] == {"PASS": 1, "FAIL": 1, "SKIP": 1, "MANUAL": 1}
    assert data["items"][1] == {
        "code": "CHK2",
        "title": "two",
        "status": "FAIL",
        "evidence": ["a.py:4 bad"],
        "help": "Mend it.",
    }
