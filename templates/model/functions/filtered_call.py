def _filtered_call(layer: keras.layers.Layer, *args, **kwargs):
    """Calls a layer with those keywords that it takes."""
    known = inspect.signature(layer.call).parameters
    return layer(*args, **{name: value for name, value in kwargs.items() if name in known})
