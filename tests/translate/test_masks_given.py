"""Masks that callers hand over, in numbers of any type."""

from __future__ import annotations

from tests.translate.checkouts import body_of

FORWARD = """
def forward(self, attention_mask, x):
    own = torch.ones(x.shape, dtype=torch.long)
    attention_mask = torch.cat([attention_mask, own], dim=1)
    return torch.cat([own, own], dim=1)
"""


def test_what_is_joined_to_a_given_mask_has_its_dtype() -> None:
    text, _ = body_of(FORWARD, attention_mask="int64[2]", own="int64[2]", x="float32[2]")
    assert "attention_mask = tf.concat([attention_mask, tf.cast(own, attention_mask.dtype)], axis=1)" in text
    assert "return tf.concat([own, own], axis=1)" in text
