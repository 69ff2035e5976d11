def _tril(tensor: tf.Tensor, diagonal: int) -> tf.Tensor:
    """Keeps the elements of the last two axes on and below a diagonal and sets the others to zero."""
    rows, columns = shape_list(tensor)[-2:]
    keep = tf.range(columns)[None, :] - tf.range(rows)[:, None] <= diagonal
    return tf.where(keep, tensor, tf.zeros_like(tensor))
