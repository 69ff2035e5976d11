def _get_activation(name: str):
    """The library's TensorFlow activations, and those that only its PyTorch side registers."""
    pytorch_only = {
        "gelu_accurate": lambda x: keras.activations.gelu(x, approximate=True),
        "gelu_python": lambda x: keras.activations.gelu(x),
        "gelu_pytorch_tanh": lambda x: keras.activations.gelu(x, approximate=True),
        "leaky_relu": lambda x: tf.nn.leaky_relu(x, alpha=0.01),
        "linear": tf.identity,
        "relu2": lambda x: tf.square(tf.nn.relu(x)),
        "relu6": tf.nn.relu6,
    }
    return pytorch_only[name] if name in pytorch_only else get_tf_activation(name)
