def _avg_pool(tensor: tf.Tensor, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True) -> tf.Tensor:
    """Means over windows of the axes after batch and channels; a window that reaches over the end has fewer elements."""
    rank = len(tensor.shape) - 2
    stride = kernel_size if stride is None else stride
    kernel, stride, padding = ([v] * rank if isinstance(v, int) else list(v) for v in (kernel_size, stride, padding))
    inner, outer = [[0, 0], [0, 0]] + [[size, size] for size in padding], [[0, 0], [0, 0]]
    for axis, length in enumerate(shape_list(tensor)[2:]):
        rest = 0
        if ceil_mode:
            if not tf.is_tensor(length):  # no more is padded than there is
                kernel[axis] = min(kernel[axis], length + 2 * padding[axis])
            rest = (kernel[axis] - length - 2 * padding[axis]) % stride[axis]
            windows = (length + 2 * padding[axis] + rest - kernel[axis]) // stride[axis] + 1
            starts_outside = (windows - 1) * stride[axis] >= length + padding[axis]
            rest = tf.where(starts_outside, 0, rest) if tf.is_tensor(rest) else 0 if starts_outside else rest
        outer.append([0, rest])

    def pooled(values: tf.Tensor) -> tf.Tensor:
        channels_last = tf.transpose(tf.pad(values, outer), [0, *range(2, rank + 2), 1])
        result = tf.nn.avg_pool(channels_last, ksize=kernel, strides=stride, padding="VALID")
        return tf.transpose(result, [0, rank + 1, *range(1, rank + 1)])

    mean = pooled(tf.pad(tensor, inner))
    if ceil_mode or not count_include_pad:
        counted = tf.pad(tf.ones_like(tensor), inner, constant_values=1.0 if count_include_pad else 0.0)
        mean = mean / pooled(counted)
    return mean
