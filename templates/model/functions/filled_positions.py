def filled_positions(past_length, attention_mask: tf.Tensor | None):
    """
    How many positions of the past are filled. Generation with XLA keeps the past at its final length and masks what is
    still empty, between the last token and the new one.
    """
    if attention_mask is None or len(attention_mask.shape) != 2 or (isinstance(past_length, int) and past_length == 0):
        return past_length
    is_filled = tf.cast(attention_mask[:, :past_length], tf.bool)
    return tf.reduce_max(tf.where(is_filled, tf.range(1, past_length + 1), 0))
