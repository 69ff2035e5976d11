"""Copies of tensors along their axes."""

from __future__ import annotations

from tests.translate.checkouts import body_of


def test_repeat_takes_a_number_for_each_axis_whatever_rank_was_seen() -> None:
    source = """
def forward(self, ids, n):
    return ids.repeat(n * n), torch.tile(ids, (n,))
"""
    text, _ = body_of(source, ids="int64[2]", n="int")
    assert text == "return tf.tile(ids, [n * n]), tf.tile(ids, [1, n])"
