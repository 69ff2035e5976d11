def _cross_entropy(
    logits: tf.Tensor, labels: tf.Tensor, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0
) -> tf.Tensor:
    """
    Cross entropy of logits with the classes on axis 1 (the only axis when there is one). Labels are class numbers,
    those equal to `ignore_index` do not count, or probabilities shaped like the logits.
    """
    labels = tf.convert_to_tensor(labels)
    if logits.shape.rank > 2:
        order = [0, *range(2, logits.shape.rank), 1]
        logits = tf.transpose(logits, order)
        labels = tf.transpose(labels, order) if labels.dtype.is_floating else labels
    log_probabilities = tf.nn.log_softmax(logits, axis=-1)
    classes = tf.cast(shape_list(logits)[-1], logits.dtype)
    weight = tf.ones(shape_list(logits)[-1:], dtype=logits.dtype) if weight is None else tf.cast(weight, logits.dtype)
    if labels.dtype.is_floating:
        counted = tf.ones(shape_list(logits)[:-1], dtype=logits.dtype)
        target = tf.cast(labels, logits.dtype) * (1.0 - label_smoothing) + label_smoothing / classes
        loss = -tf.reduce_sum(target * log_probabilities * weight, axis=-1)
    else:
        valid = tf.not_equal(labels, ignore_index)
        labels = tf.where(valid, labels, tf.zeros_like(labels))
        counted = tf.gather(weight, labels) * tf.cast(valid, logits.dtype)
        loss = -tf.gather(log_probabilities, labels, axis=-1, batch_dims=labels.shape.rank) * counted
        loss = tf.where(valid, loss, tf.zeros_like(loss))  # an infinite loss times zero is no number
        if label_smoothing:
            smooth = -tf.reduce_sum(log_probabilities * weight, axis=-1) * tf.cast(valid, logits.dtype)
            loss = (1.0 - label_smoothing) * loss + label_smoothing / classes * smooth
    if reduction == "none":
        return loss
    return tf.reduce_sum(loss) if reduction == "sum" else tf.reduce_sum(loss) / tf.reduce_sum(counted)
