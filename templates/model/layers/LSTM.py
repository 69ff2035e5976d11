class TFModelLSTM(keras.layers.Layer):
    """PyTorch's long short-term memory of (length, batch, channels), of several layers, with its weights' names and layout."""

    def __init__(self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.use_bias, self.batch_first = bias, batch_first
        self.between = keras.layers.Dropout(dropout)

    def build(self, input_shape=None):
        def weight(name, shape):
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer="glorot_uniform"))

        for k in range(self.num_layers):
            weight(f"weight_ih_l{k}", (4 * self.hidden_size, self.hidden_size if k else self.input_size))
            weight(f"weight_hh_l{k}", (4 * self.hidden_size, self.hidden_size))
            if self.use_bias:
                weight(f"bias_ih_l{k}", (4 * self.hidden_size,))
                weight(f"bias_hh_l{k}", (4 * self.hidden_size,))
        self.built = True

    def _layer(self, k: int, inputs: tf.Tensor, initial: tuple):
        """One layer over the whole sequence: its hidden states, and the last hidden and cell state."""
        projected = tf.matmul(inputs, getattr(self, f"weight_ih_l{k}"), transpose_b=True)
        if self.use_bias:
            projected = projected + getattr(self, f"bias_ih_l{k}") + getattr(self, f"bias_hh_l{k}")
        recurrent = getattr(self, f"weight_hh_l{k}")

        def step(states, part):
            hidden, cell = states
            gates = tf.split(part + tf.matmul(hidden, recurrent, transpose_b=True), 4, axis=-1)
            cell = tf.sigmoid(gates[1]) * cell + tf.sigmoid(gates[0]) * tf.tanh(gates[2])
            return tf.sigmoid(gates[3]) * tf.tanh(cell), cell

        hidden, cell = tf.scan(step, projected, initializer=initial)
        return hidden, (hidden[-1], cell[-1])

    def call(self, inputs: tf.Tensor, initial=None, training: bool = False):
        states = tf.transpose(inputs, perm=(1, 0, 2)) if self.batch_first else inputs
        zeros = tf.zeros([shape_list(states)[1], self.hidden_size], dtype=states.dtype)
        last = []
        for k in range(self.num_layers):
            start = (zeros, zeros) if initial is None else (initial[0][k], initial[1][k])
            states, final = self._layer(k, self.between(states, training=training) if k else states, start)
            last.append(final)
        output = tf.transpose(states, perm=(1, 0, 2)) if self.batch_first else states
        return output, (tf.stack([hidden for hidden, _ in last]), tf.stack([cell for _, cell in last]))
