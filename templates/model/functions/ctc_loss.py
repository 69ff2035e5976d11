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
    targets = tf.pad(targets, [[0, 0], [0, 1]])  # where no row has a label there is no column
    loss = tf.nn.ctc_loss(
        labels=tf.cast(targets, tf.int32),
        logits=log_probs,
        label_length=tf.cast(target_lengths, tf.int32),
        logit_length=tf.cast(input_lengths, tf.int32),
        logits_time_major=True,
        blank_index=blank,
    )
    # two equal tokens in a row need a blank between them; what does not fit has no alignment
    inside = tf.sequence_mask(target_lengths - 1, shape_list(targets)[1] - 1)
    repeats = tf.reduce_sum(tf.cast((targets[:, 1:] == targets[:, :-1]) & inside, tf.int32), axis=1)
    fits = tf.cast(target_lengths, tf.int32) + repeats <= tf.cast(input_lengths, tf.int32)
    loss = tf.where(fits, loss, tf.zeros_like(loss) if zero_infinity else tf.fill(tf.shape(loss), float("inf")))
    if reduction == "mean":
        return tf.reduce_mean(loss / tf.cast(tf.maximum(target_lengths, 1), loss.dtype))
    return tf.reduce_sum(loss) if reduction == "sum" else loss
