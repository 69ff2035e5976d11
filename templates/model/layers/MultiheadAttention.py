class TFModelMultiheadAttention(keras.layers.Layer):
    """Multi-head attention whose three input projections are one packed weight, as in PyTorch's layer of that name."""

    def __init__(self, embed_dim: int, num_heads: int, dropout=0.0, bias: bool = True, batch_first: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.use_bias = bias
        self.batch_first = batch_first
        self.attention_dropout = keras.layers.Dropout(dropout)
        self.out_proj = keras.layers.Dense(units=embed_dim, use_bias=bias, name="out_proj")

    def _project(self, states: tf.Tensor, part: int) -> tf.Tensor:
        rows = slice(part * self.embed_dim, (part + 1) * self.embed_dim)
        states = tf.matmul(states, self.in_proj_weight[rows], transpose_b=True)
        if self.use_bias:
            states = states + self.in_proj_bias[rows]
        batch_size, length, _ = shape_list(states)
        return tf.transpose(tf.reshape(states, [batch_size, length, self.num_heads, self.head_dim]), perm=(0, 2, 1, 3))

    def call(
        self,
        query: tf.Tensor,
        key: tf.Tensor,
        value: tf.Tensor,
        key_padding_mask: tf.Tensor | None = None,
        need_weights: bool = True,
        attn_mask: tf.Tensor | None = None,
        average_attn_weights: bool = True,
        training: bool = False,
    ):
        if not self.batch_first:
            query, key, value = (tf.transpose(states, perm=(1, 0, 2)) for states in (query, key, value))
        batch_size, query_length, _ = shape_list(query)
        query, key, value = self._project(query, 0), self._project(key, 1), self._project(value, 2)
        scores = tf.matmul(query, key, transpose_b=True) * self.head_dim**-0.5
        if attn_mask is not None:
            if attn_mask.dtype == tf.bool:
                attn_mask = tf.where(attn_mask, scores.dtype.min, 0.0)
            if len(shape_list(attn_mask)) == 3:
                attn_mask = tf.reshape(attn_mask, [batch_size, self.num_heads] + shape_list(attn_mask)[1:])
            scores = scores + tf.cast(attn_mask, scores.dtype)
        if key_padding_mask is not None:
            if key_padding_mask.dtype == tf.bool:
                key_padding_mask = tf.where(key_padding_mask, scores.dtype.min, 0.0)
            scores = scores + tf.cast(key_padding_mask, scores.dtype)[:, None, None, :]
        weights = stable_softmax(scores, axis=-1)
        context = tf.matmul(self.attention_dropout(weights, training=training), value)
        context = tf.reshape(tf.transpose(context, perm=(0, 2, 1, 3)), [batch_size, query_length, self.embed_dim])
        output = self.out_proj(context)
        if not self.batch_first:
            output = tf.transpose(output, perm=(1, 0, 2))
        if not need_weights:
            return output, None
        return output, tf.reduce_mean(weights, axis=1) if average_attn_weights else weights

    def build(self, input_shape=None):
        self.in_proj_weight = self.add_weight(
            shape=(3 * self.embed_dim, self.embed_dim), initializer="glorot_uniform", trainable=True, name="in_proj_weight"
        )
        if self.use_bias:
            self.in_proj_bias = self.add_weight(
                shape=(3 * self.embed_dim,), initializer="zeros", trainable=True, name="in_proj_bias"
            )

        if self.built:
            return
        self.built = True
        if getattr(self, "out_proj", None) is not None:
            with tf.name_scope(self.out_proj.name):
                self.out_proj.build([None, None, self.embed_dim])
