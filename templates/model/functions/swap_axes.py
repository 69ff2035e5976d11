def _swap_axes(tensor: tf.Tensor, first: int, second: int) -> tf.Tensor:
    """The tensor with two of its axes in each other's place."""
    axes = list(range(tensor.shape.rank))
    axes[first], axes[second] = axes[second], axes[first]
    return tf.transpose(tensor, perm=axes)
