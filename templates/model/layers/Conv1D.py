class TFModelConv1D(keras.layers.Conv1D):
    """A convolution that pads by itself, equally on both sides, which `padding="same"` does not do with strides."""

    def __init__(self, *args, padding=0, channels_first=False, **kwargs):
        super().__init__(*args, padding=padding if isinstance(padding, str) else "valid", **kwargs)
        self.sides = 0 if isinstance(padding, str) else padding
        self.channels_first = channels_first

    def build(self, input_shape) -> None:
        super().build(input_shape)
        if self.channels_first:
            self.input_spec = None  # Keras looks for the channels at the end

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        length = self.sides if isinstance(self.sides, int) else self.sides[0]
        if self.channels_first:
            inputs = tf.transpose(inputs, perm=(0, 2, 1))
        outputs = super().call(tf.pad(inputs, [[0, 0], [length, length], [0, 0]]))
        return tf.transpose(outputs, perm=(0, 2, 1)) if self.channels_first else outputs
