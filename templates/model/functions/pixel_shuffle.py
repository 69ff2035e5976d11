def _pixel_shuffle(tensor: tf.Tensor, upscale_factor: int) -> tf.Tensor:
    """Moves groups of channels of (batch, channels, height, width) into space."""
    batch, channels, height, width = shape_list(tensor)
    channels = channels // upscale_factor**2
    tensor = tf.reshape(tensor, [batch, channels, upscale_factor, upscale_factor, height, width])
    tensor = tf.transpose(tensor, (0, 1, 4, 2, 5, 3))
    return tf.reshape(tensor, [batch, channels, height * upscale_factor, width * upscale_factor])
