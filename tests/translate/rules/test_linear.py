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


def test_equations_that_sum_over_nothing_are_products() -> None:
    types = {"a": known("float32[2]"), "b": known("float32[3]")}
    assert translate_expression('torch.einsum("bq,bqk->bqk", a, b)', types)[0] == "a[:, :, None] * b"
    for equation in ("bq,bqk->bk", "bq,kqb->bqk", "bq,hkl->bqhkl", "bq,bhk->bqk"):
        assert "einsum" in translate_expression(f'torch.einsum("{equation}", a, b)', types)[0]
