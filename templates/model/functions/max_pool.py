def _max_pool(tensor: tf.Tensor, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, axes=None) -> tf.Tensor:
    """Maxima over windows of the axes after batch and channels, `axes` in number; what is padded never is the maximum."""
    if axes is not None and len(tensor.shape) == axes + 1:  # no batch
        return _max_pool(tensor[None], kernel_size, stride, padding, dilation, ceil_mode)[0]
    rank = len(tensor.shape) - 2
    stride = kernel_size if stride is None else stride
    kernel, stride, padding, dilation = (
        [v] * rank if isinstance(v, int) else list(v) for v in (kernel_size, stride, padding, dilation)
    )
    paddings = [[0, 0], [0, 0]]
    for axis in range(rank):
        extra = 0
        if ceil_mode:
            length = shape_list(tensor)[axis + 2]
            longest = (length + 2 * padding[axis] - 1) // dilation[axis] + 1
            if not tf.is_tensor(longest) and kernel[axis] > longest:  # one window, which has everything
                kernel[axis] = stride[axis] = longest
            reach = dilation[axis] * (kernel[axis] - 1) + 1
            extra = (reach - length - 2 * padding[axis]) % stride[axis]
            windows = (length + 2 * padding[axis] + extra - reach) // stride[axis] + 1
            starts_outside = (windows - 1) * stride[axis] >= length + padding[axis]
            extra = tf.where(starts_outside, 0, extra) if tf.is_tensor(extra) else 0 if starts_outside else extra
        paddings.append([padding[axis], padding[axis] + extra])
    tensor = tf.pad(tensor, paddings, constant_values=tensor.dtype.min)
    channels_last = tf.transpose(tensor, [0, *range(2, rank + 2), 1])
    result = tf.nn.pool(channels_last, kernel, "MAX", strides=stride, padding="VALID", dilations=dilation)
    return tf.transpose(result, [0, rank + 1, *range(1, rank + 1)])
