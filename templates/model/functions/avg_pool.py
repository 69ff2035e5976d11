def _avg_pool(tensor: tf.Tensor, kernel_size, stride=None, padding=0, count_include_pad=True) -> tf.Tensor:
    """Means over windows of the axes after batch and channels."""
    rank = len(tensor.shape) - 2
    stride = kernel_size if stride is None else stride
    kernel, stride, padding = ([v] * rank if isinstance(v, int) else list(v) for v in (kernel_size, stride, padding))
    paddings = [[0, 0], [0, 0]] + [[size, size] for size in padding]

    def pooled(values: tf.Tensor) -> tf.Tensor:
        channels_last = tf.transpose(tf.pad(values, paddings), [0, *range(2, rank + 2), 1])
        result = tf.nn.avg_pool(channels_last, ksize=kernel, strides=stride, padding="VALID")
        return tf.transpose(result, [0, rank + 1, *range(1, rank + 1)])

    return pooled(tensor) if count_include_pad else pooled(tensor) / pooled(tf.ones_like(tensor))
