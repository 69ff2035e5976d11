"""Float32 beside what layers compute, which may be half."""

from __future__ import annotations

import pytest

from tests.translate.checkouts import statements

TYPES = {"x": "float32[2]", "m": "bool[2]", "v": "float32[2]", "y": "float32[2]", "dtype": "dtype"}


def last(text: str) -> str:
    return statements(text, **TYPES).split("\n")[-1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (  # what T5's normalisation does
            "v = x.to(torch.float32).pow(2).mean(-1, keepdim=True)\ny = x * torch.rsqrt(v + 1e-6)",
            "y = tf.cast(x, tf.float32) * tf.math.rsqrt(v + 1e-6)",
        ),
        ("v = -torch.exp(x.float())\ny = v[:, None] * x[:, :1]", "y = v[:, None] * tf.cast(x[:, :1], tf.float32)"),
        (
            "v = torch.where(m, 0.0, -1e10)\ny = x + v.transpose(0, 1)",
            "y = x + tf.cast(tf.transpose(v), x.dtype)",
        ),
        ("v = torch.zeros(2, 3)\ny = v + x", "y = tf.cast(v, x.dtype) + x"),
        (
            "v = torch.zeros(2, 3, dtype=dtype)\nfor i in range(3):\n    v = x.float() * v",
            "    v = tf.cast(x, tf.float32) * tf.cast(v, tf.float32)",
        ),
        ("v = x\nif self.wide:\n    v = v.float()\ny = v + x", "y = v + tf.cast(x, v.dtype)"),
    ],
)
def test_one_of_the_two_is_cast(before: str, after: str) -> None:
    assert last(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "y = x * v",
        "y = x.float() * v.float()",
        "v = x.float()\nv = v.to(x.dtype)\ny = v * x",
        "y = v * 2.0",
        "v = torch.zeros(2, 3)\ny = v + torch.ones(3)",
    ],
)
def test_both_of_one_kind_are_left_alone(text: str) -> None:
    assert last(text).count("tf.cast(") == text.split("\n")[-1].count(".float()")
