def _std(tensor: tf.Tensor, axis=None, keepdims: bool = False) -> tf.Tensor:
    """Standard deviation with Bessel's correction: divided by n - 1."""
    count = tf.cast(tf.size(tensor) // tf.size(tf.reduce_sum(tensor, axis=axis)), tensor.dtype)
    variance = tf.math.reduce_variance(tensor, axis=axis, keepdims=keepdims)
    return tf.sqrt(variance * count / (count - 1.0))
