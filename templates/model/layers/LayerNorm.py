class TFModelLayerNorm(keras.layers.LayerNormalization):
    """Normalises the last axis of inputs of any rank; Keras' own layer keeps to the rank that it was built with."""

    def build(self, input_shape) -> None:
        super().build([None, input_shape[-1]])
        self.input_spec = None

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        shape = shape_list(inputs)
        return tf.reshape(super().call(tf.reshape(inputs, [-1, shape[-1]])), shape)
