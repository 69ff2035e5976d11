def _rounded(number, up: bool):
    """`math.ceil` or `math.floor` of a number that is a tensor where dimensions are unknown."""
    if tf.is_tensor(number):
        return tf.cast(tf.math.ceil(number) if up else tf.math.floor(number), tf.int32)
    return math.ceil(number) if up else math.floor(number)
