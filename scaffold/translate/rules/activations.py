"""Activation functions, softmax and dropout.

Source: torch's documentation, "torch.nn.functional: Non-linear activation functions". Where TensorFlow's defaults differ
(leaky_relu's slope 0.2) the value is always written.
"""

from __future__ import annotations

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import floating, given, invoke, receiver, rewrites, simple

RULES: list[Rule] = []
_F = "nn.functional."
_ROW = "a: f32[2,3]"


# -- softmax -----------------------------------------------------------------------------------------------------------


def softmax_axis(call: CallSite, tensor: Arg) -> str | Unmapped:
    """The axis, or torch's old default where it is not given: 0 for ranks 0, 1 and 3, else 1."""
    if call.has("dim"):
        return call.text("dim")
    rank = call.need_rank(tensor)
    return rank if isinstance(rank, Unmapped) else ("0" if rank in (0, 1, 3) else "1")


def _before_softmax(call: CallSite, tensor: Arg) -> str:
    return f"tf.cast({tensor.text}, {call.text('dtype')})" if call.has("dtype") else floating(tensor)


@rewrites(
    RULES,
    f"{_F}softmax",
    args=("input", "dim", "_stacklevel", "dtype"),
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example("F.softmax(a, dim=-1)", "stable_softmax(logits=a, axis=-1)", _ROW),
        Example("F.softmax(a, 1)", "stable_softmax(logits=a, axis=1)", "a: f32[2,3,4]"),
        Example(
            "F.softmax(a, dim=-1, dtype=torch.float32)",
            "stable_softmax(logits=tf.cast(a, tf.float32), axis=-1)",
            "a: f16[2,3]",
        ),
    ),
)
def softmax(call: CallSite) -> str | Unmapped:
    """The library's own softmax, which XLA on a CPU compiles correctly."""
    tensor = receiver(call)
    axis = softmax_axis(call, tensor)
    if isinstance(axis, Unmapped):
        return axis
    return f"{call.uses('stable_softmax')}(logits={_before_softmax(call, tensor)}, axis={axis})"


rewrites(
    RULES,
    "softmax",
    ".softmax",
    "special.softmax",
    args=("input", "dim", "dtype"),
    rank="same",
    safety=Safety.CLOSE,
    examples=(Example("torch.softmax(a, dim=-1)", "stable_softmax(logits=a, axis=-1)", _ROW),),
)(softmax)


def log_softmax(call: CallSite) -> str | Unmapped:
    """The axis must be known."""
    tensor = receiver(call)
    axis = softmax_axis(call, tensor)
    return axis if isinstance(axis, Unmapped) else f"tf.nn.log_softmax({_before_softmax(call, tensor)}, axis={axis})"


rewrites(
    RULES,
    f"{_F}log_softmax",
    args=("input", "dim", "_stacklevel", "dtype"),
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example("F.log_softmax(a, dim=-1)", "tf.nn.log_softmax(a, axis=-1)", _ROW),
        Example(
            "F.log_softmax(a, dim=0, dtype=torch.float32)",
            "tf.nn.log_softmax(tf.cast(a, tf.float32), axis=0)",
            "a: f16[2,3]",
        ),
    ),
)(log_softmax)
rewrites(
    RULES,
    "log_softmax",
    ".log_softmax",
    "special.log_softmax",
    args=("input", "dim", "dtype"),
    rank="same",
    safety=Safety.CLOSE,
    examples=(Example("torch.log_softmax(a, dim=-1)", "tf.nn.log_softmax(a, axis=-1)", _ROW),),
)(log_softmax)


@rewrites(
    RULES,
    f"{_F}gumbel_softmax",
    args=("logits", "tau", "hard", "eps", "dim"),
    rank="same",
    safety=Safety.REVIEW,
    examples=(
        Example("F.gumbel_softmax(a, tau=2, hard=True)", "_gumbel_softmax(a, tau=2, hard=True)", _ROW, witness=False),
    ),
)
def gumbel_softmax(call: CallSite) -> str | Unmapped:
    """An emitted function; random."""
    name = call.emits("gumbel_softmax")
    call.uses("stable_softmax")
    return invoke(
        f"_{name}", call.text("logits"), tau=given(call, "tau"), hard=given(call, "hard"), axis=given(call, "dim")
    )


# -- dropout -----------------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    f"{_F}dropout",
    args=("input", "p", "training", "inplace"),
    rank="same",
    safety=Safety.REVIEW,
    note="The same rate; other random numbers.",
    examples=(
        Example(
            "F.dropout(a, p=p, training=training)",
            "tf.nn.dropout(a, rate=p) if training else a",
            f"{_ROW}, p: 0.5, training: False",
        ),
        Example(
            "F.dropout(a + a, 0.1, training=training)",
            "tf.nn.dropout(a + a, rate=0.1 if training else 0.0)",
            f"{_ROW}, training: False",
        ),
        Example("F.dropout(a, p=0.5, training=False)", "a", _ROW),
        Example("F.dropout(a, p=0.5)", "tf.nn.dropout(a, rate=0.5)", _ROW, witness=False),
    ),
)
def dropout(call: CallSite) -> str | Unmapped:
    """Only while training; torch's default is that it is."""
    tensor, rate = call.arg("input"), call.text("p", "0.5")
    training = call.constant("training", True)
    if training is False:
        return tensor.text
    if training is True:
        return f"tf.nn.dropout({tensor.text}, rate={rate})"
    condition = call.arg("training").atom
    if simple(tensor):
        return f"tf.nn.dropout({tensor.text}, rate={rate}) if {condition} else {tensor.text}"
    return f"tf.nn.dropout({tensor.text}, rate={call.arg('p').atom if call.has('p') else rate} if {condition} else 0.0)"


@rewrites(
    RULES,
    f"{_F}dropout2d",
    args=("input", "p", "training", "inplace"),
    rank="same",
    safety=Safety.REVIEW,
    examples=(
        Example(
            "F.dropout2d(a, p=0.1, training=training)",
            "tf.nn.dropout(a, rate=0.1, noise_shape=shape_list(a)[:2] + [1, 1]) if training else a",
            "a: f32[2,3,4,5], training: False",
        ),
    ),
)
def dropout2d(call: CallSite) -> str | Unmapped:
    """Whole channels at a time."""
    tensor = call.arg("input")
    text = f"tf.nn.dropout({tensor.text}, rate={call.text('p', '0.5')}, noise_shape={call.shape(tensor)}[:2] + [1, 1])"
    return f"{text} if {call.arg('training').atom} else {tensor.text}" if call.has("training") else text


# -- activations -------------------------------------------------------------------------------------------------------


def _row(names: tuple[str, ...], args: tuple[str, ...], tf: str, *pairs: tuple[str, str], **fields: object) -> None:
    """Rows for several names of one function; `pairs`: call arguments after the tensor → expected text."""
    for name in names:
        is_method = name.startswith(".")
        parameters = ("self", *args) if is_method else ("input", *args)
        examples = []
        for given_, after in pairs:
            before = f"a{name}({given_})" if is_method else f"torch.{name}(a{', ' + given_ if given_ else ''})"
            examples.append(Example(before.replace("torch.nn.functional.", "F."), after, "a: f32(-3,3)[2,6]"))
        RULES.append(
            Rule(
                torch=f"torch.Tensor{name}" if is_method else f"torch.{name}",
                args=parameters,
                tf=tf.replace("{x}", "{self}" if is_method else "{input}"),
                ignore=("inplace",) if "inplace" in args else (),
                examples=tuple(examples),
                **fields,  # type: ignore[arg-type]
            )
        )


_row((f"{_F}relu", f"{_F}relu_"), ("inplace",), "tf.nn.relu({x})", ("", "tf.nn.relu(a)"))
_row((f"{_F}relu6",), ("inplace",), "tf.nn.relu6({x})", ("", "tf.nn.relu6(a)"))
_row((f"{_F}silu",), ("inplace",), "tf.nn.silu({x})", ("inplace=True", "tf.nn.silu(a)"))
_row((f"{_F}sigmoid",), (), "tf.sigmoid({x})", ("", "tf.sigmoid(a)"))
_row((f"{_F}tanh",), (), "tf.tanh({x})", ("", "tf.tanh(a)"))
_row((f"{_F}selu", "selu"), ("inplace",), "tf.nn.selu({x})", ("", "tf.nn.selu(a)"))
_row((f"{_F}softsign",), (), "tf.nn.softsign({x})", ("", "tf.nn.softsign(a)"))
_row((f"{_F}logsigmoid",), (), "tf.math.log_sigmoid({x})", ("", "tf.math.log_sigmoid(a)"))
_row((f"{_F}tanhshrink",), (), "{x} - tf.tanh({x})", ("", "a - tf.tanh(a)"))
_row(
    (f"{_F}mish",),
    ("inplace",),
    "{x} * tf.tanh(tf.nn.softplus({x}))",
    ("", "a * tf.tanh(tf.nn.softplus(a))"),
    safety=Safety.CLOSE,
)
_row(
    (f"{_F}hardswish",),
    ("inplace",),
    "{x} * tf.nn.relu6({x} + 3.0) / 6.0",
    ("", "a * tf.nn.relu6(a + 3.0) / 6.0"),
    safety=Safety.CLOSE,
)
_row(
    (f"{_F}hardsigmoid",),
    ("inplace",),
    "tf.nn.relu6({x} + 3.0) / 6.0",
    ("", "tf.nn.relu6(a + 3.0) / 6.0"),
    safety=Safety.CLOSE,
)
_row(
    (f"{_F}hardtanh",),
    ("min_val", "max_val", "inplace"),
    "tf.clip_by_value({x}, {min_val}, {max_val})",
    ("", "tf.clip_by_value(a, -1.0, 1.0)"),
    ("min_val=0.0, max_val=2.0", "tf.clip_by_value(a, 0.0, 2.0)"),
    defaults={"min_val": "-1.0", "max_val": "1.0"},
)
_row(
    (f"{_F}leaky_relu",),
    ("negative_slope", "inplace"),
    "tf.nn.leaky_relu({x}, alpha={negative_slope})",
    ("", "tf.nn.leaky_relu(a, alpha=0.01)"),
    ("0.1", "tf.nn.leaky_relu(a, alpha=0.1)"),
    defaults={"negative_slope": "0.01"},
)
_row(
    (f"{_F}elu",),
    ("alpha", "inplace"),
    "tf.nn.elu({x})",
    ("", "tf.nn.elu(a)"),
    unsupported={"alpha": "tf.nn.elu has alpha 1"},
    harmless={"alpha": "1.0"},
)
_row(
    (f"{_F}softplus",),
    ("beta", "threshold"),
    "tf.nn.softplus({x})",
    ("", "tf.nn.softplus(a)"),
    unsupported={"beta": "tf.nn.softplus has beta 1"},
    harmless={"beta": "1"},
    safety=Safety.CLOSE,
)


@rewrites(
    RULES,
    f"{_F}gelu",
    args=("input", "approximate"),
    rank="same",
    examples=(
        Example("F.gelu(a)", "tf.nn.gelu(a)", _ROW),
        Example('F.gelu(a, approximate="tanh")', "tf.nn.gelu(a, approximate=True)", _ROW),
    ),
)
def gelu(call: CallSite) -> str | Unmapped:
    """Exact unless `approximate="tanh"`."""
    approximate = call.constant("approximate", "none")
    if approximate not in ("none", "tanh"):
        return call.refuse("TFP111", "argument `approximate` is not a literal", "write it out")
    return invoke("tf.nn.gelu", call.text("input"), approximate="True" if approximate == "tanh" else None)


@rewrites(
    RULES,
    f"{_F}glu",
    args=("input", "dim"),
    examples=(
        Example("F.glu(a, dim=-1)", 'get_tf_activation("glu")(a)', "a: f32[2,6]"),
        Example("F.glu(a, 1)", 'get_tf_activation("glu")(a, axis=1)', "a: f32[2,6,3]"),
    ),
)
def glu(call: CallSite) -> str | Unmapped:
    """The library has it among its activations."""
    axis = None if call.constant("dim", -1) == -1 else call.text("dim")
    return invoke(f'{call.uses("get_tf_activation")}("glu")', call.text("input"), axis=axis)


@rewrites(
    RULES,
    f"{_F}prelu",
    "prelu",
    args=("input", "weight"),
    rank="same",
    examples=(Example("F.prelu(a, w)", "tf.where(a > 0, a, w * a)", "a: f32[2,3], w: f32[1]"),),
)
def prelu(call: CallSite) -> str | Unmapped:
    """One slope for all elements; one for each channel would have to be reshaped."""
    tensor, weight = call.arg("input"), call.arg("weight")
    if weight.info.shape not in (None, (1,)) and tensor.rank not in (1, 2):
        return call.refuse("TFP102", "one slope for each channel has no rule", "reshape the weight first")
    return f"tf.where({tensor.atom} > 0, {tensor.text}, {weight.atom} * {tensor.atom})"
