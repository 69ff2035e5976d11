def _max_pool(tensor: tf.Tensor, kernel_size, stride=None, padding=0, ceil_mode=False) -> tf.Tensor:
    """Maxima over windows of the axes after batch and channels; what is padded never is the maximum."""
    rank = len(tensor.shape) - 2
    stride = kernel_size if stride is None else stride
    kernel, stride, padding = ([v] * rank if isinstance(v, int) else list(v) for v in (kernel_size, stride, padding))
    paddings = [[0, 0], [0, 0]]
    for axis in range(rank):
        extra = 0
        if ceil_mode:
            length = shape_list(tensor)[axis + 2]
            extra = (kernel[axis] - length - 2 * padding[axis]) % stride[axis]
            windows = (length + 2 * padding[axis] + extra - kernel[axis]) // stride[axis] + 1
            extra = 0 if (windows - 1) * stride[axis] >= length + padding[axis] else extra
        paddings.append([padding[axis], padding[axis] + extra])
    tensor = tf.pad(tensor, paddings, constant_values=tensor.dtype.min)
    channels_last = tf.transpose(tensor, [0, *range(2, rank + 2), 1])
    result = tf.nn.max_pool(channels_last, ksize=kernel, strides=stride, padding="VALID")
    return tf.transpose(result, [0, rank + 1, *range(1, rank + 1)])
