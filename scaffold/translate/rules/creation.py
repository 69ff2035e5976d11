"""Functions that make tensors: ranges, constants, filled and random tensors.

Source: torch's documentation, "Creation Ops" and "Random sampling". torch counts in int64, the ports in int32.
"""

from __future__ import annotations

from scaffold.translate.callsite import NOT_CONSTANT, Arg, CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import (
    FLOATS,
    INTEGERS,
    PLACEMENT,
    cast_to,
    given,
    invoke,
    is_fraction,
    is_number,
    length_from,
    number,
    receiver,
    rewrites,
    shape_text,
    sizes,
    whole_range,
)

RULES: list[Rule] = []
_LIKE = ("input", "dtype", *PLACEMENT)


@rewrites(
    RULES,
    "arange",
    args=("start", "end", "step", "dtype", *PLACEMENT),
    dtype="int64",
    examples=(
        Example("torch.arange(n)", "tf.range(n)", "n: 4"),
        Example("torch.arange(1, n, device=d)", "tf.range(1, n)", "n: 4, d: None"),
        Example("torch.arange(0, n, 2.0, dtype=torch.int64)", "tf.range(0, n, 2)", "n: 5"),
        Example("torch.arange(0, n, 2, dtype=torch.float32)", "tf.range(0, n, 2, dtype=tf.float32)", "n: 5"),
        Example("torch.arange(n - 1, -1, -1, dtype=torch.long)", "tf.range(n - 1, -1, -1)", "n: 5"),
        Example("torch.arange(1 / n, 1.0, 1 / n)", "_arange(1 / n, 1.0, 1 / n)", "n: 7"),
    ),
)
def arange(call: CallSite) -> str | Unmapped:
    """A single argument is the end. torch's int64 is the default int32 here."""
    limits = [name for name in ("start", "end", "step") if call.has(name)]
    bounds, dtype = [call.text(name) for name in limits], given(call, "dtype")
    if dtype is None and call.has("step") and is_fraction(call.arg("step")):
        return f"_{call.emits('arange')}({', '.join([*(['0'] if not call.has('start') else []), *bounds])})"
    known = call.arg("dtype").dtype if dtype else None
    if dtype == "tf.int32" or known in INTEGERS:
        return whole_range(call, limits)
    return length_from(call, bounds, dtype) or invoke("tf.range", *bounds, dtype=dtype)


RULES.append(
    Rule(
        torch="torch.range",
        args=("start", "end", "dtype", *PLACEMENT),
        ignore=PLACEMENT,
        tf="tf.range({start}, {end} + 1, dtype={dtype})",
        defaults={"dtype": "tf.float32"},
        dtype="float32",
        rank=None,
        note="torch.range includes its end.",
        examples=(Example("torch.range(0, n)", "tf.range(0, n + 1, dtype=tf.float32)", "n: 4"),),
    )
)


def _filled(function: str) -> tuple[Example, ...]:
    return (
        Example(f"torch.{function}(2, n)", f"tf.{function}([2, n])", "n: 3"),
        Example(f"torch.{function}((2, n), dtype=torch.long)", f"tf.{function}([2, n], dtype=tf.int32)", "n: 3"),
        Example(f"torch.{function}(a.shape, device=a.device)", f"tf.{function}(shape_list(a))", "a: f32[2,3]"),
    )


@rewrites(RULES, "zeros", args=("*size", "dtype", *PLACEMENT), examples=_filled("zeros"), dtype="float32")
def zeros(call: CallSite) -> str | Unmapped:
    """Sizes as one list; torch's default float32 is TensorFlow's."""
    return invoke("tf.zeros", sizes(call, "size"), dtype=given(call, "dtype"))


@rewrites(RULES, "ones", args=("*size", "dtype", *PLACEMENT), examples=_filled("ones"), dtype="float32")
def ones(call: CallSite) -> str | Unmapped:
    """Sizes as one list; torch's default float32 is TensorFlow's."""
    return invoke("tf.ones", sizes(call, "size"), dtype=given(call, "dtype"))


@rewrites(
    RULES,
    "empty",
    args=("*size", "dtype", *PLACEMENT),
    dtype="float32",
    examples=(Example("torch.empty(2, n)", "tf.zeros([2, n])", "n: 3", witness=False),),
)
def empty(call: CallSite) -> str | Unmapped:
    """Uninitialised memory becomes zeros."""
    return invoke("tf.zeros", sizes(call, "size"), dtype=given(call, "dtype"))


def _new(name: str, function: str, witness: bool = True) -> None:
    @rewrites(
        RULES,
        f".{name}",
        args=("self", "*size", "dtype", *PLACEMENT),
        examples=(
            Example(f"a.{name}(2, n)", f"tf.{function}([2, n], dtype=a.dtype)", "a: i64[2], n: 3", witness=witness),
            Example(f"a.{name}(a.shape)", f"tf.{function}(shape_list(a), dtype=a.dtype)", "a: f32[2]", witness=witness),
        ),
    )
    def new(call: CallSite) -> str | Unmapped:
        """The dtype is the receiver's."""
        return invoke(f"tf.{function}", sizes(call, "size"), dtype=given(call, "dtype", f"{receiver(call).atom}.dtype"))


_new("new_zeros", "zeros")
_new("new_ones", "ones")
_new("new_empty", "zeros", witness=False)


def _like(name: str, function: str, witness: bool = True) -> None:
    RULES.append(
        Rule(
            torch=f"torch.{name}",
            args=_LIKE,
            ignore=PLACEMENT,
            tf=f"tf.{function}({{input}}, dtype={{dtype}})",
            rank="same",
            examples=(
                Example(f"torch.{name}(a)", f"tf.{function}(a)", "a: f32[2,3]", witness=witness),
                Example(
                    f"torch.{name}(a, dtype=torch.long)",
                    f"tf.{function}(a, dtype=tf.int32)",
                    "a: f32[2,3]",
                    witness=witness,
                ),
            ),
        )
    )


_like("zeros_like", "zeros_like")
_like("ones_like", "ones_like")
_like("empty_like", "zeros_like", witness=False)


def filled(call: CallSite, shape: str, value: Arg, dtype: str | None, known: str | None) -> str:
    """`tf.fill` takes its dtype from the value, so the value gets a decimal point or a cast."""
    text = number(value, known or dtype_name(dtype))
    if dtype is None or text in (f"{dtype}.min", f"{dtype}.max"):
        return f"tf.fill({shape}, {text})"
    name = known or dtype_name(dtype)
    exact = is_number(value) and (name == "float32" or (name in INTEGERS and isinstance(value.constant, int)))
    if (
        exact
        or (isinstance(value.constant, bool) and name == "bool")
        or (value.kind == "tensor" and value.dtype == name)
    ):
        return f"tf.fill({shape}, {text})"
    return f"tf.fill({shape}, tf.cast({text}, {dtype}))"


def dtype_name(text: str | None) -> str | None:
    """`tf.float32` → `float32`; None for anything that is not a plain dtype."""
    name = (text or "").removeprefix("tf.")
    return {"int32": "int64"}.get(name, name) if name in FLOATS | INTEGERS | {"bool"} else None


@rewrites(
    RULES,
    "full",
    args=("size", "fill_value", "dtype", *PLACEMENT),
    dtype=None,
    examples=(
        Example("torch.full((2, n), 1.5)", "tf.fill([2, n], 1.5)", "n: 3"),
        Example("torch.full((2, n), 7, dtype=torch.long, device=d)", "tf.fill([2, n], 7)", "n: 3, d: None"),
        Example("torch.full((2, n), 1, dtype=torch.float32)", "tf.fill([2, n], 1.0)", "n: 3"),
        Example("torch.full((2,), True, dtype=torch.bool)", "tf.fill([2], True)"),
        Example(
            "torch.full((2, 2), torch.finfo(torch.float32).min, dtype=torch.float32)", "tf.fill([2, 2], tf.float32.min)"
        ),
    ),
)
def full(call: CallSite) -> str | Unmapped:
    """The dtype is the value's unless it is given."""
    return filled(call, shape_text(call, call.arg("size")), call.arg("fill_value"), given(call, "dtype"), None)


@rewrites(
    RULES,
    ".new_full",
    args=("self", "size", "fill_value", "dtype", *PLACEMENT),
    examples=(
        Example("a.new_full((2, n), -1)", "tf.fill([2, n], -1.0)", "a: f32[2], n: 3"),
        Example("a.new_full((2, n), -1)", "tf.fill([2, n], -1)", "a: i64[2], n: 3"),
    ),
)
def new_full(call: CallSite) -> str | Unmapped:
    """The dtype is the receiver's unless it is given."""
    own = receiver(call)
    known = None if call.has("dtype") else own.dtype
    dtype = given(call, "dtype", f"{own.atom}.dtype")
    return filled(call, shape_text(call, call.arg("size")), call.arg("fill_value"), dtype, known)


@rewrites(
    RULES,
    "full_like",
    args=("input", "fill_value", "dtype", *PLACEMENT),
    rank="same",
    examples=(
        Example("torch.full_like(a, 2)", "tf.fill(shape_list(a), 2.0)", "a: f32[2,3]"),
        Example("torch.full_like(a, s)", "tf.fill(shape_list(a), tf.cast(s, a.dtype))", "a: f32[2,3], s: 1.5"),
    ),
)
def full_like(call: CallSite) -> str | Unmapped:
    """Shape and dtype are the tensor's."""
    own = call.arg("input")
    known = None if call.has("dtype") else own.dtype
    return filled(call, call.shape(own), call.arg("fill_value"), given(call, "dtype", f"{own.atom}.dtype"), known)


@rewrites(
    RULES,
    ".fill_",
    args=("self", "value"),
    rank="same",
    examples=(Example("a.fill_(2)", "tf.fill(shape_list(a), 2.0)", "a: f32[2,3]"),),
)
def fill_(call: CallSite) -> str | Unmapped:
    """A new tensor of the receiver's shape and dtype."""
    own = call.arg("self")
    return filled(call, call.shape(own), call.arg("value"), f"{own.atom}.dtype", own.dtype)


RULES += [
    Rule(
        torch="torch.Tensor.zero_",
        args=("self",),
        tf="tf.zeros_like({self})",
        examples=(Example("a.zero_()", "tf.zeros_like(a)", "a: f32[2,3]"),),
    ),
    Rule(
        torch="torch.complex",
        args=("real", "imag"),
        tf="tf.complex({real}, {imag})",
        dtype="complex64",
        examples=(Example("torch.complex(a, b)", "tf.complex(a, b)", "a: f32[2,3], b: f32[2,3]"),),
    ),
    Rule(
        torch="torch.scalar_tensor",
        args=("s", "dtype", *PLACEMENT),
        ignore=PLACEMENT,
        tf="tf.constant({s}, dtype={dtype})",
        defaults={"dtype": "tf.float32"},
        dtype="float32",
        rank=None,
        examples=(Example("torch.scalar_tensor(1.5, device=d)", "tf.constant(1.5, dtype=tf.float32)", "d: None"),),
    ),
]


@rewrites(
    RULES,
    "eye",
    args=("n", "m", "dtype", *PLACEMENT),
    dtype="float32",
    examples=(
        Example("torch.eye(n, device=d)", "tf.eye(n)", "n: 3, d: None"),
        Example("torch.eye(2, n, dtype=torch.float64)", "tf.eye(2, num_columns=n, dtype=tf.float64)", "n: 3"),
    ),
)
def eye(call: CallSite) -> str | Unmapped:
    """The second size is `num_columns`."""
    return invoke("tf.eye", call.text("n"), num_columns=given(call, "m"), dtype=given(call, "dtype"))


@rewrites(
    RULES,
    "linspace",
    args=("start", "end", "steps", "dtype", *PLACEMENT),
    dtype="float32",
    safety=Safety.CLOSE,
    examples=(
        Example("torch.linspace(0, 1, n)", "tf.linspace(0.0, 1.0, n)", "n: 5"),
        Example(
            "torch.linspace(-2.0, m, n, device=d)",
            "tf.linspace(-2.0, tf.cast(m, tf.float32), n)",
            "n: 5, m: 3, d: None",
        ),
        Example(
            "torch.linspace(0, 1, n, dtype=a.dtype)", "tf.cast(tf.linspace(0.0, 1.0, n), a.dtype)", "n: 5, a: f32[2]"
        ),
    ),
)
def linspace(call: CallSite) -> str | Unmapped:
    """tf.linspace divides in the dtype of its bounds, so integers become floats first."""

    def bound(arg: Arg) -> str:
        constant = arg.constant
        if constant is not NOT_CONSTANT and is_number(arg):
            return repr(float(constant))
        return arg.text if arg.kind == "float" or arg.dtype in FLOATS else f"tf.cast({arg.text}, tf.float32)"

    text = f"tf.linspace({bound(call.arg('start'))}, {bound(call.arg('end'))}, {call.text('steps')})"
    dtype = given(call, "dtype")
    return text if dtype in (None, "tf.float32") else cast_to(text, dtype)
