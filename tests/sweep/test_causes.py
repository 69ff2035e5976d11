"""What failures are grouped by."""

from __future__ import annotations

from typing import Any

import pytest

from scaffold.sweep.causes import blurred, cause_of
from scaffold.sweep.task import outcome_of

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
