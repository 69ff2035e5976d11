def _std(tensor: tf.Tensor, axis=None, keepdims: bool = False) -> tf.Tensor:
    """Standard deviation with Bessel's correction: divided by n - 1."""
    count = tf.cast(tf.size(tensor) // tf.size(tf.reduce_sum(tensor, axis=axis)), tensor.dtype)
    variance = tf.math.reduce_variance(tensor, axis=axis, keepdims=keepdims) * count / (count - 1.0)
    positive = variance > 0  # the root of zero has no gradient in TensorFlow, in PyTorch it is zero
    return tf.where(positive, tf.sqrt(tf.where(positive, variance, tf.ones_like(variance))), variance)
