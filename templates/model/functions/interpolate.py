def _interpolate(tensor: tf.Tensor, size=None, scale_factor=None, mode="nearest", align_corners=False) -> tf.Tensor:
    """
    Resizes the axes after batch and channels, one after the other, with PyTorch's sampling positions and cubic kernel,
    both of which `tf.image.resize` defines differently.
    """
    shape = shape_list(tensor)
    for axis in range(2, len(shape)):
        length, scale = shape[axis], scale_factor
        if size is not None:
            target, step = size[axis - 2] if isinstance(size, (tuple, list, tf.Tensor)) else size, None
        else:
            scale = scale[axis - 2] if isinstance(scale, (tuple, list)) else scale
            target = int(length * scale) if isinstance(length, int) else tf.cast(tf.cast(length, tf.float64) * scale, tf.int32)
            step = 1.0 / scale
        position = tf.cast(tf.range(target), tf.float32)
        if align_corners:
            position = position * tf.cast((length - 1) / tf.maximum(target - 1, 1), tf.float32)
        else:
            step = tf.cast(length / target if step is None else step, tf.float32)
            position = position * step if mode == "nearest" else (position + 0.5) * step
            position = position if mode.startswith("nearest") else position - 0.5
        if mode in ("linear", "bilinear"):
            position = tf.maximum(position, 0.0)
        first = tf.floor(position)
        rest = position - first
        if mode.startswith("nearest"):
            weights = {0: tf.ones_like(rest)}
        elif mode in ("linear", "bilinear"):
            weights = {0: 1.0 - rest, 1: rest}
        else:
            near, far = (lambda x: (1.25 * x - 2.25) * x * x + 1.0), (lambda x: ((-0.75 * x + 3.75) * x - 6.0) * x + 3.0)
            weights = {-1: far(rest + 1.0), 0: near(rest), 1: near(1.0 - rest), 2: far(2.0 - rest)}
        resized = 0
        for offset, weight in weights.items():
            index = tf.clip_by_value(tf.cast(first, tf.int32) + offset, 0, length - 1)
            weight = tf.reshape(tf.cast(weight, tensor.dtype), [-1] + [1] * (len(shape) - axis - 1))
            resized += tf.gather(tensor, index, axis=axis) * weight
        tensor = resized
    return tensor
