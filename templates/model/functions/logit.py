def _logit(probability: tf.Tensor, eps: float | None = None) -> tf.Tensor:
    """The inverse of the sigmoid; with `eps` the argument is kept that far away from 0 and 1."""
    if eps is not None:
        probability = tf.clip_by_value(probability, eps, 1.0 - eps)
    return tf.math.log(probability / (1.0 - probability))
