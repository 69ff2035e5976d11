def _var(tensor: tf.Tensor, axis=None, keepdims: bool = False) -> tf.Tensor:
    """Variance with Bessel's correction: divided by n - 1."""
    count = tf.cast(tf.size(tensor) // tf.size(tf.reduce_sum(tensor, axis=axis)), tensor.dtype)
    return tf.math.reduce_variance(tensor, axis=axis, keepdims=keepdims) * count / (count - 1.0)
