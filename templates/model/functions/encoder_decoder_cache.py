class EncoderDecoderCache:
    """
    Keys and values of a decoder's own tokens and of the encoder's, as two lists with one (key, value) pair a layer. It
    is made of the tuples that a caller passes, (key, value) or (key, value, cross key, cross value) a layer, and gives
    such tuples when it is iterated over; an index gives a layer's own pair.
    """

    def __init__(self, past=None):
        past = past or ()
        self.self_attention_cache = [tuple(layer[:2]) for layer in past]
        self.cross_attention_cache = [tuple(layer[2:4]) for layer in past if len(layer) > 2]
        self.is_updated = dict.fromkeys(range(len(self.cross_attention_cache)), True)

    def __len__(self):
        return len(self.self_attention_cache)

    def __getitem__(self, layer_idx: int):
        return self.self_attention_cache[layer_idx]

    def __iter__(self):
        crossed = self.cross_attention_cache or [()] * len(self)
        return iter([own + cross for own, cross in zip(self.self_attention_cache, crossed)])
