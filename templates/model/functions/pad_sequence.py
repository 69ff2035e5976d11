def _pad_sequence(sequences, padding_value: float = 0) -> tf.Tensor:
    """Stacks tensors whose first axes differ in length, filled up at their ends to the longest."""
    longest = max(shape_list(sequence)[0] for sequence in sequences)
    padded = []
    for sequence in sequences:
        paddings = [[0, longest - shape_list(sequence)[0]]] + [[0, 0]] * (len(sequence.shape) - 1)
        padded.append(tf.pad(sequence, paddings, constant_values=tf.cast(padding_value, sequence.dtype)))
    return tf.stack(padded)
