def _group_norm(tensor: tf.Tensor, num_groups: int, weight=None, bias=None, eps: float = 1e-5) -> tf.Tensor:
    """Normalises (batch, channels, ...) over groups of channels, then scales and shifts each channel."""
    shape = shape_list(tensor)
    grouped = tf.reshape(tensor, [shape[0], num_groups, -1])
    mean, variance = tf.nn.moments(grouped, axes=[-1], keepdims=True)
    tensor = tf.reshape((grouped - mean) * tf.math.rsqrt(variance + eps), shape)
    channel = [-1] + [1] * (len(shape) - 2)
    tensor = tensor if weight is None else tensor * tf.reshape(weight, channel)
    return tensor if bias is None else tensor + tf.reshape(bias, channel)
