def expand_attention_mask(mask: tf.Tensor, query_length: int | None = None) -> tf.Tensor:
    """
    Additive mask of shape `(batch_size, 1, query_length, key_length)` from a mask of ones and zeros of rank 2: 0 where
    a position may be attended to, the smallest float elsewhere.
    """
    batch_size, key_length = shape_list(mask)
    query_length = query_length if query_length is not None else key_length
    mask = tf.broadcast_to(mask[:, None, None, :], [batch_size, 1, query_length, key_length])
    return tf.where(tf.cast(mask, tf.bool), 0.0, tf.float32.min)
