def _squeeze_one(tensor: tf.Tensor, axis: int) -> tf.Tensor:
    """Without this axis if its size is one, as it is otherwise."""
    return tf.squeeze(tensor, axis=axis) if tensor.shape[axis] == 1 else tensor
