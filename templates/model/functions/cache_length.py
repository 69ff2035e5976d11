def cache_length(cache, layer_idx: int = 0) -> int:
    """Number of tokens that a cache holds of a layer."""
    return shape_list(cache[layer_idx][0])[-2] if layer_idx < len(cache) else 0
