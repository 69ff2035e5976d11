def prepare_causal_attention_mask(
    attention_mask: tf.Tensor | None,
    input_shape,
    dtype,
    past_key_values_length: int = 0,
    sliding_window: int | None = None,
) -> tf.Tensor:
    """
    Additive causal mask of shape `(batch_size, 1, query_length, key_length)`: 0 where a position may be attended to,
    the smallest float elsewhere. `attention_mask` holds ones and zeros and has rank 2, or rank 4 and is then used as
    it is.
    """
    query_length = input_shape[-1]
    key_length = query_length + past_key_values_length
    if attention_mask is not None and len(shape_list(attention_mask)) == 4:
        attention_mask = tf.cast(attention_mask, dtype)
        return (1.0 - attention_mask) * attention_mask.dtype.min
    query_positions = tf.range(past_key_values_length, key_length)[:, None]
    key_positions = tf.range(key_length)[None, :]
    allowed = key_positions <= query_positions
    if sliding_window is not None:
        allowed = tf.logical_and(allowed, key_positions >= query_positions - sliding_window)
    allowed = tf.broadcast_to(allowed, [input_shape[0], 1, query_length, key_length])
    if attention_mask is not None:
        allowed = tf.logical_and(allowed, tf.cast(attention_mask, tf.bool)[:, None, None, :])
    allowed = tf.cast(allowed, dtype)
    return (1.0 - allowed) * allowed.dtype.min
