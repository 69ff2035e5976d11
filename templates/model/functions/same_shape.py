def _same_shape(first: tf.Tensor, second: tf.Tensor):
    """Whether two tensors of equally many axes have the same sizes; a tensor where a graph does not know them yet."""
    if first.shape.is_fully_defined() and second.shape.is_fully_defined():
        return first.shape == second.shape
    return tf.reduce_all(tf.shape(first) == tf.shape(second))
