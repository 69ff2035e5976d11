def _nan_to_num(tensor: tf.Tensor, nan: float = 0.0) -> tf.Tensor:
    """Replaces NaN by a number and infinities by the largest finite numbers of the dtype."""
    tensor = tf.where(tf.math.is_nan(tensor), tf.cast(nan, tensor.dtype), tensor)
    return tf.clip_by_value(tensor, tensor.dtype.min, tensor.dtype.max)
