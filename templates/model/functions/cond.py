def _cond(condition, if_true, if_false):
    """`tf.cond`, settled at once where the sizes compared are known, as XLA wants it of shapes."""
    if tf.is_tensor(condition):
        return tf.cond(condition, if_true, if_false)
    return if_true() if condition else if_false()
