"""Elementwise mathematics: functions of one tensor, arithmetic, comparisons, logic.

Source: torch's documentation, "Pointwise Ops" and "Comparison Ops". TensorFlow promotes nothing: casts are written where the
dtypes are known to differ.
"""

from __future__ import annotations

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import (
    FLOATS,
    INTEGERS,
    as_dtype,
    atom,
    both,
    common_dtype,
    floating,
    number,
    promoted,
    receiver,
    rewrites,
    simple,
)

RULES: list[Rule] = []

#: torch name → TensorFlow function of one tensor; integers become floats first.
_FLOATING = {
    "exp": "tf.exp",
    "expm1": "tf.math.expm1",
    "log": "tf.math.log",
    "log1p": "tf.math.log1p",
    "sqrt": "tf.sqrt",
    "rsqrt": "tf.math.rsqrt",
    "reciprocal": "tf.math.reciprocal",
    "sin": "tf.sin",
    "cos": "tf.cos",
    "tan": "tf.tan",
    "asin": "tf.asin",
    "arcsin": "tf.asin",
    "acos": "tf.acos",
    "arccos": "tf.acos",
    "atan": "tf.atan",
    "arctan": "tf.atan",
    "sinh": "tf.sinh",
    "cosh": "tf.cosh",
    "asinh": "tf.asinh",
    "atanh": "tf.atanh",
    "erf": "tf.math.erf",
    "erfc": "tf.math.erfc",
    "erfinv": "tf.math.erfinv",
    "lgamma": "tf.math.lgamma",
    "digamma": "tf.math.digamma",
    "tanh": "tf.tanh",
    "sigmoid": "tf.sigmoid",
}
#: … that keep the dtype.
_SAME = {
    "abs": "tf.abs",
    "absolute": "tf.abs",
    "sign": "tf.sign",
    "square": "tf.square",
    "floor": "tf.floor",
    "ceil": "tf.math.ceil",
    "round": "tf.round",
    "neg": "tf.negative",
    "negative": "tf.negative",
    "relu": "tf.nn.relu",
    "conj": "tf.math.conj",
}


def _one(name: str, function: str, promotes: bool) -> None:
    examples = [Example(f"torch.{name}(a)", f"{function}(a)", "a: f32(0.1,0.9)[2,3]")]
    if promotes:
        examples.append(Example(f"torch.{name}(i)", f"{function}(tf.cast(i, tf.float32))", "i: i64(1,2)[2,3]"))

    @rewrites(RULES, name, f".{name}", f".{name}_", args=("input", "out"), rank="same", examples=examples)
    def one(call: CallSite) -> str | Unmapped:
        """Elementwise."""
        tensor = receiver(call)
        return f"{function}({floating(tensor) if promotes else tensor.text})"


for _name, _function in _FLOATING.items():
    _one(_name, _function, _name not in ("asin", "arcsin", "acos", "arccos", "atanh", "erfinv") or False)
for _name, _function in _SAME.items():
    _one(_name, _function, False)
for _name, _function in {"expit": "tf.sigmoid", "erf": "tf.math.erf"}.items():
    RULES.append(
        Rule(
            torch=f"torch.special.{_name}",
            args=("input",),
            tf=f"{_function}({{input}})",
            examples=(Example(f"torch.special.{_name}(a)", f"{_function}(a)", "a: f32[2,3]"),),
        )
    )


def _logarithm(name: str, base: int) -> None:
    @rewrites(
        RULES,
        name,
        f".{name}",
        args=("input",),
        rank="same",
        safety=Safety.CLOSE,
        examples=(Example(f"torch.{name}(a)", f"tf.math.log(a) / math.log({base})", "a: f32(0.1,9)[2,3]"),),
    )
    def logarithm(call: CallSite) -> str | Unmapped:
        """By the natural logarithm."""
        return f"tf.math.log({floating(receiver(call))}) / {call.uses('math')}.log({base})"


_logarithm("log2", 2)
_logarithm("log10", 10)


@rewrites(
    RULES,
    "logit",
    "special.logit",
    ".logit",
    args=("input", "eps"),
    rank="same",
    safety=Safety.CLOSE,
    examples=(
        Example("torch.logit(a)", "tf.math.log(a / (1.0 - a))", "a: f32(0.1,0.9)[2,3]"),
        Example("torch.logit(a, eps=1e-3)", "_logit(a, eps=1e-3)", "a: f32(0,1)[2,3]"),
    ),
)
def logit(call: CallSite) -> str | Unmapped:
    """The inverse of the sigmoid."""
    tensor = receiver(call)
    if call.has("eps") or not simple(tensor):
        eps = f", eps={call.text('eps')}" if call.has("eps") else ""
        return f"_{call.emits('logit')}({tensor.text}{eps})"
    return f"tf.math.log({tensor.text} / (1.0 - {tensor.text}))"


@rewrites(
    RULES,
    "trunc",
    "fix",
    ".trunc",
    args=("input",),
    rank="same",
    examples=(Example("torch.trunc(a)", "tf.sign(a) * tf.floor(tf.abs(a))", "a: f32(-3,3)[2,3]"),),
)
def trunc(call: CallSite) -> str | Unmapped:
    """Towards zero."""
    text = receiver(call).text
    return f"tf.sign({text}) * tf.floor(tf.abs({text}))"


# -- two tensors -------------------------------------------------------------------------------------------------------


def _operator(names: tuple[str, ...], operator: str) -> None:
    """`torch.add(a, b, alpha=s)` and its like as an operator."""
    scaled = f"a {operator} s * b"

    @rewrites(
        RULES,
        *names,
        args=("input", "other", "alpha", "out"),
        rank=None,
        examples=(
            Example(f"torch.{names[0]}(a, b)", f"a {operator} b", "a: f32[2,3], b: f32[3]"),
            Example(f"torch.{names[0]}(a, i)", f"a {operator} tf.cast(i, tf.float32)", "a: f32[2,3], i: i64[3]"),
            *([Example(f"torch.{names[0]}(a, b, alpha=s)", scaled, "a: f32[2,3], b: f32[3], s: 2.0")] if operator in "+-" else []),
        ),
    )
    def arithmetic(call: CallSite) -> str | Unmapped:
        """An operator, after promotion."""
        left, right = promoted(receiver(call), call.arg("other"))
        scale = f"{call.arg('alpha').atom} * " if call.has("alpha") else ""
        return f"{atom(left)} {operator} {scale}{atom(right)}"


_operator(("add", ".add", ".add_"), "+")
_operator(("sub", "subtract", ".sub", ".sub_"), "-")
_operator(("mul", "multiply", ".mul", ".mul_", ".multiply"), "*")


@rewrites(
    RULES,
    "rsub",
    args=("input", "other"),
    rank="same",
    examples=(Example("torch.rsub(a, 1)", "1.0 - a", "a: f32[2,3]"),),
)
def rsub(call: CallSite) -> str | Unmapped:
    """The other way round."""
    left, right = promoted(call.arg("other"), call.arg("input"))
    return f"{atom(left)} - {atom(right)}"


def _floats(left: Arg, right: Arg) -> tuple[str, str]:
    dtype = common_dtype([left, right])
    dtype = "float32" if dtype in INTEGERS or dtype == "bool" else dtype
    return as_dtype(left, dtype), as_dtype(right, dtype)


@rewrites(
    RULES,
    "div",
    "divide",
    ".div",
    ".div_",
    args=("input", "other", "rounding_mode", "out"),
    dtype=None,
    examples=(
        Example("torch.div(a, b)", "a / b", "a: f32[2,3], b: f32(1,2)[3]"),
        Example("torch.div(i, 2)", "tf.cast(i, tf.float32) / 2.0", "i: i64[2,3]"),
        Example('torch.div(i, 2, rounding_mode="floor")', "i // 2", "i: i64(-5,5)[2,3]"),
        Example('torch.div(i, n, rounding_mode="trunc")', "tf.truncatediv(i, n)", "i: i64(-5,5)[2,3], n: 2"),
        Example('torch.div(a, b, rounding_mode="floor")', "a // b", "a: f32(-5,5)[2,3], b: f32(1,2)[3]"),
    ),
)
def div(call: CallSite) -> str | Unmapped:
    """A quotient of integers is a float in torch unless it is rounded."""
    left, right = receiver(call), call.arg("other")
    mode = call.constant("rounding_mode")
    if mode is None:
        a, b = _floats(left, right)
        return f"{atom(a)} / {atom(b)}"
    a, b = promoted(left, right)
    if mode == "floor":
        return f"{atom(a)} // {atom(b)}"
    if mode != "trunc":
        return call.refuse("TFP111", "argument `rounding_mode` is not a literal", "write it out")
    if left.dtype in INTEGERS and right.dtype not in FLOATS and right.kind != "float":
        return f"tf.truncatediv({a}, {b})"
    return f"tf.sign({atom(a)} / {atom(b)}) * tf.floor(tf.abs({atom(a)} / {atom(b)}))"


@rewrites(
    RULES,
    "true_divide",
    ".true_divide",
    args=("input", "other"),
    dtype=None,
    examples=(Example("torch.true_divide(i, j)", "tf.cast(i, tf.float32) / tf.cast(j, tf.float32)", "i: i64[2,3], j: i64(1,3)[3]"),),
)
def true_divide(call: CallSite) -> str | Unmapped:
    """A quotient of integers is a float."""
    a, b = _floats(receiver(call), call.arg("other"))
    return f"{atom(a)} / {atom(b)}"


def _binary(names: tuple[str, ...], template: str, examples: tuple[Example, ...], dtype: str | None = "same") -> None:
    @rewrites(RULES, *names, args=("input", "other", "out"), dtype=dtype, rank="same", examples=examples)
    def binary(call: CallSite) -> str | Unmapped:
        """After promotion."""
        left, right = promoted(receiver(call), call.arg("other"))
        if template.startswith("{a} "):
            left, right = atom(left), atom(right)
        return template.format(a=left, b=right)


_TWO = "a: f32(-5,5)[2,3], b: f32(1,2)[3]"
_binary(
    ("floor_divide", ".floor_divide"),
    "{a} // {b}",
    (Example("torch.floor_divide(i, 2)", "i // 2", "i: i64(-5,5)[2,3]"), Example("torch.floor_divide(a, b)", "a // b", _TWO)),
)
_binary(
    ("remainder", ".remainder"),
    "tf.math.floormod({a}, {b})",
    (Example("torch.remainder(a, b)", "tf.math.floormod(a, b)", _TWO), Example("torch.remainder(i, 3)", "tf.math.floormod(i, 3)", "i: i64(-5,5)[2,3]")),
)
_binary(("fmod", ".fmod"), "tf.truncatemod({a}, {b})", (Example("torch.fmod(a, b)", "tf.truncatemod(a, b)", _TWO),))
_binary(("maximum", ".maximum"), "tf.maximum({a}, {b})", (Example("torch.maximum(a, b)", "tf.maximum(a, b)", _TWO),))
_binary(("minimum", ".minimum"), "tf.minimum({a}, {b})", (Example("torch.minimum(a, b)", "tf.minimum(a, b)", _TWO),))
_binary(
    ("atan2", "arctan2", ".atan2"), "tf.math.atan2({a}, {b})", (Example("torch.atan2(a, b)", "tf.math.atan2(a, b)", _TWO),)
)

#: Comparisons: names → TensorFlow function.
_COMPARISONS = {
    ("eq", ".eq", ".eq_"): "tf.equal",
    ("ne", "not_equal", ".ne", ".ne_", ".not_equal"): "tf.not_equal",
    ("lt", "less", ".lt", ".lt_", ".less"): "tf.less",
    ("le", "less_equal", ".le", ".le_"): "tf.less_equal",
    ("gt", "greater", ".gt", ".gt_", ".greater"): "tf.greater",
    ("ge", "greater_equal", ".ge", ".ge_"): "tf.greater_equal",
}
for _names, _function in _COMPARISONS.items():
    _inplace = tuple(n for n in _names if not n.endswith("_"))
    _binary(
        _inplace,
        f"{_function}({{a}}, {{b}})",
        (
            Example(f"torch.{_names[0]}(a, b)", f"{_function}(a, b)", _TWO),
            Example(f"torch.{_names[0]}(i, 1)", f"{_function}(i, 1)", "i: i64(0,3)[2,3]"),
            Example(f"torch.{_names[0]}(a, 1)", f"{_function}(a, 1.0)", "a: f32[2,3]"),
        ),
        dtype="bool",
    )


@rewrites(
    RULES,
    "pow",
    ".pow",
    ".pow_",
    "float_power",
    args=("input", "exponent", "out"),
    rank="same",
    examples=(
        Example("torch.pow(a, 2)", "tf.pow(a, 2)", "a: f32[2,3]"),
        Example("torch.pow(a, 0.5)", "tf.pow(a, 0.5)", "a: f32(0.1,2)[2,3]"),
        Example("torch.pow(a, i)", "tf.pow(a, tf.cast(i, tf.float32))", "a: f32(0.5,2)[2,3], i: i64(0,3)[3]"),
    ),
)
def pow(call: CallSite) -> str | Unmapped:
    """A number takes the tensor's dtype only when the tensor comes first."""
    base, exponent = receiver(call), call.arg("exponent")
    dtype = common_dtype([base, exponent])
    if base.kind == "tensor" and exponent.kind == "int":
        return f"tf.pow({base.text}, {exponent.text})"
    left = as_dtype(base, dtype)
    if base.kind != "tensor" and exponent.kind == "tensor" and dtype in FLOATS:
        left = number(base, dtype) if base.kind in ("int", "float") and base.constant is not None else left
        left = left if base.kind == "float" or left != base.text else f"tf.cast({left}, {exponent.atom}.dtype)"
    return f"tf.pow({left}, {as_dtype(exponent, dtype)})"


@rewrites(
    RULES,
    "clamp",
    "clip",
    ".clamp",
    ".clamp_",
    ".clip",
    ".clip_",
    args=("input", "min", "max", "out"),
    rank="same",
    examples=(
        Example("torch.clamp(a, min=-0.5, max=0.5)", "tf.clip_by_value(a, -0.5, 0.5)", "a: f32[2,3]"),
        Example("torch.clamp(a, 0, 1)", "tf.clip_by_value(a, 0.0, 1.0)", "a: f32[2,3]"),
        Example("torch.clamp(a, min=1e-9)", "tf.maximum(a, 1e-9)", "a: f32[2,3]"),
        Example("torch.clamp(i, max=n)", "tf.minimum(i, n)", "i: i64(0,9)[2,3], n: 4"),
    ),
)
def clamp(call: CallSite) -> str | Unmapped:
    """Between two bounds, or one."""
    tensor = receiver(call)

    def bound(name: str) -> str:
        arg = call.arg(name)
        return as_dtype(arg, tensor.dtype if arg.kind == "tensor" else common_dtype([tensor, arg]))

    if call.has("min") and call.has("max"):
        return f"tf.clip_by_value({tensor.text}, {bound('min')}, {bound('max')})"
    if call.has("min"):
        return f"tf.maximum({tensor.text}, {bound('min')})"
    return f"tf.minimum({tensor.text}, {bound('max')})"


for _bound, _function in (("min", "maximum"), ("max", "minimum")):
    RULES += both(
        f"clamp_{_bound}",
        ("input", _bound),
        f"tf.{_function}({{input}}, {{{_bound}}})",
        inplace=True,
        examples=[Example(f"torch.clamp_{_bound}(a, 0.5)", f"tf.{_function}(a, 0.5)", "a: f32[2,3]")],
    )


# -- logic -------------------------------------------------------------------------------------------------------------


def _bool(arg: Arg) -> str:
    return f"tf.cast({arg.text}, tf.bool)" if arg.dtype not in (None, "bool") else arg.text


def _connective(name: str, function: str) -> None:
    @rewrites(
        RULES,
        f"logical_{name}",
        f".logical_{name}",
        args=("input", "other"),
        dtype="bool",
        rank="same",
        examples=(
            Example(f"torch.logical_{name}(m, k)", f"tf.{function}(m, k)", "m: bool[2,3], k: bool[3]"),
            Example(f"torch.logical_{name}(m, i)", f"tf.{function}(m, tf.cast(i, tf.bool))", "m: bool[2,3], i: i64[3]"),
        ),
    )
    def connective(call: CallSite) -> str | Unmapped:
        """Numbers are true where they are not zero."""
        return f"tf.{function}({_bool(receiver(call))}, {_bool(call.arg('other'))})"

    @rewrites(
        RULES,
        f"bitwise_{name}",
        f".bitwise_{name}",
        f".bitwise_{name}_",
        args=("input", "other"),
        rank="same",
        examples=(
            Example(f"torch.bitwise_{name}(m, k)", f"tf.{function}(m, k)", "m: bool[2,3], k: bool[3]"),
            Example(f"torch.bitwise_{name}(i, j)", f"tf.bitwise.bitwise_{name}(i, j)", "i: i64(0,9)[2,3], j: i64(0,9)[3]"),
        ),
    )
    def bitwise(call: CallSite) -> str | Unmapped:
        """Logical for booleans."""
        left, right = receiver(call), call.arg("other")
        if left.dtype in INTEGERS:
            return f"tf.bitwise.bitwise_{name}({', '.join(promoted(left, right))})"
        return f"tf.{function}({left.text}, {right.text})"


_connective("and", "logical_and")
_connective("or", "logical_or")
_connective("xor", "math.logical_xor")


@rewrites(
    RULES,
    "logical_not",
    "bitwise_not",
    ".logical_not",
    ".bitwise_not",
    args=("input",),
    dtype="bool",
    rank="same",
    examples=(Example("torch.logical_not(m)", "tf.logical_not(m)", "m: bool[2,3]"),),
)
def logical_not(call: CallSite) -> str | Unmapped:
    """Numbers are true where they are not zero."""
    tensor = receiver(call)
    if "bitwise" in call.qualname and tensor.dtype in INTEGERS:
        return f"tf.bitwise.invert({tensor.text})"
    return f"tf.logical_not({_bool(tensor)})"


for _name, _function in {"isnan": "is_nan", "isinf": "is_inf", "isfinite": "is_finite"}.items():
    RULES += both(
        _name,
        ("input",),
        f"tf.math.{_function}({{input}})",
        dtype="bool",
        rank="same",
        examples=[Example(f"torch.{_name}(a / (a - a))", f"tf.math.{_function}(a / (a - a))", "a: f32[2,3]")],
    )


def _close(call: CallSite) -> str:
    left, right = receiver(call), call.arg("other")
    rtol, atol = call.text("rtol", "1e-5"), call.text("atol", "1e-8")
    return f"tf.abs({left.atom} - {right.atom}) <= {atol} + {rtol} * tf.abs({right.text})"


@rewrites(
    RULES,
    "isclose",
    ".isclose",
    args=("input", "other", "rtol", "atol", "equal_nan"),
    dtype="bool",
    rank="same",
    examples=(Example("torch.isclose(a, b, atol=1.0)", "tf.abs(a - b) <= 1.0 + 1e-5 * tf.abs(b)", "a: f32[2,3], b: f32[2,3]"),),
)
def isclose(call: CallSite) -> str | Unmapped:
    """Within an absolute and a relative tolerance."""
    return _close(call)


@rewrites(
    RULES,
    "allclose",
    ".allclose",
    args=("input", "other", "rtol", "atol", "equal_nan"),
    result="bool",
    examples=(Example("torch.allclose(a, a)", "tf.reduce_all(tf.abs(a - a) <= 1e-8 + 1e-5 * tf.abs(a))", "a: f32[2,3]", witness=False),),
)
def allclose(call: CallSite) -> str | Unmapped:
    """Within an absolute and a relative tolerance, everywhere."""
    return f"tf.reduce_all({_close(call)})"


@rewrites(
    RULES,
    "equal",
    ".equal",
    args=("input", "other"),
    result="bool",
    examples=(Example("torch.equal(a, b)", "tf.reduce_all(tf.equal(a, b))", "a: f32[2,3], b: f32[2,3]", witness=False),),
)
def equal(call: CallSite) -> str | Unmapped:
    """Everywhere the same."""
    return f"tf.reduce_all(tf.equal({', '.join(promoted(receiver(call), call.arg('other')))}))"


@rewrites(
    RULES,
    "nan_to_num",
    ".nan_to_num",
    ".nan_to_num_",
    args=("input", "nan", "posinf", "neginf"),
    rank="same",
    examples=(
        Example("torch.nan_to_num(a / (a - a))", "_nan_to_num(a / (a - a))", "a: f32[2,3]"),
        Example("torch.nan_to_num(a, 1.5)", "_nan_to_num(a, nan=1.5)", "a: f32[2,3]"),
    ),
)
def nan_to_num(call: CallSite) -> str | Unmapped:
    """NaN becomes a number, infinities the largest of the dtype."""
    if call.has("posinf") or call.has("neginf"):
        return call.refuse("TFP102", "arguments `posinf` and `neginf` have no rule", "write them out with tf.where")
    nan = f", nan={call.text('nan')}" if call.has("nan") else ""
    return f"_{call.emits('nan_to_num')}({receiver(call).text}{nan})"


RULES += both(
    "lerp",
    ("input", "end", "weight"),
    "{input} + {weight} * ({end} - {input})",
    examples=[Example("torch.lerp(a, b, 0.25)", "a + 0.25 * (b - a)", "a: f32[2,3], b: f32[2,3]")],
)
