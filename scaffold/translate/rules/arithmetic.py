"""Elementwise mathematics: functions of one tensor, arithmetic, comparisons, logic.

Source: torch's documentation, "Pointwise Ops" and "Comparison Ops". TensorFlow promotes nothing: casts are written where the
dtypes are known to differ.
"""

from __future__ import annotations

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.given import has_callers_dtype
from scaffold.translate.promotion import named
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

#: torch name → TensorFlow function of one tensor, or an emitted one; integers become floats first.
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
    "acos": "_acos",
    "arccos": "_acos",
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
}


def _one(name: str, function: str, promotes: bool) -> None:
    examples = [Example(f"torch.{name}(a)", f"{function}(a)", "a: f32(0.1,0.9)[2,3]")]
    if promotes:
        examples.append(Example(f"torch.{name}(i)", f"{function}(tf.cast(i, tf.float32))", "i: i64(1,2)[2,3]"))

    @rewrites(RULES, name, f".{name}", f".{name}_", args=("input", "out"), rank="same", examples=examples)
    def one(call: CallSite) -> str | Unmapped:
        """Elementwise."""
        tensor = receiver(call)
        if function.startswith("_"):
            call.emits(function[1:])
        return f"{function}({floating(tensor) if promotes else tensor.text})"


for _name, _function in _FLOATING.items():
    _one(_name, _function, _name not in ("asin", "arcsin", "acos", "arccos", "atanh", "erfinv") or False)
for _name, _function in _SAME.items():
    _one(_name, _function, False)
RULES += both(
    "conj", ("input",), "tf.math.conj({input})", examples=[Example("torch.conj(a)", "tf.math.conj(a)", "a: c64[2,3]")]
)
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
            Example(f"torch.{names[0]}(a, i)", f"a {operator} tf.cast(i, a.dtype)", "a: f32[2,3], i: i64[3]"),
            *(
                [Example(f"torch.{names[0]}(a, b, alpha=s)", scaled, "a: f32[2,3], b: f32[3], s: 2.0")]
                if operator in "+-"
                else []
            ),
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
    return as_dtype(left, dtype, [right]), as_dtype(right, dtype, [left])


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
    examples=(
        Example(
            "torch.true_divide(i, j)", "tf.cast(i, tf.float32) / tf.cast(j, tf.float32)", "i: i64[2,3], j: i64(1,3)[3]"
        ),
    ),
)
def true_divide(call: CallSite) -> str | Unmapped:
    """A quotient of integers is a float."""
    a, b = _floats(receiver(call), call.arg("other"))
    return f"{atom(a)} / {atom(b)}"


def _binary(names: tuple[str, ...], template: str, examples: tuple[Example, ...], dtype: str | None = "same") -> None:
    @rewrites(RULES, *names, args=("input", "other", "out"), dtype=dtype, rank="same", examples=examples)
    def binary(call: CallSite) -> str | Unmapped:
        """After promotion."""
        first, second = receiver(call), call.arg("other")
        left, right = promoted(first, second)
        if dtype == "bool" and len(first.info.dtypes) > 1 and first.info.dtypes <= {"bool", "int32", "int64"}:
            # a mask may be of truth values in one call and of integers in the next
            left = f"tf.cast({left}, tf.int32)" if second.kind == "int" else left
        elif dtype == "bool":
            left, right = _beside_given(call, first, second) or (left, right)
        if template.startswith("{a} "):
            left, right = atom(left), atom(right)
        return template.format(a=left, b=right)


def _beside_given(call: CallSite, first: Arg, second: Arg) -> tuple[str, str] | None:
    """Integers compared with a mask that callers give: they take its dtype, which a call need not have seen."""
    if first.dtype not in INTEGERS or second.dtype not in INTEGERS:
        return None
    given = [has_callers_dtype(call.engine, side.node) for side in (first, second)]
    if given[0] == given[1]:
        return None
    dtype = named((first if given[0] else second).text)
    texts = (
        side.text if is_given or dtype is None else f"tf.cast({side.text}, {dtype})"
        for side, is_given in zip((first, second), given, strict=True)
    )
    return next(texts), next(texts)


_TWO = "a: f32(-5,5)[2,3], b: f32(1,2)[3]"
_binary(
    ("floor_divide", ".floor_divide"),
    "{a} // {b}",
    (
        Example("torch.floor_divide(i, 2)", "i // 2", "i: i64(-5,5)[2,3]"),
        Example("torch.floor_divide(a, b)", "a // b", _TWO),
    ),
)
_binary(
    ("remainder", ".remainder"),
    "tf.math.floormod({a}, {b})",
    (
        Example("torch.remainder(a, b)", "tf.math.floormod(a, b)", _TWO),
        Example("torch.remainder(i, 3)", "tf.math.floormod(i, 3)", "i: i64(-5,5)[2,3]"),
    ),
)
_binary(("fmod", ".fmod"), "tf.truncatemod({a}, {b})", (Example("torch.fmod(a, b)", "tf.truncatemod(a, b)", _TWO),))
_binary(("maximum", ".maximum"), "tf.maximum({a}, {b})", (Example("torch.maximum(a, b)", "tf.maximum(a, b)", _TWO),))
_binary(("minimum", ".minimum"), "tf.minimum({a}, {b})", (Example("torch.minimum(a, b)", "tf.minimum(a, b)", _TWO),))
_binary(
    ("atan2", "arctan2", ".atan2"),
    "tf.math.atan2({a}, {b})",
    (Example("torch.atan2(a, b)", "tf.math.atan2(a, b)", _TWO),),
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
    _kept = next(n for n in _names if n.startswith(".") and not n.endswith("_"))
    _binary(
        (f"{_kept}_",),
        f"tf.cast({_function}({{a}}, {{b}}), tf.float32)",
        (Example(f"(a + 0){_kept}_(b)", f"tf.cast({_function}(a + 0, b), tf.float32)", _TWO),),
    )


@rewrites(
    RULES,
    "pow",
    ".pow",
    ".pow_",
    args=("input", "exponent", "out"),
    rank="same",
    examples=(
        Example("torch.pow(a, 2)", "tf.pow(a, 2)", "a: f32[2,3]"),
        Example("torch.pow(a, 0.5)", "tf.pow(a, 0.5)", "a: f32(0.1,2)[2,3]"),
        Example("torch.pow(a, i)", "tf.pow(a, tf.cast(i, a.dtype))", "a: f32(0.5,2)[2,3], i: i64(0,3)[3]"),
    ),
)
def pow(call: CallSite) -> str | Unmapped:
    """A number takes the tensor's dtype only when the tensor comes first."""
    base, exponent = receiver(call), call.arg("exponent")
    dtype = common_dtype([base, exponent])
    if base.kind == "tensor" and exponent.kind == "int":
        return f"tf.pow({base.text}, {exponent.text})"
    left = as_dtype(base, dtype, [exponent])
    if base.kind != "tensor" and exponent.kind == "tensor" and dtype in FLOATS:
        left = number(base, dtype) if base.kind in ("int", "float") and base.constant is not None else left
        left = left if base.kind == "float" or left != base.text else f"tf.cast({left}, {exponent.atom}.dtype)"
    return f"tf.pow({left}, {as_dtype(exponent, dtype, [base])})"
