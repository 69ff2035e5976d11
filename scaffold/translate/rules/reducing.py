"""Sums, extremes, statistics and running totals over axes.

Source: torch's documentation, "Reduction Ops". torch counts booleans, sums integers in int64 and divides variances by n − 1.
"""

from __future__ import annotations

import ast

from scaffold.translate.callsite import NOT_CONSTANT, Arg, CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import (
    INTEGERS,
    cast_to,
    counting,
    floating,
    given,
    invoke,
    keepdims,
    promoted,
    receiver,
    rewrites,
)

RULES: list[Rule] = []
_ARGS = ("input", "dim", "keepdim", "dtype", "out")


def reduced(call: CallSite, function: str, text: str) -> str:
    """`function(text, axis=…, keepdims=…)`; an empty or None axis means all of them."""
    axis = None if call.constant("dim") == () else given(call, "dim")
    return invoke(function, text, axis=axis, keepdims=keepdims(call))


def _converted(call: CallSite, text: str) -> str:
    """The argument cast to the `dtype` argument before reducing, as torch does."""
    dtype = given(call, "dtype")
    known = receiver(call).dtype
    if dtype is None or (known is not None and f"tf.{known}" == dtype):
        return text
    return cast_to(receiver(call).text, dtype)


def _counted(call: CallSite, *, of_rows: bool) -> str:
    """The receiver where torch counts: booleans are integers, and users may give a mask of booleans where the tests do not.

    `of_rows`: the result has an item for each row, which nothing that has the mask's own dtype goes with.
    """
    tensor = receiver(call)
    root: ast.AST | None = tensor.node
    while isinstance(root, (ast.Call, ast.Attribute)):
        root = root.func if isinstance(root, ast.Call) else root.value
    is_mask = isinstance(root, ast.Name) and root.id == "attention_mask"
    whole = tensor.kind == "tensor" and set(tensor.info.dtypes) <= INTEGERS | {"bool"}
    return f"tf.cast({tensor.text}, tf.int32)" if is_mask and whole and of_rows else counting(tensor)


def _is_last_or_truth(call: CallSite) -> bool:
    """True for `x.cumsum(-1)[:, -1]` and `x.cumsum(-1).flip([-1]).bool()`."""
    node = call.engine.parent(call.node)
    while isinstance(node, (ast.Attribute, ast.Call)) and not ast.unparse(node).endswith(".bool()"):
        node = call.engine.parent(node)
    return (
        isinstance(node, ast.Call)
        or isinstance(node, ast.Subscript)
        and ast.unparse(node.slice).strip("()").endswith(", -1")
    )


def _examples(name: str, tf: str) -> tuple[Example, ...]:
    return (
        Example(f"torch.{name}(a)", f"tf.{tf}(a)", "a: f32[2,3]"),
        Example(f"torch.{name}(a, dim=-1)", f"tf.{tf}(a, axis=-1)", "a: f32[2,3]"),
        Example(f"torch.{name}(a, 1, keepdim=True)", f"tf.{tf}(a, axis=1, keepdims=True)", "a: f32[2,3]"),
    )


@rewrites(
    RULES,
    "sum",
    ".sum",
    args=_ARGS,
    examples=(
        *_examples("sum", "reduce_sum"),
        Example("torch.sum(a, dim=(1, 2))", "tf.reduce_sum(a, axis=(1, 2))", "a: f32[2,3,4]"),
        Example("torch.sum(m, dim=1)", "tf.reduce_sum(tf.cast(m, tf.int32), axis=1)", "m: bool[2,3]"),
        Example(
            "torch.sum(i, dim=-1, dtype=torch.float32)", "tf.reduce_sum(tf.cast(i, tf.float32), axis=-1)", "i: i64[2,3]"
        ),
    ),
)
def sum(call: CallSite) -> str | Unmapped:
    """Booleans are counted."""
    return reduced(call, "tf.reduce_sum", _converted(call, _counted(call, of_rows=call.has("dim"))))


@rewrites(
    RULES,
    "nansum",
    ".nansum",
    args=_ARGS,
    examples=(
        Example(
            "torch.nansum(a, dim=1)",
            "tf.reduce_sum(tf.where(tf.math.is_nan(a), tf.zeros_like(a), a), axis=1)",
            "a: f32[2,3]",
        ),
    ),
)
def nansum(call: CallSite) -> str | Unmapped:
    """NaNs count as zero."""
    text = receiver(call).text
    return reduced(call, "tf.reduce_sum", f"tf.where(tf.math.is_nan({text}), tf.zeros_like({text}), {text})")


@rewrites(
    RULES,
    "mean",
    ".mean",
    args=_ARGS,
    examples=(
        *_examples("mean", "reduce_mean"),
        Example("torch.mean(a, dim=[-2, -1])", "tf.reduce_mean(a, axis=[-2, -1])", "a: f32[2,3,4]"),
        Example(
            "torch.mean(m, dim=0, dtype=torch.float32)",
            "tf.reduce_mean(tf.cast(m, tf.float32), axis=0)",
            "m: bool[2,3]",
        ),
    ),
)
def mean(call: CallSite) -> str | Unmapped:
    """Of floats: torch refuses the others, TensorFlow would round them."""
    return reduced(call, "tf.reduce_mean", _converted(call, floating(receiver(call))))


@rewrites(
    RULES,
    "prod",
    ".prod",
    args=_ARGS,
    examples=(
        *_examples("prod", "reduce_prod"),
        Example("torch.prod(i, -1)", "tf.reduce_prod(i, axis=-1)", "i: i64[2,3]"),
    ),
)
def prod(call: CallSite) -> str | Unmapped:
    """Booleans are counted."""
    return reduced(call, "tf.reduce_prod", _converted(call, counting(receiver(call))))


def _logical(name: str, function: str) -> None:
    @rewrites(
        RULES,
        name,
        f".{name}",
        args=("input", "dim", "keepdim", "out"),
        dtype="bool",
        examples=(
            Example(f"torch.{name}(m)", f"tf.{function}(m)", "m: bool[2,3]"),
            Example(
                f"torch.{name}(m, dim=-1, keepdim=True)", f"tf.{function}(m, axis=-1, keepdims=True)", "m: bool[2,3]"
            ),
            Example(f"torch.{name}(i, 1)", f"tf.{function}(tf.cast(i, tf.bool), axis=1)", "i: i64[2,3]"),
        ),
    )
    def logical(call: CallSite) -> str | Unmapped:
        """Numbers are true where they are not zero."""
        tensor = receiver(call)
        text = (
            f"tf.cast({tensor.text}, tf.bool)"
            if tensor.kind == "tensor" and tensor.dtype not in (None, "bool")
            else tensor.text
        )
        return reduced(call, f"tf.{function}", text)


_logical("any", "reduce_any")
_logical("all", "reduce_all")


# -- extremes ----------------------------------------------------------------------------------------------------------


def _extreme(call: CallSite, name: str) -> str | Unmapped:
    tensor, second = receiver(call), call.bound.get("dim")
    logical = {"max": "any", "min": "all"}[name]
    function = f"tf.reduce_{logical}" if tensor.dtype == "bool" else f"tf.reduce_{name}"
    other = call.bound.get("other") or (second if second is not None and _is_tensor(second) else None)
    if other is not None:
        left, right = promoted(tensor, other)
        return f"tf.{name}imum({left}, {right})"
    values = reduced(call, function, tensor.text)
    if second is None:
        return values
    return f"({values}, {_index_of_extreme(call, name)})"


def _is_tensor(arg: Arg) -> bool:
    return arg.kind == "tensor" or (arg.kind is None and arg.constant is NOT_CONSTANT)


def _index_of_extreme(call: CallSite, name: str) -> str:
    text = invoke(f"tf.arg{name}", counting(receiver(call)), axis=given(call, "dim"), output_type="tf.int32")
    return text if keepdims(call) is None else f"tf.expand_dims({text}, axis={call.text('dim')})"


def _extremes(name: str) -> None:
    arg = f"tf.arg{name}"

    @rewrites(
        RULES,
        name,
        f".{name}",
        args=("input", "dim", "keepdim", "other", "out"),
        result="values_indices",
        examples=(
            Example(f"torch.{name}(a)", f"tf.reduce_{name}(a)", "a: f32[2,3]"),
            Example(f"torch.{name}(a, b)", f"tf.{name}imum(a, b)", "a: f32[2,3], b: f32[3]"),
            Example(
                f"torch.{name}(a, dim=-1)",
                f"(tf.reduce_{name}(a, axis=-1), {arg}(a, axis=-1, output_type=tf.int32))",
                "a: f32[2,3]",
            ),
            Example(
                f"torch.{name}(a, dim=1, keepdim=True)",
                f"(tf.reduce_{name}(a, axis=1, keepdims=True), tf.expand_dims({arg}(a, axis=1, output_type=tf.int32), axis=1))",
                "a: f32[2,3]",
            ),
        ),
    )
    def extreme(call: CallSite) -> str | Unmapped:
        """Of all elements, of two tensors, or values and indices along an axis."""
        return _extreme(call, name)

    @rewrites(
        RULES,
        f"a{name}",
        f".a{name}",
        args=("input", "dim", "keepdim", "out"),
        examples=_examples(f"a{name}", f"reduce_{name}"),
    )
    def amax(call: CallSite) -> str | Unmapped:
        """Values only."""
        return reduced(call, f"tf.reduce_{name}", receiver(call).text)

    @rewrites(
        RULES,
        f"arg{name}",
        f".arg{name}",
        args=("input", "dim", "keepdim"),
        dtype="int64",
        examples=(
            Example(f"torch.arg{name}(a, dim=-1)", f"{arg}(a, axis=-1, output_type=tf.int32)", "a: f32[2,3]"),
            Example(f"torch.arg{name}(a)", f"{arg}(tf.reshape(a, [-1]), output_type=tf.int32)", "a: f32[2,3]"),
            Example(
                f"torch.arg{name}(a, 1, keepdim=True)",
                f"tf.expand_dims({arg}(a, axis=1, output_type=tf.int32), axis=1)",
                "a: f32[2,3]",
            ),
        ),
    )
    def argmax(call: CallSite) -> str | Unmapped:
        """Without an axis the index in the flattened tensor."""
        if not call.has("dim"):
            tensor = receiver(call)
            text = counting(tensor) if tensor.rank == 1 else f"tf.reshape({counting(tensor)}, [-1])"
            return f"{arg}({text}, output_type=tf.int32)"
        return _index_of_extreme(call, name)


_extremes("max")
_extremes("min")


# -- statistics --------------------------------------------------------------------------------------------------------


def _spread(name: str, function: str) -> None:
    @rewrites(
        RULES,
        name,
        f".{name}",
        args=("input", "dim", "unbiased", "keepdim", "correction", "out"),
        safety=Safety.CLOSE,
        examples=(
            Example(f"torch.{name}(a, dim=-1, keepdim=True)", f"_{name}(a, axis=-1, keepdims=True)", "a: f32[2,5]"),
            Example(f"torch.{name}(a, dim=(0, 1))", f"_{name}(a, axis=(0, 1))", "a: f32[2,5]"),
            Example(f"torch.{name}(a, -1, False)", f"tf.math.{function}(a, axis=-1)", "a: f32[2,5]"),
            Example(f"torch.{name}(a, dim=1, correction=0)", f"tf.math.{function}(a, axis=1)", "a: f32[2,5]"),
        ),
    )
    def spread(call: CallSite) -> str | Unmapped:
        """torch divides by n − 1 unless told otherwise, TensorFlow by n."""
        dim = call.constant("dim")
        if isinstance(dim, bool):
            return call.refuse("TFP102", "the second argument is `unbiased` here", "write it as a keyword")
        biased = call.constant("unbiased", True) is False or call.constant("correction", 1) == 0
        return reduced(call, f"tf.math.{function}" if biased else f"_{call.emits(name)}", receiver(call).text)


_spread("std", "reduce_std")
_spread("var", "reduce_variance")


@rewrites(
    RULES,
    "median",
    ".median",
    args=("input", "dim", "keepdim"),
    examples=(Example("torch.median(a)", "tf.sort(tf.reshape(a, [-1]))[(tf.size(a) - 1) // 2]", "a: f32[2,3]"),),
)
def median(call: CallSite) -> str | Unmapped:
    """The lower of the two middle elements."""
    if call.has("dim"):
        return call.refuse(
            "TFP102", "the median along an axis comes with indices", "use torch.sort in the PyTorch file"
        )
    text = receiver(call).text
    return f"tf.sort(tf.reshape({text}, [-1]))[(tf.size({text}) - 1) // 2]"


@rewrites(
    RULES,
    "logsumexp",
    ".logsumexp",
    args=("input", "dim", "keepdim", "out"),
    examples=_examples("logsumexp", "reduce_logsumexp")[1:],
)
def logsumexp(call: CallSite) -> str | Unmapped:
    """The same in both."""
    return reduced(call, "tf.reduce_logsumexp", receiver(call).text)


@rewrites(
    RULES,
    "count_nonzero",
    ".count_nonzero",
    args=("input", "dim"),
    dtype="int64",
    examples=(
        Example("torch.count_nonzero(i, dim=1)", "tf.math.count_nonzero(i, axis=1, dtype=tf.int32)", "i: i64[2,3]"),
        Example("torch.count_nonzero(m)", "tf.math.count_nonzero(m, dtype=tf.int32)", "m: bool[2,3]"),
    ),
)
def count_nonzero(call: CallSite) -> str | Unmapped:
    """Counted in int32."""
    return invoke("tf.math.count_nonzero", receiver(call).text, axis=given(call, "dim"), dtype="tf.int32")


# -- running totals ----------------------------------------------------------------------------------------------------


def _running(name: str, function: str) -> None:
    @rewrites(
        RULES,
        name,
        f".{name}",
        args=("input", "dim", "dtype", "out"),
        rank="same",
        examples=(
            Example(f"torch.{name}(a, dim=-1)", f"{function}(a, axis=-1)", "a: f32[2,3]"),
            Example(f"torch.{name}(m, 1)", f"{function}(tf.cast(m, tf.int32), axis=1)", "m: bool[2,3]"),
            Example(
                f"torch.{name}(i, 1, dtype=torch.float32)", f"{function}(tf.cast(i, tf.float32), axis=1)", "i: i64[2,3]"
            ),
        ),
    )
    def running(call: CallSite) -> str | Unmapped:
        """Booleans are counted."""
        counts = _counted(call, of_rows=_is_last_or_truth(call))
        return invoke(function, _converted(call, counts), axis=call.text("dim"))


_running("cumsum", "tf.cumsum")
_running("cumprod", "tf.math.cumprod")
