def _nll_loss(log_probabilities: tf.Tensor, labels: tf.Tensor, ignore_index=-100, reduction="mean") -> tf.Tensor:
    """Negative log likelihood, classes on axis 1; labels equal to `ignore_index` do not count."""
    labels = tf.convert_to_tensor(labels)
    rank = log_probabilities.shape.rank
    if rank > 2:
        log_probabilities = tf.transpose(log_probabilities, [0, *range(2, rank), 1])
    valid = tf.not_equal(labels, ignore_index)
    labels = tf.where(valid, labels, tf.zeros_like(labels))
    counted = tf.cast(valid, log_probabilities.dtype)
    loss = -tf.gather(log_probabilities, labels, axis=-1, batch_dims=labels.shape.rank) * counted
    if reduction == "none":
        return loss
    return tf.reduce_sum(loss) if reduction == "sum" else tf.reduce_sum(loss) / tf.reduce_sum(counted)
