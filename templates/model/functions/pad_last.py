def _pad_last(tensor: tf.Tensor, padding, value=0.0) -> tf.Tensor:
    """Pads with a number; `padding` has two sizes an axis, from the last axis on, and negative ones crop."""
    for pair in range(len(padding) // 2):
        axis = len(tensor.shape) - 1 - pair
        before, after = (max(size, 0) for size in padding[2 * pair : 2 * pair + 2])
        sizes = [[0, 0]] * axis + [[before, after]] + [[0, 0]] * pair
        start, end = (max(-size, 0) for size in padding[2 * pair : 2 * pair + 2])
        tensor = tf.pad(tensor, sizes, constant_values=tf.cast(value, tensor.dtype))
        if start or end:
            tensor = tensor[(slice(None),) * axis + (slice(start, shape_list(tensor)[axis] - end),)]
    return tensor
