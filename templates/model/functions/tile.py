def _tile(tensor: tf.Tensor, repeats) -> tf.Tensor:
    """`tensor.repeat(*repeats)` of PyTorch: where there are more numbers than axes, axes of size one are added in front."""
    added = len(repeats) - tensor.shape.rank
    return tf.tile(tf.reshape(tensor, [1] * added + shape_list(tensor)), repeats)
