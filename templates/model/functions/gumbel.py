class _Gumbel:
    """The Gumbel distribution."""

    def __init__(self, loc, scale):
        self.loc, self.scale = tf.convert_to_tensor(loc), scale

    def sample(self, shape=()):
        uniform = tf.random.uniform([*shape, *shape_list(self.loc)], minval=1e-20, maxval=1.0, dtype=self.loc.dtype)
        return self.loc - self.scale * tf.math.log(-tf.math.log(uniform))
