class TFModelTiedDense(keras.layers.Layer):
    """A linear layer whose weight is that of an embedding layer and whose bias is its own."""

    def __init__(self, units, input_embeddings, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        self.units, self.input_embeddings, self.use_bias = units, input_embeddings, use_bias

    def build(self, input_shape=None):
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros") if self.use_bias else None
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        weight = tf.cast(self.input_embeddings.embeddings, inputs.dtype)  # which mixed precision does not convert
        result = tf.matmul(inputs, weight, transpose_b=True)
        return result if self.bias is None else tf.nn.bias_add(result, self.bias)
