"""Random tensors: the same distributions, not the same numbers.

Source: torch's documentation, "Random sampling".
"""

from __future__ import annotations

from scaffold.translate.callsite import CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import PLACEMENT, given, invoke, receiver, rewrites, shape_text, sizes

RULES: list[Rule] = []


def _sampled(name: str, function: str) -> None:
    @rewrites(
        RULES,
        name,
        args=("*size", "dtype", *PLACEMENT),
        dtype="float32",
        safety=Safety.REVIEW,
        examples=(
            Example(f"torch.{name}(2, n)", f"tf.random.{function}([2, n])", "n: 3", witness=False),
            Example(f"torch.{name}((2,), device=d)", f"tf.random.{function}([2])", "d: None", witness=False),
        ),
    )
    def sampled(call: CallSite) -> str | Unmapped:
        """Sizes as one list."""
        return invoke(f"tf.random.{function}", sizes(call, "size"), dtype=given(call, "dtype"))

    @rewrites(
        RULES,
        f"{name}_like",
        args=("input", "dtype", *PLACEMENT),
        rank="same",
        safety=Safety.REVIEW,
        examples=(
            Example(
                f"torch.{name}_like(a)",
                f"tf.random.{function}(shape_list(a), dtype=a.dtype)",
                "a: f32[2,3]",
                witness=False,
            ),
        ),
    )
    def sampled_like(call: CallSite) -> str | Unmapped:
        """Shape and dtype are the tensor's."""
        own = call.arg("input")
        return invoke(f"tf.random.{function}", call.shape(own), dtype=given(call, "dtype", f"{own.atom}.dtype"))


_sampled("rand", "uniform")
_sampled("randn", "normal")


@rewrites(
    RULES,
    "randint",
    args=("low", "high", "size", "dtype", *PLACEMENT),
    dtype="int64",
    safety=Safety.REVIEW,
    examples=(
        Example(
            "torch.randint(0, n, (2, 3))",
            "tf.random.uniform([2, 3], minval=0, maxval=n, dtype=tf.int32)",
            "n: 3",
            witness=False,
        ),
    ),
)
def randint(call: CallSite) -> str | Unmapped:
    """With two positional arguments the first is the upper bound."""
    low, high, size = call.text("low", "0"), call.text("high"), call.bound.get("size")
    if size is None:
        low, high, size = "0", low, call.bound["high"]
    dtype = given(call, "dtype", "tf.int32")
    return invoke("tf.random.uniform", shape_text(call, size), minval=low, maxval=high, dtype=dtype)


RULES += [
    Rule(
        torch="torch.randperm",
        args=("n", "dtype", *PLACEMENT),
        ignore=("dtype", *PLACEMENT),
        tf="tf.random.shuffle(tf.range({n}))",
        dtype="int64",
        rank=None,
        safety=Safety.REVIEW,
        examples=(Example("torch.randperm(n)", "tf.random.shuffle(tf.range(n))", "n: 4", witness=False),),
    ),
    Rule(
        torch="torch.manual_seed",
        args=("seed",),
        tf="tf.random.set_seed({seed})",
        result="none",
        safety=Safety.REVIEW,
        examples=(Example("torch.manual_seed(0)", "tf.random.set_seed(0)", witness=False),),
    ),
]


@rewrites(
    RULES,
    "bernoulli",
    ".bernoulli",
    args=("input", "p", *PLACEMENT),
    rank="same",
    safety=Safety.REVIEW,
    examples=(
        Example(
            "torch.bernoulli(a)",
            "tf.cast(tf.random.uniform(shape_list(a)) < a, a.dtype)",
            "a: f32(0,1)[2,3]",
            witness=False,
        ),
    ),
)
def bernoulli(call: CallSite) -> str | Unmapped:
    """One where a uniform number is below the probability."""
    own = receiver(call)
    bound = call.arg("p").atom if call.has("p") else own.atom
    return f"tf.cast(tf.random.uniform({call.shape(own)}) < {bound}, {own.atom}.dtype)"


@rewrites(
    RULES,
    ".bernoulli_",
    args=("self", "p", *PLACEMENT),
    rank="same",
    safety=Safety.REVIEW,
    examples=(
        Example(
            "a.bernoulli_(0.3)",
            "tf.cast(tf.random.uniform(shape_list(a)) < 0.3, a.dtype)",
            "a: f32(0,1)[2,3]",
            witness=False,
        ),
    ),
)
def bernoulli_(call: CallSite) -> str | Unmapped:
    """The tensor tells the shape alone."""
    own = receiver(call)
    bound = call.arg("p").atom if call.has("p") else "0.5"
    return f"tf.cast(tf.random.uniform({call.shape(own)}) < {bound}, {own.atom}.dtype)"


@rewrites(
    RULES,
    "multinomial",
    ".multinomial",
    args=("input", "num_samples", "replacement", *PLACEMENT),
    dtype="int64",
    safety=Safety.REVIEW,
    examples=(
        Example(
            "torch.multinomial(a, num_samples=1)",
            "tf.random.categorical(tf.math.log(a), 1, dtype=tf.int32)",
            "a: f32(0,1)[2,3]",
            witness=False,
        ),
    ),
)
def multinomial(call: CallSite) -> str | Unmapped:
    """TensorFlow draws with replacement only, and from rows."""
    own = receiver(call)
    if call.constant("num_samples") != 1 and call.constant("replacement", False) is not True:
        return call.refuse("TFP102", "TensorFlow cannot draw without replacement", "use Gumbel noise and tf.math.top_k")
    logits = f"tf.math.log({own.text})"
    if own.rank == 1:
        return f"tf.random.categorical({logits}[None], {call.text('num_samples')}, dtype=tf.int32)[0]"
    return f"tf.random.categorical({logits}, {call.text('num_samples')}, dtype=tf.int32)"


@rewrites(
    RULES,
    ".uniform_",
    args=("self", "from", "to", "a", "b", *PLACEMENT),
    rank="same",
    safety=Safety.REVIEW,
    examples=(
        Example(
            "a.uniform_(0, 2)",
            "tf.random.uniform(shape_list(a), minval=0, maxval=2, dtype=a.dtype)",
            "a: f32[2,3]",
            witness=False,
        ),
    ),
)
def uniform_(call: CallSite) -> str | Unmapped:
    """A new tensor of the receiver's shape and dtype."""
    own = call.arg("self")
    low, high = given(call, "from") or given(call, "a"), given(call, "to") or given(call, "b")
    return invoke("tf.random.uniform", call.shape(own), minval=low, maxval=high, dtype=f"{own.atom}.dtype")


@rewrites(
    RULES,
    ".exponential_",
    args=("self", "lambd"),
    rank="same",
    safety=Safety.REVIEW,
    examples=(
        Example("a.exponential_()", "tf.random.gamma(shape_list(a), 1.0, dtype=a.dtype)", "a: f32[2,3]", witness=False),
        Example(
            "a.exponential_(2.0)",
            "tf.random.gamma(shape_list(a), 1.0, beta=2.0, dtype=a.dtype)",
            "a: f32[2,3]",
            witness=False,
        ),
    ),
)
def exponential_(call: CallSite) -> str | Unmapped:
    """A gamma distribution of shape 1."""
    own = call.arg("self")
    return invoke("tf.random.gamma", call.shape(own), "1.0", beta=given(call, "lambd"), dtype=f"{own.atom}.dtype")


@rewrites(
    RULES,
    ".normal_",
    args=("self", "mean", "std", *PLACEMENT),
    rank="same",
    safety=Safety.REVIEW,
    examples=(
        Example(
            "a.normal_(mean=0.0, std=0.02)",
            "tf.random.normal(shape_list(a), mean=0.0, stddev=0.02, dtype=a.dtype)",
            "a: f32[2,3]",
            witness=False,
        ),
    ),
)
def normal_(call: CallSite) -> str | Unmapped:
    """A new tensor of the receiver's shape and dtype."""
    own = call.arg("self")
    mean, std = given(call, "mean"), given(call, "std")
    return invoke("tf.random.normal", call.shape(own), mean=mean, stddev=std, dtype=f"{own.atom}.dtype")
