class TFModelConvTranspose2d(keras.layers.Conv2DTranspose):
    """Transposed convolution of (batch, channels, height, width) with PyTorch's padding, which cuts both ends."""

    def __init__(self, *args, padding=0, output_padding=0, **kwargs):
        super().__init__(*args, padding="valid", **kwargs)
        self.cut, self.added = (
            (size, size) if isinstance(size, int) else tuple(size) for size in (padding, output_padding)
        )

    def build(self, input_shape) -> None:
        super().build(input_shape)
        self.input_spec = None  # Keras looks for the channels at the end

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        result = tf.transpose(super().call(tf.transpose(inputs, perm=(0, 2, 3, 1))), perm=(0, 3, 1, 2))
        result = tf.pad(result, [[0, 0], [0, 0]] + [[0, max(a - c, 0)] for c, a in zip(self.cut, self.added)])
        top, left = self.cut
        bottom, right = (max(c - a, 0) for c, a in zip(self.cut, self.added))
        _, _, height, width = shape_list(result)
        return result[:, :, top : height - bottom, left : width - right]
