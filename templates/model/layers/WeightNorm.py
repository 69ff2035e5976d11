class TFModelWeightNorm(keras.layers.Layer):
    """Weight normalisation of the convolution it is mixed into: the kernel is `weight_g * weight_v / |weight_v|`.

    Both weights have PyTorch's layout. `weight_norm` is the axis along which lengths differ, None for a plain kernel.
    """

    def __init__(self, *args, weight_norm=0, **kwargs):
        super().__init__(*args, **kwargs)
        self.weight_norm = weight_norm

    def add_weight(self, name=None, shape=None, **kwargs):
        if name != "kernel" or self.weight_norm is None:
            return super().add_weight(name=name, shape=shape, **kwargs)
        shape = tuple(shape)[::-1]
        lengths = [size if axis == self.weight_norm % len(shape) else 1 for axis, size in enumerate(shape)]
        self.weight_g = super().add_weight(name="weight_g", shape=lengths, initializer="ones")
        self.weight_v = super().add_weight(name="weight_v", shape=shape, **kwargs)
        return None

    @property
    def kernel(self):
        if self.weight_norm is None:
            return self.plain_kernel
        axes = [axis for axis in range(self.weight_v.shape.rank) if axis != self.weight_norm % self.weight_v.shape.rank]
        length = tf.sqrt(tf.reduce_sum(tf.square(self.weight_v), axis=axes, keepdims=True))
        return tf.transpose(self.weight_v * (self.weight_g / length))

    @kernel.setter
    def kernel(self, value):
        if value is not None:
            self.plain_kernel = value
