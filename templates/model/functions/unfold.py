def _unfold(tensor: tf.Tensor, kernel_size, dilation=1, padding=0, stride=1) -> tf.Tensor:
    """Sliding blocks of (batch, channels, height, width) as columns: (batch, channels * block, blocks)."""
    kernel, dilation, padding, stride = (
        [v, v] if isinstance(v, int) else list(v) for v in (kernel_size, dilation, padding, stride)
    )
    batch, channels = shape_list(tensor)[:2]
    tensor = tf.pad(tensor, [[0, 0], [0, 0]] + [[size, size] for size in padding])
    patches = tf.image.extract_patches(
        tf.transpose(tensor, (0, 2, 3, 1)),
        sizes=[1, *kernel, 1],
        strides=[1, *stride, 1],
        rates=[1, *dilation, 1],
        padding="VALID",
    )
    _, rows, columns, _ = shape_list(patches)
    patches = tf.reshape(patches, [batch, rows * columns, kernel[0] * kernel[1], channels])
    return tf.reshape(tf.transpose(patches, (0, 3, 2, 1)), [batch, channels * kernel[0] * kernel[1], rows * columns])
