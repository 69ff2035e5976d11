def _ctc_loss(
    log_probs: tf.Tensor,
    targets: tf.Tensor,
    input_lengths: tf.Tensor,
    target_lengths: tf.Tensor,
    blank=0,
    reduction="mean",
    zero_infinity=False,
) -> tf.Tensor:
    """Connectionist temporal classification of (time, batch, classes); targets are in rows or flattened."""
    if targets.shape.rank == 1:
        targets = tf.RaggedTensor.from_row_lengths(targets, target_lengths).to_tensor()
    loss = tf.nn.ctc_loss(
        labels=tf.cast(targets, tf.int32),
        logits=log_probs,
        label_length=tf.cast(target_lengths, tf.int32),
        logit_length=tf.cast(input_lengths, tf.int32),
        logits_time_major=True,
        blank_index=blank,
    )
    if zero_infinity:
        loss = tf.where(tf.math.is_finite(loss), loss, tf.zeros_like(loss))
    if reduction == "mean":
        return tf.reduce_mean(loss / tf.cast(tf.maximum(target_lengths, 1), loss.dtype))
    return tf.reduce_sum(loss) if reduction == "sum" else loss
