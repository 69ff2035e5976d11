def _convolution(tensor: tf.Tensor, weight: tf.Tensor, bias=None, stride=1, padding=0, dilation=1) -> tf.Tensor:
    """
    Convolution over the axes after batch and channels with a weight in PyTorch's layout (out, in / groups, *kernel);
    the number of groups follows from the weight's shape.
    """
    rank = len(weight.shape) - 2
    stride, dilation = ([value] * rank if isinstance(value, int) else list(value) for value in (stride, dilation))
    if padding == "same":
        totals = [step * (size - 1) for step, size in zip(dilation, shape_list(weight)[2:])]
        paddings = [[total // 2, total - total // 2] for total in totals]
    else:
        padding = 0 if padding == "valid" else padding
        paddings = [[size, size] for size in ([padding] * rank if isinstance(padding, int) else padding)]
    tensor = tf.pad(tensor, [[0, 0], [0, 0]] + paddings)
    result = tf.nn.convolution(
        tf.transpose(tensor, [0, *range(2, rank + 2), 1]),
        tf.transpose(weight, [*range(2, rank + 2), 1, 0]),
        strides=stride,
        padding="VALID",
        dilations=dilation,
    )
    if bias is not None:
        result = result + bias
    return tf.transpose(result, [0, rank + 1, *range(1, rank + 1)])
