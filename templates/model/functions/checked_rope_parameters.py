def checked_rope_parameters(others, rope_type: str, config=None, device=None, seq_len=None, **rope_kwargs):
    """Rotary frequencies by `rope_parameters`, of all types but `others`, which the library computes in another way."""
    if rope_type in others:
        raise NotImplementedError(f"rotary position embeddings of type {rope_type} are not ported to TensorFlow")
    return rope_parameters(rope_type, config, device, seq_len, **rope_kwargs)
