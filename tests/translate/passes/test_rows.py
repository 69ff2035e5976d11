"""Loops that change the rows of a tensor in place."""

from __future__ import annotations

from tests.translate.checkouts import body_of, statements


def test_changed_rows_are_stacked() -> None:
    before = "for v, row in zip(parts, x):\n    row[: v.shape[0]].copy_(v)"
    assert statements(before, x="float32[2]", v="float32[1]", row="float32[1]") == (
        "row_rows = []\n"
        "for v, row in zip(parts, tf.unstack(x)):\n"
        "    row = tf.concat([v, row[shape_list(v)[0]:]], axis=0)\n"
        "    row_rows.append(row)\n"
        "x = tf.stack(row_rows)"
    )


def test_rows_that_are_only_read_stay() -> None:
    assert "tf.stack(" not in statements("for row in x:\n    y.append(row)", x="float32[2]", row="float32[1]")


def test_a_loop_that_may_leave_early_is_refused() -> None:
    text = (
        "def f(x, row):\n    for row in x:\n        if done:\n            break\n        row[0] = 1.0\n    return x\n"
    )
    _, engine = body_of(text, x="float32[2]", row="float32[1]")
    assert any(d.code == "TFP120" for d in engine.diagnostics)
