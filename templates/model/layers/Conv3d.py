class TFModelConv3d(keras.layers.Layer):
    """
    Convolution of (batch, channels, depth, height, width). Its weight keeps PyTorch's layout: the library transposes
    kernels of two dimensions, and has no rule for three.
    """

    def __init__(self, in_channels, filters, kernel_size, strides=1, padding=0, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        size, self.strides, padding = (
            (v,) * 3 if isinstance(v, int) else tuple(v) for v in (kernel_size, strides, padding)
        )
        self.kernel_shape = (filters, in_channels, *size)
        self.edges = [[0, 0], *([p, p] for p in padding), [0, 0]]
        self.use_bias = use_bias

    def build(self, input_shape=None):
        self.weight = self.add_weight(name="weight", shape=self.kernel_shape, initializer="glorot_uniform")
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=self.kernel_shape[:1], initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        inputs = tf.pad(tf.transpose(inputs, perm=(0, 2, 3, 4, 1)), self.edges)
        kernel = tf.transpose(self.weight, perm=(2, 3, 4, 1, 0))
        result = tf.nn.conv3d(inputs, kernel, strides=(1, *self.strides, 1), padding="VALID")
        result = result + self.bias if self.use_bias else result
        return tf.transpose(result, perm=(0, 4, 1, 2, 3))
