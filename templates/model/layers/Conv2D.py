class TFModelConv2D(keras.layers.Conv2D):
    """A convolution that pads by itself, equally on both sides, which `padding="same"` does not do with strides."""

    def __init__(self, *args, padding=0, **kwargs):
        super().__init__(*args, padding="valid", **kwargs)
        height, width = (padding, padding) if isinstance(padding, int) else padding
        self.edges = [[0, 0], [height, height], [width, width], [0, 0]]

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return super().call(tf.pad(inputs, self.edges))
