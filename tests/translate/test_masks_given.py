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


def test_masks_that_are_given_to_generate_are_joined_likewise() -> None:
    source = FORWARD.replace("def forward", "def generate").replace(
        "[attention_mask, own]", "[own, attention_mask.to(own.device)]"
    )
    text, _ = body_of(source, attention_mask="int64[2]", own="int64[2]", x="float32[2]")
    assert "attention_mask = tf.concat([tf.cast(own, attention_mask.dtype), attention_mask], axis=1)" in text


CASTS = """
def forward(self, attention_mask, input_ids, n):
    def shifted(ids):
        return ids - 1
    ones = torch.ones_like(attention_mask) / n
    blocks = torch.where(input_ids > 0, 1.0, 0.0).type(attention_mask.dtype)
    blocks = shifted(blocks * 2)
    first = blocks.cumsum(-1).type(torch.int)
    second = attention_mask.to(torch.long)
    attention_mask = attention_mask.long()
    third = (torch.cumsum(attention_mask, dim=1).type_as(attention_mask) * attention_mask).long()
    mask = input_ids.ne(0).int()
    return first, second, third, mask.long()
"""


def test_a_cast_of_what_has_a_given_masks_dtype_stays() -> None:
    kinds = dict.fromkeys(("attention_mask", "input_ids", "blocks", "mask"), "int64[2]")
    text, _ = body_of(CASTS, **kinds, n="int")
    assert "first = tf.cast(tf.cumsum(blocks, axis=-1), tf.int32)" in text
    assert "second = tf.cast(attention_mask, tf.int32)" in text
    assert "\nattention_mask = tf.cast(attention_mask, tf.int32)" in text
    assert "third = tf.cast(tf.cumsum(attention_mask, axis=1), attention_mask.dtype) * attention_mask" in text
    assert "second, third, mask" in text


def test_integers_take_the_dtype_of_the_given_mask_they_are_compared_with() -> None:
    source = """
def forward(self, mask, ids):
    return torch.eq(mask[..., None], ids[:, None, :]), ids.ne(mask), ids.eq(ids)
"""
    text, _ = body_of(source, mask="int64[2]", ids="int64[2]")
    assert "tf.equal(mask[..., None], tf.cast(ids[:, None, :], mask.dtype))" in text
    assert "tf.not_equal(tf.cast(ids, mask.dtype), mask), tf.equal(ids, ids)" in text
