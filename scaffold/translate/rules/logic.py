"""Logic, facts about single elements, and tensors that are nearly the same.

Source: torch's documentation, "Pointwise Ops" and "Comparison Ops". torch takes any number for a truth value, TensorFlow none.
"""

from __future__ import annotations

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.rule import Example, Rule, Unmapped
from scaffold.translate.rules._family import (
    INTEGERS,
    both,
    promoted,
    receiver,
    rewrites,
)

RULES: list[Rule] = []


# -- logic -------------------------------------------------------------------------------------------------------------


def _bool(arg: Arg) -> str:
    """A mask may hold numbers in one call and truth values in the next."""
    return f"tf.cast({arg.text}, tf.bool)" if arg.info.dtypes - {"bool"} else arg.text


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
            Example(
                f"torch.bitwise_{name}(i, j)", f"tf.bitwise.bitwise_{name}(i, j)", "i: i64(0,9)[2,3], j: i64(0,9)[3]"
            ),
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
    examples=(
        Example("torch.isclose(a, b, atol=1.0)", "tf.abs(a - b) <= 1.0 + 1e-5 * tf.abs(b)", "a: f32[2,3], b: f32[2,3]"),
    ),
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
    examples=(
        Example(
            "torch.allclose(a, a)",
            "tf.reduce_all(tf.abs(a - a) <= 1e-8 + 1e-5 * tf.abs(a))",
            "a: f32[2,3]",
            witness=False,
        ),
    ),
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
    examples=(
        Example("torch.equal(a, b)", "tf.reduce_all(tf.equal(a, b))", "a: f32[2,3], b: f32[2,3]", witness=False),
    ),
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


@rewrites(
    RULES,
    "isin",
    args=("elements", "test_elements"),
    dtype="bool",
    rank="same",
    examples=(
        Example(
            "torch.isin(i, j)",
            "tf.reduce_any(i[..., None] == tf.reshape(j, [-1]), axis=-1)",
            "i: i64(0,9)[2,3], j: i64(0,9)[4]",
        ),
        Example("torch.isin(i, n)", "i == n", "i: i64(0,9)[2,3], n: 4"),
    ),
)
def isin(call: CallSite) -> str | Unmapped:
    """Whether each element is among those of the other tensor."""
    elements, tests = call.arg("elements"), call.arg("test_elements")
    if tests.kind == "int":
        return f"{elements.atom} == {tests.text}"
    if tests.kind != "tensor":
        return call.refuse("TFP110", "the kind of `test_elements` is not known", "compare with each of them")
    return f"tf.reduce_any({elements.atom}[..., None] == tf.reshape({tests.text}, [-1]), axis=-1)"
