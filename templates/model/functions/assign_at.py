def _assign_at(tensor: tf.Tensor, index, value) -> tf.Tensor:
    """`tensor[i, j] = value` as a new tensor: one integer tensor for each of the first axes, of shapes that broadcast."""
    index = [tf.cast(item, tf.int32) % tf.shape(tensor)[axis] for axis, item in enumerate(index)]
    places = tf.stack([item + 0 * sum(index) for item in index], axis=-1)
    shape = tf.concat([tf.shape(places)[:-1], tf.shape(tensor)[len(index) :]], axis=0)
    return tf.tensor_scatter_nd_update(tensor, places, tf.broadcast_to(tf.cast(value, tensor.dtype), shape))
