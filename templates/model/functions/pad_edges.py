def _pad_edges(tensor: tf.Tensor, paddings, mode="replicate") -> tf.Tensor:
    """Pads each axis by copies of its first and last elements or, with `mode="circular"`, by those of its other end."""
    for axis, (before, after) in enumerate(paddings):
        length = shape_list(tensor)[axis]
        index = tf.range(-before, length + after)
        index = index % length if mode == "circular" else tf.clip_by_value(index, 0, length - 1)
        tensor = tf.gather(tensor, index, axis=axis)
    return tensor
