class TFModelConvTranspose1d(keras.layers.Conv1DTranspose):
    """Transposed convolution of (batch, channels, length) with PyTorch's padding, which cuts both ends."""

    def __init__(self, *args, padding=0, output_padding=0, **kwargs):
        super().__init__(*args, padding="valid", **kwargs)
        self.cut, self.added = (size if isinstance(size, int) else size[0] for size in (padding, output_padding))

    def build(self, input_shape) -> None:
        super().build(input_shape)
        self.input_spec = None  # Keras looks for the channels at the end

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        result = tf.transpose(super().call(tf.transpose(inputs, perm=(0, 2, 1))), perm=(0, 2, 1))
        result = tf.pad(result, [[0, 0], [0, 0], [0, max(self.added - self.cut, 0)]])
        return result[:, :, self.cut : shape_list(result)[2] - max(self.cut - self.added, 0)]
