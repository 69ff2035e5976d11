def _arange(start, end, step) -> tf.Tensor:
    """
    Numbers a fraction apart, each computed by itself in double precision as PyTorch's are: `tf.range` adds up the
    step.
    """
    start, end, step = (
        tf.cast(value, tf.float64) if tf.is_tensor(value) else tf.constant(value, dtype=tf.float64)
        for value in (start, end, step)
    )
    count = tf.cast(tf.math.ceil((end - start) / step), tf.int32)
    return tf.cast(start + step * tf.cast(tf.range(count), tf.float64), tf.float32)
