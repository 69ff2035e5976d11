"""Blocks under `torch.no_grad()`."""

from __future__ import annotations

from tests.translate.checkouts import statements

BLOCK = """
with torch.no_grad():
    y = model(x)
    z = y * 2
    n = x.shape[0]
out = {reads}
"""


def test_what_a_block_leaves_behind_is_a_constant() -> None:
    text = statements(BLOCK.replace("{reads}", "z + n"), x="float32[2]", z="float32[2]", n="int")
    assert "z = tf.stop_gradient(z)\nout = " in text
    assert "y = tf.stop_gradient" not in text and "n = tf.stop" not in text  # nothing behind it reads y, n is a number


def test_structures_of_tensors_are_constants_too() -> None:
    text = statements(BLOCK.replace("{reads}", "y[0]"), x="float32[2]", y="tuple")
    assert "y = _stop_gradient(y)\nout = y[0]" in text


def test_a_context_that_is_no_such_block_is_left_to_others() -> None:
    assert "stop_gradient" not in statements("with torch.autocast('cpu'):\n    y = x * 2\nout = y", x="float32[2]")
