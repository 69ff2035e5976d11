def _layer_norm(tensor: tf.Tensor, axes: int = 1, weight=None, bias=None, eps: float = 1e-5) -> tf.Tensor:
    """Normalises over the last `axes` axes, then scales and shifts."""
    mean, variance = tf.nn.moments(tensor, axes=list(range(-axes, 0)), keepdims=True)
    tensor = (tensor - mean) * tf.math.rsqrt(variance + eps)
    tensor = tensor if weight is None else tensor * weight
    return tensor if bias is None else tensor + bias
