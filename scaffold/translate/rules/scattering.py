"""Writing into tensors by index; triangles and diagonals of matrices.

Source: torch's documentation, "Indexing, Slicing, Joining, Mutating Ops". TensorFlow scatters by whole coordinates.
"""

from __future__ import annotations

from scaffold.translate.callsite import CallSite
from scaffold.translate.rule import Example, Rule, Unmapped
from scaffold.translate.rules._family import (
    FLOATS,
    as_dtype,
    axis_of,
    both,
    given,
    invoke,
    receiver,
    rewrites,
)
from scaffold.translate.rules.indexing import beside

RULES: list[Rule] = []


# -- writing by index --------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    "scatter",
    ".scatter",
    ".scatter_",
    args=("input", "dim", "index", "src", "value", "reduce"),
    rank="same",
    examples=(
        Example("torch.scatter(a, 1, i, b)", "_scatter(a, i, b, axis=1)", "a: f32[2,4], i: i64perm[2,4], b: f32[2,4]"),
        Example("torch.scatter(a, -1, i, 1)", "_scatter(a, i, 1.0, axis=-1)", "a: f32[2,4], i: i64(0,4)[2,3]"),
        Example(
            "torch.scatter(a, dim=0, index=i, value=2.5)",
            "_scatter(a, i, 2.5, axis=0)",
            "a: f32[4,2,2], i: i64(0,4)[3,2,1]",
        ),
    ),
)
def scatter(call: CallSite) -> str | Unmapped:
    """An emitted function: TensorFlow scatters by whole coordinates."""
    tensor = receiver(call)
    reduce = call.constant("reduce")
    if reduce not in (None, "add"):
        return call.refuse("TFP102", "argument `reduce` has no TensorFlow counterpart", "write it out")
    call.emits("scatter")
    source = call.arg("src") if call.has("src") else call.arg("value")
    value = beside(source, tensor) if source.kind != "tensor" else as_dtype(source, tensor.dtype, [tensor])
    add = ", add=True" if reduce else ""
    return f"_scatter({tensor.text}, {call.text('index')}, {value}, axis={call.text('dim')}{add})"


@rewrites(
    RULES,
    "scatter_add",
    ".scatter_add",
    ".scatter_add_",
    args=("input", "dim", "index", "src"),
    rank="same",
    examples=(
        Example(
            "torch.scatter_add(a, 1, i, b)",
            "_scatter(a, i, b, axis=1, add=True)",
            "a: f32[2,3], i: i64(0,3)[2,4], b: f32[2,4]",
        ),
    ),
)
def scatter_add(call: CallSite) -> str | Unmapped:
    """An emitted function: TensorFlow scatters by whole coordinates."""
    call.emits("scatter")
    tensor = receiver(call)
    source = as_dtype(call.arg("src"), tensor.dtype, [tensor])
    return f"_scatter({tensor.text}, {call.text('index')}, {source}, axis={call.text('dim')}, add=True)"


@rewrites(
    RULES,
    "index_add",
    ".index_add",
    ".index_add_",
    args=("input", "dim", "index", "source", "alpha"),
    rank="same",
    examples=(
        Example(
            "torch.index_add(a, 0, i, b)",
            "tf.tensor_scatter_nd_add(a, tf.expand_dims(i, axis=-1), b)",
            "a: f32[3,2], i: i64(0,3)[4], b: f32[4,2]",
        ),
    ),
)
def index_add(call: CallSite) -> str | Unmapped:
    """Along the first axis only."""
    return _by_rows(call, "tf.tensor_scatter_nd_add")


@rewrites(
    RULES,
    "index_copy",
    ".index_copy",
    ".index_copy_",
    args=("input", "dim", "index", "source"),
    rank="same",
    examples=(
        Example(
            "torch.index_copy(a, 0, i, b)",
            "tf.tensor_scatter_nd_update(a, tf.expand_dims(i, axis=-1), b)",
            "a: f32[4,2], i: i64perm[4], b: f32[4,2]",
        ),
    ),
)
def index_copy(call: CallSite) -> str | Unmapped:
    """Along the first axis only."""
    return _by_rows(call, "tf.tensor_scatter_nd_update")


def _by_rows(call: CallSite, function: str) -> str | Unmapped:
    tensor = receiver(call)
    if axis_of(call, "dim", tensor) != 0 or call.has("alpha"):
        return call.refuse(
            "TFP102", "only whole rows (dim=0, alpha=1) can be written this way", "transpose before and after"
        )
    source = as_dtype(call.arg("source"), tensor.dtype, [tensor])
    return f"{function}({tensor.text}, tf.expand_dims({call.text('index')}, axis=-1), {source})"


# -- triangles and diagonals -------------------------------------------------------------------------------------------


def _triangle(call: CallSite, upper: bool) -> str | Unmapped:
    tensor, diagonal = receiver(call), call.constant("diagonal", 0)
    if isinstance(diagonal, int) and (diagonal <= 0 if upper else diagonal >= 0):
        bounds = f"{-diagonal}, -1" if upper else f"-1, {diagonal}"
        return f"tf.linalg.band_part({tensor.text}, {bounds})"
    name = call.emits("triu" if upper else "tril")
    return f"_{name}({tensor.text}, {call.text('diagonal')})"


@rewrites(
    RULES,
    "tril",
    ".tril",
    ".tril_",
    args=("input", "diagonal"),
    rank="same",
    examples=(
        Example("torch.tril(a)", "tf.linalg.band_part(a, -1, 0)", "a: f32[4,5]"),
        Example("torch.tril(a, diagonal=1)", "tf.linalg.band_part(a, -1, 1)", "a: f32[4,5]"),
        Example("torch.tril(m, diagonal=-1)", "_tril(m, -1)", "m: bool[2,4,5]"),
    ),
)
def tril(call: CallSite) -> str | Unmapped:
    """A band, where the diagonal lies on or above the main one."""
    return _triangle(call, upper=False)


@rewrites(
    RULES,
    "triu",
    ".triu",
    ".triu_",
    args=("input", "diagonal"),
    rank="same",
    examples=(
        Example("torch.triu(a)", "tf.linalg.band_part(a, 0, -1)", "a: f32[4,5]"),
        Example("torch.triu(a, diagonal=1)", "_triu(a, 1)", "a: f32[4,5]"),
        Example(
            'torch.triu(torch.full((3, 3), float("-inf")), diagonal=n)',
            '_triu(tf.fill([3, 3], float("-inf")), n)',
            "n: 1",
        ),
    ),
)
def triu(call: CallSite) -> str | Unmapped:
    """A band, where the diagonal lies on or below the main one."""
    return _triangle(call, upper=True)


@rewrites(
    RULES,
    "diagonal",
    ".diagonal",
    args=("input", "offset", "dim1", "dim2"),
    examples=(
        Example("torch.diagonal(a)", "tf.linalg.diag_part(a)", "a: f32[3,4]"),
        Example("torch.diagonal(a, dim1=-2, dim2=-1)", "tf.linalg.diag_part(a)", "a: f32[2,3,4]"),
    ),
)
def diagonal(call: CallSite) -> str | Unmapped:
    """Of the last two axes."""
    tensor = receiver(call)
    axes = (call.constant("dim1", 0), call.constant("dim2", 1))
    if axes != (-2, -1) and not (axes == (0, 1) and tensor.rank == 2):
        return call.refuse("TFP102", "TensorFlow takes the diagonal of the last two axes", "transpose first")
    return invoke("tf.linalg.diag_part", tensor.text, k=given(call, "offset"))


RULES += both(
    "diag_embed",
    ("input",),
    "tf.linalg.diag({input})",
    rank=None,
    examples=[Example("torch.diag_embed(a)", "tf.linalg.diag(a)", "a: f32[2,3]")],
)


@rewrites(
    RULES,
    "diag",
    ".diag",
    args=("input", "diagonal"),
    examples=(
        Example("torch.diag(a)", "tf.linalg.diag(a)", "a: f32[3]"),
        Example("torch.diag(a, 1)", "tf.linalg.diag_part(a, k=1)", "a: f32[3,4]"),
    ),
)
def diag(call: CallSite) -> str | Unmapped:
    """Makes a matrix of a vector, takes the diagonal of a matrix."""
    tensor = receiver(call)
    rank = call.need_rank(tensor)
    if isinstance(rank, Unmapped):
        return rank
    return invoke("tf.linalg.diag" if rank == 1 else "tf.linalg.diag_part", tensor.text, k=given(call, "diagonal"))


@rewrites(
    RULES,
    ".fill_diagonal_",
    args=("self", "fill_value", "wrap"),
    rank="same",
    examples=(
        Example(
            "a.fill_diagonal_(2)",
            "tf.linalg.set_diag(a, tf.fill(shape_list(a)[:-1], tf.cast(2.0, a.dtype)))",
            "a: f32[3,3]",
        ),
    ),
)
def fill_diagonal_(call: CallSite) -> str | Unmapped:
    """A square matrix's diagonal."""
    tensor = call.arg("self")
    value = beside(call.arg("value"), tensor) if "value" in call.bound else beside(call.arg("fill_value"), tensor)
    value = f"tf.cast({value}, {tensor.atom}.dtype)" if tensor.dtype in FLOATS else value
    return f"tf.linalg.set_diag({tensor.text}, tf.fill({call.shape(tensor)}[:-1], {value}))"
