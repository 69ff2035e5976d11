def extend_attention_mask(attention_mask: tf.Tensor, input_shape, dtype, is_decoder: bool = False) -> tf.Tensor:
    """
    Additive mask from a mask of ones and zeros: 0 where a position may be attended to, the smallest float elsewhere.
    Of rank 4, broadcastable to `(batch_size, num_heads, query_length, key_length)`, and causal for a decoder.
    """
    attention_mask = tf.cast(attention_mask, dtype)
    if len(shape_list(attention_mask)) == 3:
        extended_attention_mask = attention_mask[:, None, :, :]
    elif is_decoder:
        key_length = shape_list(attention_mask)[1]
        positions = tf.range(key_length)
        causal_mask = tf.cast(positions[None, :] <= positions[key_length - input_shape[1] :, None], dtype)
        extended_attention_mask = causal_mask[None, None, :, :] * attention_mask[:, None, None, :]
    else:
        extended_attention_mask = attention_mask[:, None, None, :]
    return (1.0 - extended_attention_mask) * attention_mask.dtype.min
