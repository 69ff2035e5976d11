def resized_dense(dense: keras.layers.Dense, new_num_tokens: int | None, transposed: bool = False) -> keras.layers.Dense:
    """The layer with another number of outputs, or of inputs if `transposed`. What is new weighs nothing."""
    if new_num_tokens is None or not dense.built:
        return dense
    axis = 0 if transposed else 1
    kernel = tf.split(dense.kernel, [min(new_num_tokens, dense.kernel.shape[axis]), -1], axis=axis)[0]
    added = [[0, new_num_tokens - kernel.shape[axis]], [0, 0]]
    kernel = tf.pad(kernel, added if transposed else added[::-1])
    resized = keras.layers.Dense(kernel.shape[1], use_bias=dense.use_bias, name=dense.name)
    with tf.name_scope(dense.kernel.name.rpartition("/")[0] + "/"):  # the weights keep their whole names
        resized.build([None, None, kernel.shape[0]])
    resized.kernel.assign(kernel)
    if dense.use_bias:
        bias = dense.bias[: resized.units]
        resized.bias.assign(tf.pad(bias, [[0, resized.units - bias.shape[0]]]))
    return resized
