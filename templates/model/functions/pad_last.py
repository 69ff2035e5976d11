def _pad_last(tensor: tf.Tensor, padding, mode: str = "constant", value=None) -> tf.Tensor:
    """Pads as PyTorch does; `padding` has two sizes an axis, from the last axis on, and negative ones crop."""
    for pair in range(len(padding) // 2):
        axis = len(tensor.shape) - 1 - pair
        edges = padding[2 * pair : 2 * pair + 2]
        length = shape_list(tensor)[axis]
        index = tf.range(-edges[0], length + edges[1])
        if mode == "constant":
            added = [max(size, 0) if isinstance(size, int) else tf.maximum(size, 0) for size in edges]
            cut = [max(-size, 0) if isinstance(size, int) else tf.maximum(-size, 0) for size in edges]
            tensor = tensor[(slice(None),) * axis + (slice(cut[0], length - cut[1]),)]
            sizes = [[0, 0]] * axis + [added] + [[0, 0]] * pair
            tensor = tf.pad(tensor, sizes, constant_values=tf.cast(value or 0, tensor.dtype))
        elif mode == "reflect":
            tensor = tf.gather(tensor, length - 1 - tf.abs(length - 1 - tf.abs(index)), axis=axis)
        elif mode == "circular":
            tensor = tf.gather(tensor, index % length, axis=axis)
        else:
            tensor = tf.gather(tensor, tf.clip_by_value(index, 0, length - 1), axis=axis)
    return tensor
