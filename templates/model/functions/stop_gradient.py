def _stop_gradient(values):
    """A tensor, or what holds tensors, that gradients do not go through."""
    return tf.nest.map_structure(lambda value: tf.stop_gradient(value) if tf.is_tensor(value) else value, values)
