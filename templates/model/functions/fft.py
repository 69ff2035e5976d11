def _fft(tensor: tf.Tensor, axis: int) -> tf.Tensor:
    """The Fourier transform along any axis; TensorFlow's own is along the last one."""
    rank = tensor.shape.rank
    order = [k for k in range(rank) if k != axis % rank] + [axis % rank]
    back = [order.index(k) for k in range(rank)]
    return tf.transpose(tf.signal.fft(tf.transpose(tf.cast(tensor, tf.complex64), order)), back)
