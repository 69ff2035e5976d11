def _scatter(tensor: tf.Tensor, index: tf.Tensor, source: tf.Tensor, axis: int, add: bool = False) -> tf.Tensor:
    """
    Writes `source`, a number or a tensor at least as large as `index`, into a copy of `tensor`: each element goes
    where it stands in `index`, except that its coordinate along `axis` is the number `index` holds there.
    """
    shape = shape_list(index)
    if isinstance(source, (int, float, bool)) or source.shape.rank == 0:
        source = tf.fill(shape, tf.cast(source, tensor.dtype))
    else:
        source = tf.slice(source, [0] * len(shape), shape)
    coordinates = tf.meshgrid(*[tf.range(size) for size in shape], indexing="ij")
    coordinates[axis] = tf.cast(index, tf.int32)
    update = tf.tensor_scatter_nd_add if add else tf.tensor_scatter_nd_update
    return update(tensor, tf.stack(coordinates, axis=-1), source)
