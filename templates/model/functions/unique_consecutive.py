def _unique_consecutive(tensor: tf.Tensor, return_counts: bool = False):
    """The first element of each run of equal elements of the flattened tensor, and how long the runs are."""
    flat = tf.reshape(tensor, [-1])
    starts = tf.where(tf.concat([[True], flat[1:] != flat[:-1]], axis=0)[: tf.size(flat)])[:, 0]
    values = tf.gather(flat, starts)
    if not return_counts:
        return values
    ends = tf.concat([starts[1:], [tf.size(flat, out_type=starts.dtype)]], axis=0)
    return values, tf.cast(ends - starts, tf.int32)
