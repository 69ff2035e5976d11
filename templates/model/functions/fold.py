def _fold(tensor: tf.Tensor, output_size, kernel_size) -> tf.Tensor:
    """
    Puts blocks that do not overlap back together: (batch, channels * block, blocks) becomes an image, with zeros where
    there is no whole block.
    """
    (height, width), (kernel_height, kernel_width) = (
        (v, v) if isinstance(v, int) else v for v in (output_size, kernel_size)
    )
    batch, depth, _ = shape_list(tensor)
    channels = depth // (kernel_height * kernel_width)
    rows, columns = height // kernel_height, width // kernel_width
    blocks = tf.reshape(tensor, [batch, channels, kernel_height, kernel_width, rows, columns])
    rows, columns = rows * kernel_height, columns * kernel_width
    image = tf.reshape(tf.transpose(blocks, (0, 1, 4, 2, 5, 3)), [batch, channels, rows, columns])
    return tf.pad(image, [[0, 0], [0, 0], [0, height - rows], [0, width - columns]])
