def _embed_tokens(embeddings: keras.layers.Layer, input_ids: tf.Tensor) -> tf.Tensor:
    """Rows of the embeddings' weight; some models have a layer there that adds positions as well."""
    weight = embeddings.weight if hasattr(embeddings, "weight") else embeddings.embeddings
    return tf.cast(tf.gather(weight, input_ids), embeddings.compute_dtype)
