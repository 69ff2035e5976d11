"""Loops that write one row of a tensor each, and masks that hide nothing."""

from __future__ import annotations

from scaffold.translate.markers import parse
from tests.translate.checkouts import statements

LOOP = """
for i, row_mask in enumerate(m):
    count = row_mask.sum()
    values = n * count
    x[i][row_mask.view(-1)] = v
"""
TYPES = {"m": "bool[2]", "x": "int64[2]", "v": "int64[1]", "n": "int", "row_mask": "bool[1]"}


def test_rows_that_are_written_one_by_one_are_mapped() -> None:
    text = statements(LOOP, **TYPES)
    assert "def x_row(inputs):\n    i, row_mask = inputs" in text
    assert "return _masked_scatter(row, tf.reshape(row_mask, [-1]), tf.cast(v, row.dtype))" in text
    assert "x = tf.map_fn(x_row, (tf.range(shape_list(m)[0]), m), fn_output_signature=x.dtype)" in text


def test_rows_of_several_tensors_of_which_a_part_is_written() -> None:
    loop = "for i, (a, b) in enumerate(zip(m, n)):\n    r = a.repeat_interleave(b, dim=0)\n    x[i, : r.size(0)] = r"
    text = statements(loop, m="float32[3]", n="int64[2]", x="float32[3]", a="float32[2]", b="int64[1]", r="float32[2]")
    assert "def x_row(inputs):\n    i, a, b = inputs\n    r = tf.repeat(a, repeats=b, axis=0)" in text
    assert "x = tf.map_fn(x_row, (tf.range(shape_list(m)[0]), m, n), fn_output_signature=x.dtype)" in text
    assert "row = x[i]" in text


def test_each_branch_writes_the_row() -> None:
    loop = """
for i, a in enumerate(m):
    # where padding begins
    if (a == 0).sum():
        pos = a.argmax()
        x[i] = a[pos:]
    else:
        # nothing is padded
        x[i] = a + 1
"""
    text = statements(loop, m="int64[2]", x="int64[2]", a="int64[1]", pos="int64[0]")
    assert "    # where padding begins\n    if tf.reduce_sum(tf.cast(a == 0, tf.int32)) != 0:\n" in text
    assert "        return a[pos:]\n    else:\n        # nothing is padded\n        return a + 1\n" in text
    assert "x = tf.map_fn(x_row, (tf.range(shape_list(m)[0]), m), fn_output_signature=x.dtype)" in text
    assert "map_fn" not in statements(
        loop.replace("x[i] = a + 1", "y[i] = a + 1"), m="int64[2]", x="int64[2]", y="int64[2]"
    )


def test_rows_that_are_left_as_they_are_or_written_to_several_times() -> None:
    loop = """
for i, a in enumerate(m):
    # nothing to stop at
    if a.sum() == 0:
        continue

    stop = a.argmax()
    x[i, stop:] = 3
    if stop - 3 < x.shape[1]:
        x[i, -3:] = v
"""
    text = statements(loop, m="int64[2]", x="int64[2]", a="int64[1]", stop="int64[0]", v="int64[1]")
    assert "    i, a = inputs\n    row = x[i]\n    # nothing to stop at\n" in text
    assert "    if tf.reduce_sum(a) == 0:\n        return row\n\n    stop = " in text
    assert "    if stop - 3 < shape_list(x)[1]:\n        row = " in text and "    return row\n\nx = tf.map_fn(" in text
    longer = statements(loop, m="int64[2]", x="int64[2]", a="int64[1]", stop="int64[0]", v="int64[2]")
    assert "row = tf.concat([row[:-3], tf.reshape(v, [-1])], axis=0)" in longer
    assert "map_fn" not in statements(loop.replace("continue", "break"), m="int64[2]", x="int64[2]", a="int64[1]")


def test_a_loop_that_does_more_stays_and_says_what_it_cannot() -> None:
    text = statements(LOOP.replace("values = n * count", "self.seen += 1"), **TYPES)
    assert "map_fn" not in text
    assert [m.code for m in parse(text)] == ["TFP120"]


def test_a_full_mask_is_made_like_any_other() -> None:
    text = statements("if not torch.any(~m):\n    m = None\nelif not self.flash:\n    m = f(m)", **TYPES)
    assert text == "if not self.flash:\n    m = f(m)"
    assert statements("if not torch.any(~m):\n    m = None\nelse:\n    m = f(m)", **TYPES) == "m = f(m)"
