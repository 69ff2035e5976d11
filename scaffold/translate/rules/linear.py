"""Products of vectors and matrices, norms and Fourier transforms.

Source: torch's documentation, "BLAS and LAPACK Operations", "torch.linalg" and "torch.fft".
"""

from __future__ import annotations

import ast

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules import _equations
from scaffold.translate.rules._family import (
    INTEGERS,
    as_dtype,
    both,
    common_dtype,
    given,
    invoke,
    items_of,
    keepdims,
    promoted,
    receiver,
    rewrites,
)

RULES: list[Rule] = []
_SWAPS = frozenset({"transpose", "swapaxes", "swapdims"})


def untransposed(call: CallSite, arg: Arg) -> Arg | None:
    """The matrix below a transposition of the last two axes, so that `tf.matmul` can do it; None for anything else."""
    node = arg.node
    if isinstance(node, ast.Attribute) and node.attr in ("mT", "T"):
        below = call.engine.arg(node.value)
        return below if below.kind == "tensor" and (node.attr == "mT" or below.rank == 2) else None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.keywords:
        return None
    name, receiver_node, args = node.func.attr, node.func.value, list(node.args)
    if (call.engine.source.qualname(node.func) or "").removeprefix("torch.") in _SWAPS and args:
        receiver_node = args.pop(0)
    below = call.engine.arg(receiver_node)
    axes = [call.engine.arg(arg).constant for arg in args]
    if below.kind not in ("tensor", None) or not all(isinstance(axis, int) for axis in axes):
        return None
    return below if _swaps_last_two(name, axes, below.rank) else None


def _swaps_last_two(name: str, axes: list[int], rank: int | None) -> bool:
    if name in _SWAPS and len(axes) == 2:
        if rank is not None:
            axes = [axis % rank - rank for axis in axes]
        return sorted(axes) == [-2, -1]
    if name == "t" and not axes:
        return rank in (2, None)
    if name == "permute" and len(axes) >= 2:
        order = [axis % len(axes) for axis in axes]
        return order == [*range(len(axes) - 2), len(axes) - 1, len(axes) - 2]
    return False


def product(call: CallSite, left: Arg, right: Arg) -> str:
    """`tf.matmul`, or what it does not do: a matrix with a vector, two vectors."""
    if left.rank == 1 and right.rank == 1:
        a, b = promoted(left, right)
        return f"tf.tensordot({a}, {b}, axes=1)"
    if right.rank == 1:
        a, b = promoted(left, right)
        return f"tf.linalg.matvec({a}, {b})"
    if left.rank == 1:
        a, b = promoted(left, right)
        return f"tf.linalg.matvec({b}, {a}, transpose_a=True)"
    below_left, below_right = untransposed(call, left), untransposed(call, right)
    dtype = common_dtype([left, right])
    return invoke(
        "tf.matmul",
        as_dtype(below_left or left, dtype, [right]),
        as_dtype(below_right or right, dtype, [left]),
        transpose_a="True" if below_left else None,
        transpose_b="True" if below_right else None,
    )


@rewrites(
    RULES,
    "matmul",
    ".matmul",
    args=("input", "other", "out"),
    rank="same",
    examples=(
        Example("torch.matmul(a, b)", "tf.linalg.matvec(a, b)", "a: f32[2,3], b: f32[3]"),
        Example("torch.matmul(a, b)", "tf.matmul(a, b)", "a: f32[2,3,4], b: f32[2,4,5]"),
        Example(
            "torch.matmul(a, b.transpose(-1, -2))", "tf.matmul(a, b, transpose_b=True)", "a: f32[2,3,4], b: f32[2,5,4]"
        ),
        Example(
            "torch.matmul(a.transpose(1, 2), b)", "tf.matmul(a, b, transpose_a=True)", "a: f32[2,4,3], b: f32[2,4,5]"
        ),
        Example(
            "torch.matmul(a, b.permute(0, 2, 1))", "tf.matmul(a, b, transpose_b=True)", "a: f32[2,3,4], b: f32[2,5,4]"
        ),
    ),
)
def matmul(call: CallSite) -> str | Unmapped:
    """A transposition of the last two axes becomes `transpose_a` or `transpose_b`."""
    return product(call, receiver(call), call.bound["other"] if "other" in call.bound else call.bound["mat2"])


for _name in ("bmm", "mm"):
    _batch = "2," if _name == "bmm" else ""
    rewrites(
        RULES,
        _name,
        f".{_name}",
        args=("input", "mat2", "out"),
        rank="same",
        examples=(
            Example(f"torch.{_name}(a, b)", "tf.matmul(a, b)", f"a: f32[{_batch}3,4], b: f32[{_batch}4,5]"),
            Example(
                f"torch.{_name}(a, b.transpose(-1, -2))",
                "tf.matmul(a, b, transpose_b=True)",
                f"a: f32[{_batch}3,4], b: f32[{_batch}5,4]",
            ),
        ),
    )(matmul)


RULES += [
    Rule(
        torch=name,
        args=args,
        tf="",
        rewrite=lambda call: product(call, *list(call.bound.values())[:2]),
        note="A matrix with a vector.",
        rank=None,
        examples=(Example(before, "tf.linalg.matvec(a, b)", "a: f32[2,3], b: f32[3]"),),
    )
    for name, args, before in (
        ("torch.mv", ("input", "vec"), "torch.mv(a, b)"),
        ("torch.Tensor.mv", ("self", "vec"), "a.mv(b)"),
    )
]
RULES += both(
    "dot",
    ("input", "tensor"),
    "tf.tensordot({input}, {tensor}, axes=1)",
    rank=None,
    examples=[Example("torch.dot(a, b)", "tf.tensordot(a, b, axes=1)", "a: f32[3], b: f32[3]")],
)


@rewrites(
    RULES,
    "outer",
    "ger",
    ".outer",
    ".ger",
    args=("input", "vec2"),
    examples=(
        Example("torch.outer(a, b)", "tf.tensordot(a, b, axes=0)", "a: f32[3], b: f32[2]"),
        Example("torch.outer(i, b)", "tf.tensordot(tf.cast(i, b.dtype), b, axes=0)", "i: i64[3], b: f32[2]"),
    ),
)
def outer(call: CallSite) -> str | Unmapped:
    """Every element with every element."""
    a, b = promoted(receiver(call), call.arg("vec2"))
    return f"tf.tensordot({a}, {b}, axes=0)"


@rewrites(
    RULES,
    "einsum",
    args=("equation", "*operands"),
    dtype=None,
    examples=(
        Example(
            'torch.einsum("bij,bjk->bik", a, b)', 'tf.einsum("bij,bjk->bik", a, b)', "a: f32[2,3,4], b: f32[2,4,5]"
        ),
        Example('torch.einsum("i , j -> i j", a, b)', 'tf.einsum("i , j -> i j", a, b)', "a: f32[3], b: f32[2]"),
        Example(
            'torch.einsum("bq,bhk->bhqk", a, b)', "a[:, None, :, None] * b[:, :, None, :]", "a: f32[2,3], b: f32[2,4,5]"
        ),
        Example('torch.einsum("...ij,jk", [a, b])', 'tf.einsum("...ij,jk", a, b)', "a: f32[2,3,4], b: f32[4,5]"),
        Example(
            'torch.einsum("i,j->ij", i, b)', 'tf.einsum("i,j->ij", tf.cast(i, b.dtype), b)', "i: i64[3], b: f32[2]"
        ),
    ),
)
def einsum(call: CallSite) -> str | Unmapped:
    """The equation is the same in both; one that sums over nothing is a product."""
    operands = call.varargs.get("operands", [])
    if len(operands) == 1:
        operands = items_of(call, operands[0]) or operands
    if any(isinstance(operand.node, ast.Starred) for operand in operands):
        return call.refuse("TFP103", "arguments are unpacked from a variable", "write the arguments out")
    equation, texts, name = call.constant("equation"), promoted(*operands), "tf.einsum"
    if (multiplied := _equations.product(equation, texts)) is not None:
        return multiplied
    if len(operands) == 2 and _equations.may_broadcast(equation, operands):
        name = f"_{call.emits('einsum')}"
    return f"{name}({', '.join([call.text('equation'), *texts])})"


def _scaled(scale: Arg | None, text: str) -> str:
    if scale is None or scale.constant in (1, 1.0):
        return text
    return f"{scale.atom} * {text}"


@rewrites(
    RULES,
    "addmm",
    ".addmm",
    args=("input", "mat1", "mat2", "beta", "alpha", "out"),
    rank="same",
    examples=(
        Example("torch.addmm(a, b, c)", "a + tf.matmul(b, c)", "a: f32[3], b: f32[2,4], c: f32[4,3]"),
        Example(
            "torch.addmm(a, b, c, beta=0.5, alpha=n)",
            "0.5 * a + n * tf.matmul(b, c)",
            "a: f32[2,3], b: f32[2,4], c: f32[4,3], n: 2.0",
        ),
    ),
)
def addmm(call: CallSite) -> str | Unmapped:
    """A weighted sum of a tensor and a product; with beta=0 torch ignores the tensor."""
    left = call.bound.get("mat1") or call.bound["batch1"]
    right = call.bound.get("mat2") or call.bound["batch2"]
    text = _scaled(call.bound.get("alpha"), product(call, left, right))
    tensor, beta = receiver(call), call.bound.get("beta")
    if beta is not None and beta.constant in (0, 0.0):
        return text
    return f"{_scaled(beta, tensor.atom)} + {text}"


rewrites(
    RULES,
    "baddbmm",
    ".baddbmm",
    args=("input", "batch1", "batch2", "beta", "alpha", "out"),
    rank="same",
    examples=(
        Example(
            "torch.baddbmm(a, batch1=b, batch2=c, beta=n, alpha=2.0)",
            "n * a + 2.0 * tf.matmul(b, c)",
            "a: f32[2,3,5], b: f32[2,3,4], c: f32[2,4,5], n: 0.5",
        ),
        Example("torch.baddbmm(a, b, c, beta=0)", "tf.matmul(b, c)", "a: f32[2,3,5], b: f32[2,3,4], c: f32[2,4,5]"),
    ),
)(addmm)


@rewrites(
    RULES,
    "nn.functional.linear",
    args=("input", "weight", "bias"),
    rank="same",
    examples=(
        Example("F.linear(a, w)", "tf.matmul(a, w, transpose_b=True)", "a: f32[2,3], w: f32[4,3]"),
        Example(
            "F.linear(a, w, bias=b)", "tf.matmul(a, w, transpose_b=True) + b", "a: f32[2,5,3], w: f32[4,3], b: f32[4]"
        ),
        Example("F.linear(a, w.t())", "tf.matmul(a, w)", "a: f32[2,3], w: f32[3,4]"),
    ),
)
def linear(call: CallSite) -> str | Unmapped:
    """The weight is stored transposed."""
    weight = call.arg("weight")
    below = untransposed(call, weight)
    text = invoke("tf.matmul", call.text("input"), (below or weight).text, transpose_b=None if below else "True")
    if not call.has("bias"):
        return text
    bias = call.arg("bias")
    at_times = {"none", "tensor"} <= {o.kind for o in bias.info.seen}  # of some configurations alone
    return f"{text} + {f'(0.0 if {bias.text} is None else {bias.text})' if at_times else bias.atom}"


@rewrites(
    RULES,
    "cdist",
    args=("x1", "x2", "p", "compute_mode"),
    safety=Safety.CLOSE,
    examples=(
        Example(
            "torch.cdist(a, b, p=1)",
            "tf.norm(tf.expand_dims(a, axis=-2) - tf.expand_dims(b, axis=-3), ord=1, axis=-1)",
            "a: f32[2,3,4], b: f32[2,5,4]",
        ),
        Example(
            "torch.cdist(a, b)",
            "tf.norm(tf.expand_dims(a, axis=-2) - tf.expand_dims(b, axis=-3), axis=-1)",
            "a: f32[3,4], b: f32[5,4]",
        ),
    ),
)
def cdist(call: CallSite) -> str | Unmapped:
    """The norm of every difference."""
    order = None if call.constant("p", 2) == 2 else call.text("p")
    difference = f"tf.expand_dims({call.text('x1')}, axis=-2) - tf.expand_dims({call.text('x2')}, axis=-3)"
    return invoke("tf.norm", difference, ord=order, axis="-1")


@rewrites(
    RULES,
    "cross",
    "linalg.cross",
    ".cross",
    args=("input", "other", "dim"),
    rank="same",
    examples=(Example("torch.cross(a, b, dim=-1)", "tf.linalg.cross(a, b)", "a: f32[2,3], b: f32[2,3]"),),
)
def cross(call: CallSite) -> str | Unmapped:
    """TensorFlow takes the last axis only."""
    tensor, other = receiver(call), call.arg("other")
    axis = call.constant("dim", -1)
    if axis not in (-1, None) and (tensor.rank is None or axis != tensor.rank - 1):
        return call.refuse(
            "TFP102", "argument `dim`: TensorFlow takes the last axis only", "transpose before and after"
        )
    return f"tf.linalg.cross({tensor.text}, {other.text})"


@rewrites(
    RULES,
    "tensordot",
    args=("a", "b", "dims"),
    dtype=None,
    examples=(Example("torch.tensordot(a, b, dims=1)", "tf.tensordot(a, b, axes=1)", "a: f32[2,3], b: f32[3,4]"),),
)
def tensordot(call: CallSite) -> str | Unmapped:
    """The axes are counted the same way."""
    a, b = promoted(call.arg("a"), call.arg("b"))
    return f"tf.tensordot({a}, {b}, axes={call.text('dims', '2')})"


# -- norms -------------------------------------------------------------------------------------------------------------


def norm_of(call: CallSite, tensor: Arg, order: Arg | None) -> str | Unmapped:
    """`tf.norm` is Euclidean (Frobenius for matrices) unless told otherwise."""
    text = as_dtype(tensor, "float32") if tensor.dtype in INTEGERS else tensor.text
    if call.has("dtype"):
        text = f"tf.cast({text}, {call.text('dtype')})"
    kind = None if order is None else order.constant
    given_order = None if order is None or kind in (2, 2.0, "fro", None) else order.text
    if kind in ("nuc", 0):
        return call.refuse("TFP102", f"norm of order {kind!r} has no TensorFlow counterpart", "write it out")
    return invoke("tf.norm", text, ord=given_order, axis=given(call, "dim"), keepdims=keepdims(call))


@rewrites(
    RULES,
    "norm",
    ".norm",
    args=("input", "p", "dim", "keepdim", "out", "dtype"),
    examples=(
        Example("torch.norm(a, p=2, dim=-1, keepdim=True)", "tf.norm(a, axis=-1, keepdims=True)", "a: f32[2,3]"),
        Example("torch.norm(a, dim=1)", "tf.norm(a, axis=1)", "a: f32[2,3]"),
        Example("torch.norm(a, 1, -1)", "tf.norm(a, ord=1, axis=-1)", "a: f32[2,3]"),
        Example("torch.norm(a)", "tf.norm(a)", "a: f32[2,3]"),
    ),
)
def norm(call: CallSite) -> str | Unmapped:
    """Order 2 and the Frobenius norm are `tf.norm`'s default."""
    return norm_of(call, receiver(call), call.bound.get("p"))


@rewrites(
    RULES,
    "linalg.norm",
    "linalg.vector_norm",
    args=("x", "ord", "dim", "keepdim", "out", "dtype"),
    examples=(
        Example(
            "torch.linalg.norm(a, ord=2, dim=-1, keepdim=True)", "tf.norm(a, axis=-1, keepdims=True)", "a: f32[2,3]"
        ),
        Example("torch.linalg.norm(a, dim=-1)", "tf.norm(a, axis=-1)", "a: f32[2,3]"),
    ),
)
def linalg_norm(call: CallSite) -> str | Unmapped:
    """Order 2 of vectors is `tf.norm`'s default; of matrices it is the spectral norm, which is refused."""
    tensor = receiver(call)
    matrix = not call.has("dim") or isinstance(call.constant("dim"), tuple | list)
    if matrix and call.constant("ord") in (2, -2) and not call.qualname.endswith("vector_norm"):
        return call.refuse("TFP102", "the spectral norm has no rule", "use tf.linalg.svd")
    return norm_of(call, tensor, call.bound.get("ord"))
