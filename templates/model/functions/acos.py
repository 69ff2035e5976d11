def _acos(x: tf.Tensor) -> tf.Tensor:
    """`tf.acos`, which TensorFlow Lite does not have, by a function that it has."""
    return tf.atan2(tf.sqrt((1.0 - x) * (1.0 + x)), x)
