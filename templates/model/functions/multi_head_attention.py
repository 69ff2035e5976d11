def _multi_head_attention(
    query: tf.Tensor,
    key: tf.Tensor,
    value: tf.Tensor,
    num_heads: int,
    projections: tuple,
    bias: tf.Tensor | None,
    output_weight: tf.Tensor,
    output_bias: tf.Tensor | None,
    key_padding_mask: tf.Tensor | None = None,
    attn_mask: tf.Tensor | None = None,
    need_weights: bool = True,
    dropout: float = 0.0,
    average_attn_weights: bool = True,
):
    """PyTorch's multi-head attention of (length, batch, channels) with three projection weights (out, in) and one bias.

    Returns the output and the weights (batch, length, keys), or None in their place. Masks are boolean (True: leave
    out) or added to the scores; one of rank 3 has a matrix for each item and head.
    """
    biases = (None, None, None) if bias is None else tf.split(bias, 3)

    def project(states, weight, offset):
        states = tf.matmul(states, weight, transpose_b=True) + (0.0 if offset is None else offset)
        length, batch_size, channels = shape_list(states)
        return tf.transpose(tf.reshape(states, [length, batch_size, num_heads, channels // num_heads]), perm=(1, 2, 0, 3))

    query, key, value = (project(*part) for part in zip((query, key, value), projections, biases))
    batch_size, _, length, head_dim = shape_list(query)
    scores = tf.matmul(query, key, transpose_b=True) * head_dim**-0.5
    if attn_mask is not None:
        attn_mask = tf.where(attn_mask, scores.dtype.min, 0.0) if attn_mask.dtype == tf.bool else attn_mask
        if len(shape_list(attn_mask)) == 3:
            attn_mask = tf.reshape(attn_mask, [batch_size, num_heads] + shape_list(attn_mask)[1:])
        scores = scores + tf.cast(attn_mask, scores.dtype)
    if key_padding_mask is not None:
        if key_padding_mask.dtype == tf.bool:
            key_padding_mask = tf.where(key_padding_mask, scores.dtype.min, 0.0)
        scores = scores + tf.cast(key_padding_mask, scores.dtype)[:, None, None, :]
    weights = stable_softmax(scores, axis=-1)
    context = tf.matmul(tf.nn.dropout(weights, dropout) if dropout else weights, value)
    context = tf.reshape(tf.transpose(context, perm=(2, 0, 1, 3)), [length, batch_size, num_heads * head_dim])
    output = tf.matmul(context, output_weight, transpose_b=True) + (0.0 if output_bias is None else output_bias)
    if not need_weights:
        return output, None
    return output, tf.reduce_mean(weights, axis=1) if average_attn_weights else weights
