def _fill_between(tensor: tf.Tensor, bounds, value) -> tf.Tensor:
    """`tensor[start:end, ...] = value` as a new tensor, by the bounds of each of the first axes, which may be tensors."""
    inside, rank = True, len(tensor.shape)
    for axis, (start, end) in enumerate(bounds):
        size = tf.shape(tensor)[axis]
        start, end = (tf.cast(bound, tf.int32) for bound in (start, size if end is None else end))
        start, end = (tf.where(bound < 0, bound + size, bound) for bound in (start, end))
        place = tf.reshape(tf.range(size), [-1] + [1] * (rank - axis - 1))
        inside &= (place >= start) & (place < end)
    return tf.where(inside, tf.cast(value, tensor.dtype), tensor)
