def _grid_sample(tensor: tf.Tensor, grid: tf.Tensor, mode="bilinear", padding_mode="zeros", align_corners=False) -> tf.Tensor:
    """
    Samples (batch, channels, height, width) at the points (x, y) of `grid` (batch, rows, columns, 2), which run from
    -1 to 1 over the image. Outside of it lie zeros or, with `padding_mode="border"`, the nearest pixels.
    """
    height, width = shape_list(tensor)[2:]
    image = tf.transpose(tensor, (0, 2, 3, 1))

    def pixels(coordinate: tf.Tensor, length: int) -> tf.Tensor:
        length = tf.cast(length, coordinate.dtype)
        position = (coordinate + 1.0) / 2.0 * (length - 1.0) if align_corners else ((coordinate + 1.0) * length - 1.0) / 2.0
        return tf.clip_by_value(position, 0.0, length - 1.0) if padding_mode == "border" else position

    def sampled(column: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
        inside = (column >= 0) & (column <= tf.cast(width - 1, column.dtype)) & (row >= 0) & (row <= tf.cast(height - 1, row.dtype))
        column = tf.clip_by_value(tf.cast(column, tf.int32), 0, width - 1)
        row = tf.clip_by_value(tf.cast(row, tf.int32), 0, height - 1)
        values = tf.gather_nd(image, tf.stack([row, column], axis=-1), batch_dims=1)
        return values * tf.cast(inside, values.dtype)[..., None]

    x, y = pixels(grid[..., 0], width), pixels(grid[..., 1], height)
    if mode == "nearest":
        result = sampled(tf.round(x), tf.round(y))
    else:
        left, top = tf.floor(x), tf.floor(y)
        right, bottom = (x - left)[..., None], (y - top)[..., None]
        result = sampled(left, top) * (1.0 - right) * (1.0 - bottom)
        result += sampled(left + 1.0, top) * right * (1.0 - bottom)
        result += sampled(left, top + 1.0) * (1.0 - right) * bottom
        result += sampled(left + 1.0, top + 1.0) * right * bottom
    return tf.transpose(result, (0, 3, 1, 2))
