def _mean_of_first(tensor: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Mean over the second axis, of the first entries of each row; `lengths` says how many."""
    mask = tf.sequence_mask(lengths, shape_list(tensor)[1], dtype=tensor.dtype)[:, :, None]
    return tf.reduce_sum(tensor * mask, axis=1) / tf.reduce_sum(mask, axis=1)
