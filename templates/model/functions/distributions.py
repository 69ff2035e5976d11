class _Normal:
    """The normal distribution."""

    def __init__(self, loc, scale):
        self.loc, self.scale = loc, scale

    @property
    def mean(self):
        return self.loc

    @property
    def variance(self):
        return self.scale**2

    def log_prob(self, value):
        return -((value - self.loc) ** 2) / (2 * self.variance) - tf.math.log(self.scale) - math.log(2 * math.pi) / 2

    def sample(self):
        return self.loc + self.scale * tf.random.normal(tf.shape(self.loc), dtype=self.loc.dtype)


class _StudentT:
    """Student's t-distribution, moved by `loc` and stretched by `scale`."""

    def __init__(self, df, loc, scale):
        self.df, self.loc, self.scale = df, loc, scale

    @property
    def mean(self):
        return tf.where(self.df > 1, self.loc, math.nan)

    @property
    def variance(self):
        finite = self.scale**2 * self.df / tf.where(self.df > 2, self.df - 2, 1.0)
        return tf.where(self.df > 2, finite, tf.where(self.df > 1, math.inf, math.nan))

    def log_prob(self, value):
        value = (value - self.loc) / self.scale
        norm = tf.math.log(self.scale) + 0.5 * tf.math.log(self.df) + 0.5 * math.log(math.pi)
        norm = norm + tf.math.lgamma(0.5 * self.df) - tf.math.lgamma(0.5 * (self.df + 1))
        return -0.5 * (self.df + 1) * tf.math.log1p(value**2 / self.df) - norm

    def sample(self):
        chi2 = tf.random.gamma([], alpha=self.df / 2, beta=0.5, dtype=self.df.dtype)
        return self.loc + self.scale * tf.random.normal(tf.shape(chi2), dtype=chi2.dtype) * tf.math.rsqrt(chi2 / self.df)


class _NegativeBinomial:
    """How many successes, of log-odds `logits`, come before `total_count` failures."""

    def __init__(self, total_count, logits):
        self.total_count, self.logits = total_count, logits

    @property
    def mean(self):
        return self.total_count * tf.exp(self.logits)

    @property
    def variance(self):
        return self.mean / tf.sigmoid(-self.logits)

    def log_prob(self, value):
        unnormalised = self.total_count * tf.math.log_sigmoid(-self.logits) + value * tf.math.log_sigmoid(self.logits)
        norm = -tf.math.lgamma(self.total_count + value) + tf.math.lgamma(1.0 + value) + tf.math.lgamma(self.total_count)
        return unnormalised - tf.where(self.total_count + value == 0.0, tf.zeros_like(norm), norm)

    def sample(self):
        rate = tf.random.gamma([], alpha=self.total_count, beta=tf.exp(-self.logits), dtype=self.logits.dtype)
        return tf.random.poisson([], rate, dtype=rate.dtype)


class _Independent:
    """A distribution whose last `count` axes are one event together."""

    def __init__(self, base, count: int):
        self.base, self.count = base, count

    @property
    def mean(self):
        return self.base.mean

    @property
    def variance(self):
        return self.base.variance

    def log_prob(self, value):
        return tf.reduce_sum(self.base.log_prob(value), axis=list(range(-self.count, 0)))

    def sample(self):
        return self.base.sample()


class _AffineTransform:
    """`loc + scale * x`, where the last `event_dim` axes are one event."""

    def __init__(self, loc, scale, event_dim: int = 0):
        self.loc, self.scale, self.event_dim = loc, scale, event_dim

    def __call__(self, value):
        return self.loc + self.scale * value

    def inverse(self, value):
        return (value - self.loc) / self.scale

    def log_abs_det_jacobian(self, value):
        slope = tf.math.log(tf.abs(tf.cast(self.scale, value.dtype)))
        slope = slope if tf.is_tensor(self.scale) else tf.broadcast_to(slope, tf.shape(value))
        if not self.event_dim:
            return tf.broadcast_to(slope, tf.shape(value))
        slope = tf.reduce_sum(slope, axis=list(range(-self.event_dim, 0)))  # over the axes that the scale itself has
        return tf.broadcast_to(slope, tf.shape(value)[: -self.event_dim])


class _TransformedDistribution:
    """The distribution of what `transforms` make of the values of another one."""

    def __init__(self, base_distribution, transforms):
        self.base_dist, self.transforms = base_distribution, transforms

    def log_prob(self, value):
        total = 0.0
        for transform in reversed(self.transforms):
            value = transform.inverse(value)
            total = total - transform.log_abs_det_jacobian(value)
        return self.base_dist.log_prob(value) + total

    def sample(self):
        value = self.base_dist.sample()
        for transform in self.transforms:
            value = transform(value)
        return value
