def _gumbel_softmax(logits: tf.Tensor, tau=1.0, hard=False, axis=-1) -> tf.Tensor:
    """Samples from the Gumbel-softmax distribution; with `hard` one-hot in the forward direction only."""
    uniform = tf.random.uniform(shape_list(logits), minval=1e-20, maxval=1.0, dtype=logits.dtype)
    soft = stable_softmax((logits - tf.math.log(-tf.math.log(uniform))) / tau, axis=axis)
    if not hard:
        return soft
    one_hot = tf.one_hot(tf.argmax(soft, axis=axis), shape_list(logits)[axis], axis=axis, dtype=logits.dtype)
    return one_hot + soft - tf.stop_gradient(soft)
