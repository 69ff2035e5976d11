"""Sums and running totals of masks, which may be of booleans."""

from __future__ import annotations

import pytest

from tests.translate.checkouts import statements

MASK = {"attention_mask": "int64[2]", "x": "int64[2]"}
CAST = "tf.cast(attention_mask, tf.int32)"


@pytest.mark.parametrize(
    ("torch", "tf"),
    [
        ("attention_mask.sum(-1)", f"tf.reduce_sum({CAST}, axis=-1)"),
        ("attention_mask.cumsum(dim=-1)[:, -1]", f"tf.cumsum({CAST}, axis=-1)[:, -1]"),
        (
            "attention_mask.flip([-1]).cumsum(-1).flip([-1]).bool()",
            "tf.cast(tf.reverse(tf.cumsum(tf.cast(tf.reverse(attention_mask, axis=[-1]), tf.int32), axis=-1), axis=[-1]), "
            "tf.bool)",
        ),
        ("attention_mask.cumsum(-1) * attention_mask", "tf.cumsum(attention_mask, axis=-1) * attention_mask"),
        ("attention_mask.sum()", "tf.reduce_sum(attention_mask)"),
        ("x.sum(-1)", "tf.reduce_sum(x, axis=-1)"),
    ],
)
def test_a_mask_that_is_counted_may_be_of_booleans(torch: str, tf: str) -> None:
    assert statements(f"y = {torch}", **MASK) == f"y = {tf}"


def test_a_mask_of_fractions_is_summed_as_it_is() -> None:
    assert statements("y = attention_mask.sum(-1)", attention_mask="float32[2]") == (
        "y = tf.reduce_sum(attention_mask, axis=-1)"
    )
