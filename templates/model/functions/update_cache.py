def update_cache(cache, key_states: tf.Tensor, value_states: tf.Tensor, layer_idx: int):
    """
    Keys and values of a layer with those of the past in front. A cache is a list of (key, value) pairs, one a layer,
    of shape `(batch_size, num_heads, sequence_length, head_dim)`; the new pair takes the place of the old one. A past
    that is a tuple is only read.
    """
    if layer_idx < len(cache):
        key_states = tf.concat([tf.cast(cache[layer_idx][0], key_states.dtype), key_states], axis=-2)
        value_states = tf.concat([tf.cast(cache[layer_idx][1], value_states.dtype), value_states], axis=-2)
    if isinstance(cache, list):
        cache[layer_idx : layer_idx + 1] = [(key_states, value_states)]
    return key_states, value_states
