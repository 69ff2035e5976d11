def _linear_sum_assignment(cost: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """
    Rows and columns of the assignment of least total cost, as `scipy.optimize.linear_sum_assignment` finds it (it has
    no gradient).
    """

    def assign(cost):
        from scipy.optimize import linear_sum_assignment

        return [indices.astype("int32") for indices in linear_sum_assignment(cost)]

    rows, columns = tf.numpy_function(assign, [cost], [tf.int32, tf.int32])
    length = None if None in cost.shape else min(cost.shape)
    return tf.ensure_shape(rows, [length]), tf.ensure_shape(columns, [length])
