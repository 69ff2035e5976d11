def prepare_head_mask(head_mask: tf.Tensor | None, num_hidden_layers: int, dtype):
    """One mask per layer, broadcastable to `(batch_size, num_heads, query_length, key_length)`; `None` keeps all heads."""
    if head_mask is None:
        return [None] * num_hidden_layers
    head_mask = tf.cast(head_mask, dtype)
    if len(shape_list(head_mask)) == 1:
        head_mask = tf.repeat(head_mask[None, :], num_hidden_layers, axis=0)
    return tf.unstack(head_mask[:, None, :, None, None], num=num_hidden_layers)
