"""Linear maps whose bias only some configurations have."""

from __future__ import annotations

from scaffold.core.typedb import Observation, TypeInfo
from scaffold.translate.engine import translate_expression
from tests.translate.checkouts import known


def test_a_bias_that_may_be_missing_is_asked_for() -> None:
    types = {"x": known("float32[3]"), "w": known("float32[2]"), "b": known("float32[1]")}
    text = "F.linear(x, w, bias=b)"
    assert translate_expression(text, types)[0].endswith(" + b")
    seen = TypeInfo((Observation("tensor", "float32", 1), Observation("none")))
    assert translate_expression(text, {**types, "b": seen})[0].endswith(" + (0.0 if b is None else b)")
