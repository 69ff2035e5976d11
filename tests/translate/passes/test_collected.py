"""Lists that a loop over a length fills and that are stacked behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.frameworks import tensorflow
from tests.translate.checkouts import statements

SCAN = """
n = x.shape[1]
outputs = []
for i in range(n):
    state = x[:, i] * 0.5 + state
    output = state + c[:, i]
    outputs.append(output)
y = torch.stack(outputs, dim=DIM)
"""
TYPES = {"x": "float32[3]", "c": "float32[3]", "state": "float32[2]"}


def scan(axis: str = "-1") -> str:
    return SCAN.replace("DIM", axis)


def test_the_steps_go_to_an_array_and_the_loop_to_the_graph() -> None:
    assert statements(scan(), **TYPES) == (
        "n = shape_list(x)[1]\n"
        "outputs = tf.TensorArray(c.dtype, size=n)\n"
        "for i in tf.range(n):\n"
        "    state = x[:, i] * 0.5 + state\n"
        "    output = state + c[:, i]\n"
        "    outputs = outputs.write(i, output)\n"
        "y = tf.transpose(outputs.stack(), perm=(1, 2, 0))"
    )


@pytest.mark.parametrize(
    ("axis", "stacked"), [("0", "y = outputs.stack()"), ("1", "y = tf.transpose(outputs.stack(), perm=(1, 0, 2))")]
)
def test_the_steps_come_on_the_axis_of_the_stack(axis: str, stacked: str) -> None:
    assert statements(scan(axis), **TYPES).endswith(stacked)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    outputs.append(output)", "    outputs.append(output)\n    if i > 2:\n        break"),
        ("range(n)", "range(self.layers)"),
        ("outputs = []\n", "outputs = []\nz = x\n"),  # what is bound between may be what the array is made by
        ("y = torch.stack", "z = outputs[-1]\ny = torch.stack"),
        ("state = x[:, i] * 0.5 + state", "state = x"),  # no tensor that each step makes of the one before
    ],
)
def test_a_list_that_is_more_stays_a_list(old: str, new: str) -> None:
    assert "outputs.append(" in statements(scan().replace(old, new), **TYPES)


@pytest.mark.parametrize("axis", ["0", "1", "2"])
def test_it_computes_what_the_list_did(axis: str) -> None:
    tf = tensorflow()
    lines = statements(scan(axis), **TYPES).split("\n")
    source = "def f(x, c, state):\n" + "".join(f"    {line}\n" for line in lines) + "    return y\n"
    names: dict[str, Any] = {"tf": tf, "shape_list": lambda t: [d or tf.shape(t)[i] for i, d in enumerate(t.shape)]}
    exec(source, names)  # the text is ours, made of the text above
    x, c, state = (np.random.default_rng(0).normal(size=size).astype("f") for size in ((2, 3, 4), (2, 3, 4), (2, 4)))
    expected, current = [], state
    for i in range(3):
        current = x[:, i] * 0.5 + current
        expected.append(current + c[:, i])
    found = names["f"](tf.constant(x), tf.constant(c), tf.constant(state))
    np.testing.assert_allclose(found, np.stack(expected, axis=int(axis)), rtol=1e-5)
