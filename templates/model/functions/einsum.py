def _einsum(equation: str, left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """`tf.einsum` of two tensors that stretches axes of size 1, as PyTorch's does."""
    terms = equation.split("->")[0].replace(" ", "").split(",")
    sizes = {}
    for term, operand in zip(terms, (left, right)):
        for axis, size in zip(term, shape_list(operand)):
            other = sizes.setdefault(axis, size)
            known = isinstance(size, int) and isinstance(other, int)
            sizes[axis] = max(size, other) if known else tf.maximum(size, other)
    left, right = (
        tf.broadcast_to(operand, [sizes[axis] for axis in term]) for term, operand in zip(terms, (left, right))
    )
    return tf.einsum(equation, left, right)
