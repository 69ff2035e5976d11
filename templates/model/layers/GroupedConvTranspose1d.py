class TFModelGroupedConvTranspose1d(keras.layers.Layer):
    """Transposed convolution of (batch, channels, length) in groups of channels, which Keras' layer does not have.

    It is a convolution of the input with zeros between its steps; the weight has PyTorch's layout.
    """

    def __init__(
        self, filters, kernel_size, strides=1, padding=0, output_padding=0, groups=1, use_bias=True, **kwargs
    ):
        super().__init__(**kwargs)
        sizes = (kernel_size, strides, padding, output_padding)
        sizes = [size if isinstance(size, int) else size[0] for size in sizes]
        self.filters, self.groups, self.use_bias = filters, groups, use_bias
        self.kernel_size, self.strides = (sizes[0],), (sizes[1],)
        self.cut, self.added = sizes[2:]

    def build(self, input_shape):
        shape = (input_shape[-1], self.filters // self.groups, self.kernel_size[0])
        self.weight = self.add_weight(name="weight", shape=shape, initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros") if self.use_bias else None
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        (size,), (stride,) = self.kernel_size, self.strides
        batch_size, channels, length = shape_list(inputs)
        spread = tf.pad(tf.expand_dims(tf.transpose(inputs, perm=(0, 2, 1)), axis=2), [[0, 0], [0, 0], [0, stride - 1], [0, 0]])
        spread = tf.reshape(spread, [batch_size, length * stride, channels])[:, : (length - 1) * stride + 1]
        spread = tf.pad(spread, [[0, 0], [size - 1, size - 1 + max(self.added - self.cut, 0)], [0, 0]])
        weight = tf.reshape(self.weight, [self.groups, channels // self.groups, self.filters // self.groups, size])
        kernel = tf.reverse(tf.transpose(weight, perm=(3, 1, 0, 2)), axis=[0])
        kernel = tf.reshape(kernel, [size, channels // self.groups, self.filters])
        result = tf.nn.conv1d(spread, kernel, stride=1, padding="VALID")
        result = result if self.bias is None else result + self.bias
        result = tf.transpose(result, perm=(0, 2, 1))
        return result[:, :, self.cut : shape_list(result)[2] - max(self.cut - self.added, 0)]
