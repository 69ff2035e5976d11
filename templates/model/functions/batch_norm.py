def _batch_norm(
    tensor: tf.Tensor, mean=None, variance=None, weight=None, bias=None, training=False, eps: float = 1e-5
) -> tf.Tensor:
    """Normalises each channel (axis 1) by the given statistics or, in training, by its own; running ones stay as they are."""
    rank = len(tensor.shape)
    channel = [-1] + [1] * (rank - 2)
    if training or mean is None:
        mean, variance = tf.nn.moments(tensor, axes=[0, *range(2, rank)])
    tensor = (tensor - tf.reshape(mean, channel)) * tf.math.rsqrt(tf.reshape(variance, channel) + eps)
    tensor = tensor if weight is None else tensor * tf.reshape(weight, channel)
    return tensor if bias is None else tensor + tf.reshape(bias, channel)
