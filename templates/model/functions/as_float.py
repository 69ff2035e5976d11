def _as_float(size):
    """A size that fractions can go with: where it is unknown, it is a tensor of whole numbers."""
    return tf.cast(size, tf.float64) if tf.is_tensor(size) else size
