"""Checks of shapes: an assertion TensorFlow can make, or one for eager mode."""

from __future__ import annotations

import ast

from tests.translate.checkouts import statements

TYPES = {"x": "float32[2]", "n": "int"}


def test_whole_shapes_are_asserted() -> None:
    text = statements('if x.size() != (n, 2):\n    raise ValueError(f"bad {x.size()}")', **TYPES)
    assert text == 'tf.debugging.assert_equal(shape_list(x), [n, 2], message=(f"bad {shape_list(x)}"))'


def test_without_a_message() -> None:
    text = statements("if x.shape != (n, 2):\n    raise ValueError", **TYPES)
    assert text == "tf.debugging.assert_equal(shape_list(x), [n, 2])"


def test_single_dimensions_are_asked_in_eager_mode_only() -> None:
    text = statements('if x.shape[1] != n or n == 0:\n    # why\n    raise ValueError("bad")', **TYPES)
    assert text == (
        'if tf.executing_eagerly() and (shape_list(x)[1] != n or n == 0):\n    # why\n    raise ValueError("bad")'
    )


def test_values_that_come_from_a_shape_count() -> None:
    text = statements("batch, length = x.shape\nif length > n:\n    raise ValueError(length)", **TYPES)
    assert "if tf.executing_eagerly() and length > n:" in text


def test_configuration_checks_stay() -> None:
    text = "if self.config.width % n != 0:\n    raise ValueError(n)"
    assert statements(text, **TYPES) == text


def test_checks_that_do_more_than_raise_stay() -> None:
    text = "if x.shape[0] != n:\n    x = f(x)"
    assert ast.unparse(ast.parse(statements(text, **TYPES))) == "if shape_list(x)[0] != n:\n    x = f(x)"


def test_asserts_about_shapes_go_and_others_stay() -> None:
    assert statements("assert x.shape[0] == n, 'bad'", **TYPES) == "pass"
    assert statements("assert n > 1, 'bad'", **TYPES) == "assert n > 1, 'bad'"


def test_a_tensor_that_depends_on_a_length_is_chosen_without_a_python_branch() -> None:
    text = statements("length = x.shape[1]\nif length != 1:\n    x = torch.triu(x, diagonal=1)", **TYPES)
    assert "x = tf.cond(tf.not_equal(length, 1), lambda: _triu(x, 1), lambda: x)" in text


def test_a_configured_number_decides_in_python() -> None:
    text = statements("if n != 1:\n    x = torch.triu(x, diagonal=1)", **TYPES)
    assert text.startswith("if n != 1:")


LOOP = """
for k in range(n):
    rows = pick(k)
    if rows.shape[0] == 0:
        continue
    {last}
"""


def test_a_round_that_writes_no_rows_need_not_be_left_out() -> None:
    text = statements(LOOP.format(last="x.index_add_(0, rows, y[rows])"), x="float32[2]", y="float32[2]", n="int")
    assert "continue" not in text
    assert "x = tf.tensor_scatter_nd_add(x, tf.expand_dims(rows, axis=-1)" in text


def test_any_other_round_may_be_left_out() -> None:
    assert "continue" in statements(LOOP.format(last="x = x + rows.max()"), x="float32[2]", n="int")


def test_a_loop_over_the_members_that_are_needed_runs_over_all() -> None:
    text = statements(
        "idx = torch.nonzero(n, as_tuple=True)[0].tolist()\nfor k in idx:\n    x[m[:, k]] = self.f(y[m[:, k]])",
        x="float32[2]",
        y="float32[2]",
        m="bool[2]",
        n="int64[1]",
    )
    assert text.startswith("idx = range(shape_list(n)[0])\nfor k in idx:\n")


def test_a_length_of_a_tensor_is_a_dimension() -> None:
    text = statements('if len(x) != n:\n    raise ValueError("bad")', **TYPES)
    assert text.startswith("if tf.executing_eagerly() and shape_list(x)[0] != n:")


def test_a_number_counted_in_a_tensor_is_asserted() -> None:
    text = statements('k = (x > 0).sum().item()\nif k != n:\n    raise ValueError("bad")', **TYPES)
    assert text.endswith('tf.debugging.assert_equal(k, n, message=("bad"))')


def test_a_padding_mask_that_marks_nothing_stays() -> None:
    types = {"padding_mask": "bool[2]", "mask": "bool[2]"}
    text = statements("if not padding_mask.any():\n    padding_mask = None\nreturn padding_mask", **types)
    assert text == "return padding_mask"
    kept = statements("if not mask.any():\n    mask = None\nreturn mask", **types)
    assert "mask = None" in kept


def test_a_factor_of_ones_stays() -> None:
    types = {"attention_mask": "int64[2]", "position": "int64[1]"}
    text = """
    factor = attention_mask
    if position[0] > 0 or (attention_mask is not None and torch.all(attention_mask == 1)):
        factor = None
    return factor
    """
    assert statements(text, **types) == "factor = attention_mask\nreturn factor"


def test_a_rank_is_known_when_a_graph_is_traced() -> None:
    text = statements("if len(mask.shape) > 2:\n    mask = mask[:, :, -1]", mask="float32[3]")
    assert "tf.cond" not in text and "if len(shape_list(mask)) > 2:" in text


def test_how_pytorch_loads_tensorflow_is_left_out() -> None:
    text = statements('from_tf = kwargs.pop("from_tf", False)\nif from_tf:\n    x = load(x)\ny = x', x="float32[3]")
    assert text == "y = x"
    text = statements(
        'if kwargs.get("_fast_init", False):\n    warn(x)\nkwargs["_fast_init"] = False\ny = x', x="float32[3]"
    )
    assert text == "y = x"


def test_a_length_that_is_handed_on_may_be_unknown_too() -> None:
    source = "missing = max(length - 3, 0)\nif missing > 0:\n    x = nn.functional.pad(x, (0, missing))"
    text = statements(source, x="float32[2]", length="int", missing="int")
    assert text.startswith("missing = tf.maximum(length - 3, 0)\nx = tf.cond(")
    assert "tf.greater(missing, 0)" in text


def test_a_number_in_a_list_is_chosen_too() -> None:
    text = statements(
        "n = x.shape[0]\nif total < n:\n    p[0] = p[0] + (n - total)\nelif total > n:\n    p[1] = p[1] + (total - n)",
        x="float32[2]",
        total="int",
    )
    assert "p[0] = tf.cond(tf.less(total, n), lambda: p[0] + (n - total), lambda: p[0])" in text
    assert "p[1] = tf.cond(tf.logical_and(tf.logical_not(tf.less(total, n)), tf.greater(total, n))" in text


def test_a_check_of_values_raises_tensorflows_error() -> None:
    check = 'if len(torch.unique_consecutive(x.sum(1))) > 1:\n    raise ValueError("All examples alike.")'
    text = statements(check, x="int64[2]")
    counted = "shape_list(_unique_consecutive(tf.reduce_sum(x, axis=1)))[0]"
    assert text.startswith("if tf.executing_eagerly():\n    tf.debugging.assert_less_equal(")
    assert f'{counted}, 1, message=("All examples alike.")' in text
