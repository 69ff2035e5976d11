"""Assignments into tensors bind the name anew."""

from __future__ import annotations

import pytest

from scaffold.translate import markers
from tests.translate.checkouts import statements

TYPES = {"x": "float32[3]", "v": "float32[3]", "m": "bool[3]", "r": "bool[2]", "n": "int", "i": "int64[1]"}


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
        ("x[:, 1:] = 1.0", "x = tf.concat([x[:, :1], tf.fill(shape_list(x[:, 1:]), tf.cast(1.0, x.dtype))], axis=1)"),
    ],
)
def test_parts_of_a_tensor(before: str, after: str) -> None:
    assert statements(before, **TYPES) == after


@pytest.mark.parametrize("text", ["x[i, n] = 1", "x[:, ::2] = v", "x[..., 1] = v", "x[0, 1:2] = v", "x[m] = v"])
def test_other_parts_are_marked(text: str) -> None:
    written = statements(text, **TYPES)
    assert [m.code for m in markers.parse(written)] == ["TFP120"]
    assert written.split("\n")[-1] == text


@pytest.mark.parametrize("text", ["d['a'] = 1", "self.d[0] = v"])
def test_other_containers_are_assigned_to(text: str) -> None:
    assert statements(text, d="dict", **TYPES) == text


def test_methods_that_end_in_an_underscore() -> None:
    assert statements("x.masked_fill_(m, 0.0)", **TYPES) == statements("x = x.masked_fill(m, 0.0)", **TYPES)
    assert statements("y.extend_(m)", y="list") == "y.extend_(m)"


def test_what_is_no_name_in_tensorflow_is_not_assigned_to() -> None:
    written = statements("self.dense.weight.mul_(2)", self="module")
    assert not any(line.startswith("tf.transpose(") for line in written.split("\n")), written
