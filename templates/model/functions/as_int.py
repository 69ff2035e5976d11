def _as_int(number):
    """`int` of a number that is a tensor where sizes are unknown."""
    return tf.cast(number, tf.int32) if tf.is_tensor(number) else int(number)
