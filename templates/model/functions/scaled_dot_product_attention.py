def _scaled_dot_product_attention(
    query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None
) -> tf.Tensor:
    """Softmax of the scaled, masked products of queries and keys, applied to the values."""
    scale = tf.math.rsqrt(tf.cast(shape_list(query)[-1], query.dtype)) if scale is None else scale
    scores = tf.matmul(query, key, transpose_b=True) * scale
    if is_causal:
        attn_mask = tf.linalg.band_part(tf.ones(shape_list(scores)[-2:], dtype=tf.bool), -1, 0)
    if attn_mask is not None:
        scores = tf.where(attn_mask, scores, scores.dtype.min) if attn_mask.dtype == tf.bool else scores + attn_mask
    return tf.matmul(tf.nn.dropout(stable_softmax(scores, axis=-1), rate=dropout_p), value)
