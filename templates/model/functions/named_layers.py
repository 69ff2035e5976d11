def named_layers(layer: keras.layers.Layer, prefix: str = ""):
    """Pairs of path and layer for every layer below one that holds no other layers."""
    for child in layer._flatten_layers(recursive=False, include_self=False):
        path = f"{prefix}.{child.name}" if prefix else child.name
        if any(True for _ in child._flatten_layers(recursive=False, include_self=False)):
            yield from named_layers(child, path)
        else:
            yield path, child
