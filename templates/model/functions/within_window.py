def within_window(states, new_states: tf.Tensor, sliding_window: int | None):
    """
    The keys and values that tokens see, both of shape `(batch_size, num_heads, sequence_length, head_dim)`: the last
    ones of a sliding window for a single new token, all of them otherwise, when a mask hides what is further away.
    """
    if sliding_window is not None and shape_list(new_states)[-2] == 1:
        states = tuple(tensor[..., -sliding_window:, :] for tensor in states)
    return states
