def _masked_scatter(tensor: tf.Tensor, mask: tf.Tensor, source: tf.Tensor) -> tf.Tensor:
    """
    Replaces the elements of `tensor` at which `mask` is set by the elements of `source`, in order. The mask is
    broadcast to the tensor.
    """
    mask = tf.reshape(tf.broadcast_to(mask, tf.shape(tensor)), [-1])
    position = tf.maximum(tf.cumsum(tf.cast(mask, tf.int32)) - 1, 0)
    source = tf.pad(tf.reshape(source, [-1]), [[0, 1]])  # it may be empty
    values = tf.gather(source, position)
    return tf.reshape(tf.where(mask, values, tf.reshape(tensor, [-1])), tf.shape(tensor))
