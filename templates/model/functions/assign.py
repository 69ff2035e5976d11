def _assign(tensor: tf.Tensor, index, value) -> tf.Tensor:
    """
    `tensor[index] = value` as a new tensor. `index` (`np.s_[...]`) holds integers, slices, and lists or tensors of
    integers, each of which selects along an axis of its own, and perhaps an ellipsis for the axes in between; or it is
    a mask over the first axes, and `value` a number.
    """
    shape = shape_list(tensor)
    if tf.is_tensor(index) and index.dtype == tf.bool:
        index = tf.reshape(index, shape_list(index) + [1] * (len(shape) - index.shape.rank))
        return tf.where(index, tf.cast(value, tensor.dtype), tensor)
    index = index if isinstance(index, tuple) else (index,)
    for place in [k for k, item in enumerate(index) if item is Ellipsis]:
        index = index[:place] + (slice(None),) * (len(shape) + 1 - len(index)) + index[place + 1 :]
    places, axis = tf.reshape(tf.range(tf.size(tensor)), shape), 0
    for item in index:
        item = tf.constant(item, tf.int32) if isinstance(item, list) else item
        if tf.is_tensor(item) and item.shape.rank:
            places = tf.gather(places, tf.cast(item, tf.int32) % tf.shape(places)[axis], axis=axis)
            axis += item.shape.rank
        else:
            places = places[(slice(None),) * axis + (item,)]
            axis += isinstance(item, slice)
    value = tf.broadcast_to(tf.cast(value, tensor.dtype), tf.shape(places))
    places, value = tf.reshape(places, [-1, 1]), tf.reshape(value, [-1])
    return tf.reshape(tf.tensor_scatter_nd_update(tf.reshape(tensor, [-1]), places, value), shape)
