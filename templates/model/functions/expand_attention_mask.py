def expand_attention_mask(mask: tf.Tensor, dtype, query_length: int | None = None) -> tf.Tensor:
    """
    Additive mask of shape `(batch_size, 1, query_length, key_length)` from a mask of ones and zeros of rank 2: 0 where
    a position may be attended to, the smallest float elsewhere.
    """
    batch_size, key_length = shape_list(mask)
    query_length = query_length if query_length is not None else key_length
    mask = tf.broadcast_to(mask[:, None, None, :], [batch_size, 1, query_length, key_length])
    mask = tf.cast(tf.cast(mask, tf.bool), dtype)
    return (1.0 - mask) * mask.dtype.min
