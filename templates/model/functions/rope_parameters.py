def rope_parameters(rope_type: str, config=None, device=None, seq_len=None, **rope_kwargs):
    """
    Inverse frequencies of rotary position embeddings, and the factor that their cosine and sine are multiplied by.
    `seq_len` may be a tensor; only the types "dynamic" and "longrope" look at it.
    """
    if config is not None:
        dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        dim = int(dim * getattr(config, "partial_rotary_factor", 1.0))
        base, max_positions = config.rope_theta, config.max_position_embeddings
        scaling = getattr(config, "rope_scaling", None) or {}
    else:
        dim, base, scaling = rope_kwargs["dim"], rope_kwargs["base"], rope_kwargs
        max_positions = rope_kwargs["max_position_embeddings"]
    factor = scaling.get("factor")
    exponents = tf.range(0, dim, 2, dtype=tf.float32) / dim
    attention_factor = scaling.get("attention_factor")

    if rope_type == "dynamic":
        length = tf.cast(tf.maximum(max_positions if seq_len is None else seq_len, max_positions), tf.float32)
        base = base * ((factor * length / max_positions) - (factor - 1)) ** (dim / (dim - 2))
        return 1.0 / (base**exponents), 1.0

    if rope_type == "longrope":
        long = tf.constant(True)
        original = getattr(config, "original_max_position_embeddings", None)
        if original is not None:
            long = tf.constant(max_positions > original)
            factor = max_positions / original
            if seq_len is not None:
                long = tf.logical_and(long, tf.logical_or(seq_len == 0, seq_len >= original))
        else:
            original = max_positions
            long = tf.constant(factor > 1.0)
        if attention_factor is None:
            scaled = math.sqrt(1 + math.log(factor) / math.log(original)) if factor > 1.0 else 1.0
            attention_factor = tf.where(long, scaled, 1.0)
        factors = tf.where(long, scaling["long_factor"], scaling["short_factor"])
        return 1.0 / (tf.cast(factors, tf.float32) * base**exponents), attention_factor

    inv_freq = 1.0 / (base**exponents)
    if rope_type == "linear":
        return inv_freq / factor, 1.0

    if rope_type == "yarn":

        def correction(rotations):
            return dim * math.log(max_positions / (rotations * 2 * math.pi)) / (2 * math.log(base))

        low = max(math.floor(correction(scaling.get("beta_fast") or 32)), 0)
        high = min(math.ceil(correction(scaling.get("beta_slow") or 1)), dim - 1)
        high = high + 0.001 if low == high else high
        ramp = tf.clip_by_value((tf.range(dim // 2, dtype=tf.float32) - low) / (high - low), 0.0, 1.0)
        attention_factor = 0.1 * math.log(factor) + 1.0 if attention_factor is None else attention_factor
        return inv_freq / factor * ramp + inv_freq * (1.0 - ramp), attention_factor

    if rope_type == "llama3":
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        original = scaling["original_max_position_embeddings"]
        wavelength = 2 * math.pi / inv_freq
        smooth = (original / wavelength - low) / (high - low)
        medium = (1 - smooth) * inv_freq / factor + smooth * inv_freq
        scaled = tf.where(wavelength > original / low, inv_freq / factor, inv_freq)
        is_medium = tf.logical_and(wavelength >= original / high, wavelength <= original / low)
        return tf.where(is_medium, medium, scaled), 1.0

    if rope_type != "default":
        raise ValueError(f"Unknown type of rotary position embeddings: {rope_type}")
    return inv_freq, 1.0
