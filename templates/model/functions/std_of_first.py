def _std_of_first(tensor: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """
    Standard deviation over the second axis (divided by n - 1), of the first entries of each row; `lengths` says how
    many.
    """
    mask = tf.sequence_mask(lengths, shape_list(tensor)[1], dtype=tensor.dtype)[:, :, None]
    count = tf.reduce_sum(mask, axis=1)
    mean = tf.reduce_sum(tensor * mask, axis=1) / count
    variance = tf.reduce_sum(mask * (tensor - mean[:, None]) ** 2, axis=1) / (count - 1.0)
    positive = variance > 0  # the root of zero has no gradient in TensorFlow, in PyTorch it is zero
    return tf.where(positive, tf.sqrt(tf.where(positive, variance, tf.ones_like(variance))), variance)
