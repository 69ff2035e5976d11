def _in_numpy(function, shape, **options) -> tf.Tensor:
    """The boolean mask of this shape that a function makes in NumPy: when the graph runs, from the values of tensors."""
    names = [name for name, value in options.items() if tf.is_tensor(value)]

    def run(lengths, *values):
        return function(tuple(int(n) for n in lengths), **{**options, **dict(zip(names, values))})

    mask = tf.numpy_function(run, [tf.stack(shape), *(options[name] for name in names)], tf.bool)
    return tf.ensure_shape(mask, [None] * len(shape))
