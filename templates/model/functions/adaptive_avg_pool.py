def _adaptive_avg_pool(tensor: tf.Tensor, output_size) -> tf.Tensor:
    """Means over as many windows as asked for along each axis after batch and channels; they overlap where needed."""
    rank = len(tensor.shape)
    for axis in range(2, rank):
        target = output_size if isinstance(output_size, int) else output_size[axis - 2]
        if target is None:
            continue
        length = shape_list(tensor)[axis]
        window = tf.range(target)[:, None]
        start, end = window * length // target, -(-(window + 1) * length // target)
        inside = tf.logical_and(tf.range(length) >= start, tf.range(length) < end)
        weight = tf.cast(inside, tensor.dtype) / tf.cast(end - start, tensor.dtype)
        order = [*range(axis), rank - 1, *range(axis, rank - 1)]
        tensor = tf.transpose(tf.tensordot(tensor, weight, axes=[[axis], [1]]), order)
    return tensor
