"""Assignments into tensors bind the name anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaffold.translate import markers
from tests.frameworks import tensorflow
from tests.translate.checkouts import body_of, statements

FUNCTIONS = Path(__file__).resolve().parents[3] / "templates" / "model" / "functions"

TYPES = {
    "x": "float32[3]",
    "v": "float32[3]",
    "m": "bool[3]",
    "r": "bool[2]",
    "n": "int",
    "o": "int64[3]",
    "k": "bool[1]",
    "i": "int64[1]",
}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x[m] = 0", "x = tf.where(m, tf.cast(0, x.dtype), x)"),
        ("x[r] = 0.5", "x = tf.where(r[..., None], tf.cast(0.5, x.dtype), x)"),
        ("x[:, 1:3] = v", "x = tf.concat([x[:, :1], v, x[:, 3:]], axis=1)"),
        ("x[:, :2] = v", "x = tf.concat([v, x[:, 2:]], axis=1)"),
        ("x[2:] = v", "x = tf.concat([x[:2], v], axis=0)"),
        ("x[:, n] = v[:, 0]", "x = tf.concat([x[:, :n], tf.expand_dims(v[:, 0], axis=1), x[:, n + 1:]], axis=1)"),
        ("x[:, :, -1] = v[0]", "x = tf.concat([x[:, :, :-1], tf.expand_dims(v[0], axis=2)], axis=2)"),
        (
            "x[:, 0] = 1.0  # why",
            "x = tf.concat([tf.fill(shape_list(x[:, 0:1]), tf.cast(1.0, x.dtype)), x[:, 1:]], axis=1)  # why",
        ),
        (
            "x[n, k] = v[0]",
            "x = tf.concat([x[:n], _masked_scatter(x[n], k[..., None], tf.cast(v[0], x.dtype))[None], x[n + 1 :]], axis=0)",
        ),
        ("x[:, :2] = o", "x = tf.concat([tf.cast(o, x.dtype), x[:, 2:]], axis=1)"),
        ("x[:, 1:] = 1.0", "x = tf.concat([x[:, :1], tf.fill(shape_list(x[:, 1:]), tf.cast(1.0, x.dtype))], axis=1)"),
    ],
)
def test_parts_of_a_tensor(before: str, after: str) -> None:
    assert statements(before, **TYPES) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x[i, n] = 1", "x = _assign(x, np.s_[i, n], 1)"),
        ("x[:, ::2] = v", "x = _assign(x, np.s_[:, ::2], v)"),
        (
            "x[..., 1] = v[..., 1]",
            "x = tf.concat([x[:, :, :1], tf.expand_dims(v[..., 1], axis=2), x[:, :, 2:]], axis=2)",
        ),
        ("x[0, 1:2] = v", "x = _assign(x, np.s_[0, 1:2], v)"),
        ("x[:, 0] += n - 1", "x = _assign(x, np.s_[:, 0], x[:, 0] + (n - 1))"),
        ("x[m] = w", "x = _masked_scatter(x, m, tf.cast(w, x.dtype))"),
        ("x[r] = w", "x = tf.where(r[..., None], tf.cast(w, x.dtype), x)"),
        ("x[m] = v[m]", "x = tf.where(m, tf.cast(v, x.dtype), x)"),
        ("x[~r] = 0.0", "x = tf.where(tf.logical_not(r)[..., None], tf.cast(0.0, x.dtype), x)"),
        ("x[:, chosen, :] = 0", "x = _assign(x, np.s_[:, chosen, :], 0)"),
        ("x[p, q, :] = v", "x = _assign_at(x, (p, q), v)"),
        ("u[~seen.bool()] = 0.0", "u = _assign(u, tf.logical_not(tf.cast(seen, tf.bool)), 0.0)"),
    ],
)
def test_other_parts_by_an_emitted_function(before: str, after: str) -> None:
    more = {"w": "float32[1]", "chosen": "list", "p": "int64[2]", "q": "int64[2]", "u": "tensor"}
    assert statements(before, **more, **TYPES) == after


def test_several_parts_from_one_call() -> None:
    """Values in the order of the places, where the function of the file is seen to return such."""
    text = "def split(a):\n    return a, a + 1\n\ndef f(x, y, m):\n    x[m], y[m] = split(x[m])\n    return y"
    written, _ = body_of(text, y="float32[3]", a="float32[1]", **TYPES)
    assert written.split("\n")[:3] == [
        "new_x, new_y = split(tf.boolean_mask(x, m))",
        "x = _masked_scatter(x, m, tf.cast(new_x, x.dtype))",
        "y = _masked_scatter(y, m, tf.cast(new_y, y.dtype))",
    ]
    other = statements("x[m], y[m] = elsewhere(x[m])", y="float32[3]", **TYPES)
    assert [m.code for m in markers.parse(other)] == ["TFP120"]


@pytest.mark.parametrize("text", ["x[i, j] = v", "x[unknown] = v", "x[m] += 1"])
def test_what_is_not_known_is_marked(text: str) -> None:
    written = statements(text, j="int64[2]", **TYPES)
    assert [m.code for m in markers.parse(written)] == ["TFP120"]
    assert written.split("\n")[-1] == text


def test_a_tensor_behind_a_view_changes_with_it() -> None:
    text = "y = x.view(2, -1)\ny[:, 0] = 1.0\nreturn x"
    assert "x = tf.reshape(y, shape_list(x))" in statements(text, y="float32[2]", **TYPES).split("\n")
    assert "x = " not in statements("y = x.view(2, -1)\ny[:, 0] = 1.0\nreturn y", y="float32[2]", **TYPES)


def test_a_view_that_cannot_be_written_through_is_marked() -> None:
    written = statements("y = x.transpose(0, 1)\ny[:, 0] = 1.0\nreturn x", y="float32[3]", **TYPES)
    assert [m.code for m in markers.parse(written)] == ["TFP120"]


def emitted(name: str, **given: Any) -> tuple[Any, dict[str, Any]]:
    """TensorFlow, and what an emitted function's file defines beside what it is given."""
    names: dict[str, Any] = {"tf": tensorflow(), **given}
    exec("from __future__ import annotations\n" + (FUNCTIONS / f"{name}.py").read_text(encoding="utf-8"), names)
    return names["tf"], names


@pytest.mark.e2e
def test_the_emitted_function_assigns_as_numpy_does() -> None:
    tf, names = emitted("assign", shape_list=lambda tensor: tensor.shape.as_list())
    for index, value in (
        (np.s_[:, 1:3, -2:], 7.0),
        (np.s_[0, :, ::2], np.arange(8.0).reshape(4, 2)),
        (np.s_[1, np.array([0, -1])], np.ones((2, 3))),
    ):
        expected = np.arange(24.0).reshape(2, 4, 3)
        tensor = tf.constant(expected)
        expected[index] = value
        parts = tuple(tf.constant(i) if isinstance(i, np.ndarray) else i for i in index)
        assert np.array_equal(names["_assign"](tensor, parts, value).numpy(), expected)
    tensor, expected = tf.constant(np.arange(24.0).reshape(2, 4, 3)), np.arange(24.0).reshape(2, 4, 3)
    expected[:, [0, 2], :] = 0
    assert np.array_equal(names["_assign"](tensor, np.s_[:, [0, 2], :], 0).numpy(), expected)
    expected[np.array([True, False])] = 5
    assert np.array_equal(names["_assign"](tf.constant(expected), tf.constant([True, False]), 5).numpy(), expected)


@pytest.mark.e2e
def test_the_emitted_function_assigns_at_places_as_numpy_does() -> None:
    tf, names = emitted("assign_at")
    expected = np.arange(24.0).reshape(2, 4, 3)
    tensor, rows, places = tf.constant(expected), np.array([[0], [1]]), np.array([[0, 2], [1, -1]])
    value = np.arange(12.0).reshape(2, 2, 3)
    expected[rows, places, :] = value
    assert np.array_equal(names["_assign_at"](tensor, (tf.constant(rows), tf.constant(places)), value), expected)


def test_a_part_between_tensors_is_filled() -> None:
    types: dict[str, str] = {"x": "float32[3]", "a": "int64[0]", "b": "int64[0]", "v": "float32[3]"}
    assert statements("x[a:b, :, a:] = 0", **types) == "x = _fill_between(x, [(a, b), (0, None), (a, None)], 0)"
    assert "_fill_between" not in statements("x[a:b] = v", **types)
    assert "_fill_between" not in statements("x[1:3, :2] = 0", **types)


@pytest.mark.e2e
def test_the_emitted_function_fills_as_numpy_does() -> None:
    tf, names = emitted("fill_between")
    expected = np.arange(24.0).reshape(2, 4, 3)
    tensor = tf.constant(expected)
    expected[:, 1:-1, -2:] = 7
    bounds = [(0, None), (tf.constant(1, tf.int64), tf.constant(-1)), (tf.constant(-2), None)]
    assert np.array_equal(names["_fill_between"](tensor, bounds, 7), expected)


@pytest.mark.parametrize("text", ["d['a'] = 1", "self.d[0] = v"])
def test_other_containers_are_assigned_to(text: str) -> None:
    assert statements(text, d="dict", **TYPES) == text


def test_methods_that_end_in_an_underscore() -> None:
    assert statements("x.masked_fill_(m, 0.0)", **TYPES) == statements("x = x.masked_fill(m, 0.0)", **TYPES)
    assert statements("y.extend_(m)", y="list") == "y.extend_(m)"


def test_what_is_no_name_in_tensorflow_is_not_assigned_to() -> None:
    written = statements("self.dense.weight.mul_(2)", self="module")
    assert not any(line.startswith("tf.transpose(") for line in written.split("\n")), written


def test_a_column_of_squeezed_values_keeps_its_axis_where_the_batch_is_one() -> None:
    types = {"ids": "int64[2]", "last": "int64[2]"}
    text = statements("ids[:, 0] = last.squeeze()", **types)
    assert text == "ids = tf.concat([tf.reshape(last, [-1, 1]), ids[:, 1:]], axis=1)"


def test_places_of_one_row() -> None:
    text = statements("x[n, i] = y[i]", x="float32[3]", y="float32[2]", i="int64[1]", n="int")
    points = "tf.stack([tf.fill(shape_list(i), n), tf.cast(i, tf.int32)], axis=-1)"
    assert text.startswith(f"x = tf.tensor_scatter_nd_update(x, {points}, tf.cast(")


def test_a_tensor_masked_by_a_comparison_with_itself_needs_no_type() -> None:
    assert statements("x[x == 0] = 1", n="int") == "x = tf.where(x == 0, tf.cast(1, x.dtype), x)"


def test_a_dictionary_holds_what_a_loop_over_it_changes() -> None:
    text = "for key, loss in losses.items():\n    if key in wanted:\n        loss *= weight"
    changed = statements(text, losses="dict[1]", wanted="list[1]", weight="float")
    assert changed.split("\n")[-2:] == ["        loss *= weight", "        losses[key] = loss"]
    assert "counts[" not in statements("for key, n in pairs:\n    n += 1", pairs="list[1]")


def test_part_of_something_unknown_with_several_axes() -> None:
    assert statements("y = f(x)\ny[:, :, 0, :] += x", x="float32[2]").endswith(
        "y = _assign(y, np.s_[:, :, 0, :], y[:, :, 0, :] + x)"
    )
    assert statements("y = np.zeros(3)\ny[:, 0] = 1").endswith("y[:, 0] = 1")
    assert statements("y = {}\ny[0, 1] = x", x="float32[2]").endswith("y[0, 1] = x")
    assert statements("for y in ys:\n    y[:, 0] = x", x="float32[2]").endswith(
        "y[:, 0] = x"
    )  # a view of what is looped over


def test_a_method_that_changes_a_part() -> None:
    text = statements("x[i].triu_(1)", x="float32[3]", i="int")
    assert text.startswith("x = tf.concat(") and "_triu(x[i], 1)" in text


def test_a_method_that_changes_what_has_no_name_is_refused() -> None:
    _, engine = body_of("def f(self, x):\n    x.view(-1).triu_(1)\n", x="float32[3]")
    assert [d.code for d in engine.diagnostics] == ["TFP120"]
