"""Loops that reduce the first entries of each row."""

from __future__ import annotations

from textwrap import indent
from typing import Any

import numpy as np
import pytest

from scaffold.core.resources import template
from tests.frameworks import tensorflow
from tests.translate.checkouts import statements

LOOP = """
means = []
stds = []
for i, length in enumerate(lengths):
    means.append(x[i, :length].mean(dim=0))
    stds.append(x[i, :length].std(dim=0))
means = torch.stack(means)
stds = torch.stack(stds)
"""
TYPES = {"x": "float32[3]", "lengths": "int64[1]", "length": "int64[0]"}


def test_all_rows_are_reduced_at_once() -> None:
    assert statements(LOOP, **TYPES) == "means = _mean_of_first(x, lengths)\nstds = _std_of_first(x, lengths)"


def test_the_stacked_tensor_may_have_the_name_of_the_list() -> None:
    branches = f"if mask is None:\n    means = x.mean(1)\nelse:{indent(LOOP, '    ')}y = torch.cat([means, stds])"
    text = statements(branches, **TYPES, mask="int64[2] | none", means="float32[2]", stds="float32[2]")
    assert text.endswith("    stds = _std_of_first(x, lengths)\ny = tf.concat([means, stds], axis=0)")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x[i, :length].std", "x[i, length:].std"),
        ("std(dim=0)", "std(dim=1)"),
        ("std(dim=0)", "max(dim=0).values"),
        ("    stds.append", "    self.seen += 1\n    stds.append"),
        ("means = torch", "x = 2 * x\nmeans = torch"),  # the reduction would see another tensor
        ("torch.stack(stds)", "torch.stack(stds, dim=1)"),
        ("torch.stack(stds)", "stds[0]"),
    ],
)
def test_a_loop_that_does_something_else_stays(old: str, new: str) -> None:
    assert "means.append(" in statements(LOOP.replace(old, new), **TYPES)


@pytest.mark.parametrize("compiled", [False, True])
def test_values_and_gradients_are_those_of_the_loop(compiled: bool) -> None:
    tf = tensorflow()
    names: dict[str, Any] = {"tf": tf, "shape_list": lambda t: [d or tf.shape(t)[i] for i, d in enumerate(t.shape)]}
    for name in ("mean_of_first", "std_of_first"):
        exec(template(f"model/functions/{name}.py"), names)
    x, lengths = tf.constant(np.random.default_rng(0).normal(size=(3, 9, 4)).astype("f")), tf.constant([9, 4, 1])

    def both(x: Any, lengths: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            mean, std = names["_mean_of_first"](x, lengths), names["_std_of_first"](x, lengths)[:2]
            total = tf.reduce_sum(mean**2) + tf.reduce_sum(std**3)
        return mean, std, tape.gradient(total, x)[:2]

    mean, std, gradient = tf.function(both, jit_compile=compiled)(x, lengths)
    rows = [row[:n] for row, n in zip(x.numpy(), lengths.numpy(), strict=True)]
    np.testing.assert_allclose(mean, [row.mean(axis=0) for row in rows], atol=1e-6)
    expected = np.stack([row.std(axis=0, ddof=1) for row in rows[:2]])
    np.testing.assert_allclose(std, expected, atol=1e-6)
    for row, n, found, m, s in zip(x.numpy(), (9, 4), gradient.numpy(), mean.numpy(), expected, strict=False):
        wanted = np.where(np.arange(9)[:, None] < n, 2 * m / n + 3 * s * (row - m) / (n - 1), 0)
        np.testing.assert_allclose(found, wanted, atol=1e-5)
