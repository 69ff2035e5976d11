"""Picking, masking, scattering and ordering elements.

Source: torch's documentation, "Indexing, Slicing, Joining, Mutating Ops" and "Comparison Ops". TensorFlow converts no dtypes
here: masks must be boolean, and a number must have the dtype of the tensor it stands beside.
"""

from __future__ import annotations

from scaffold.translate.callsite import Arg, CallSite
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import (
    as_dtype,
    atom,
    axis_of,
    both,
    common_dtype,
    given,
    invoke,
    is_number,
    number,
    receiver,
    rewrites,
)

RULES: list[Rule] = []


def mask_of(arg: Arg) -> str:
    """The text of a boolean mask: cast where it is known to hold numbers."""
    return f"tf.cast({arg.text}, tf.bool)" if arg.dtype not in (None, "bool") else arg.text


def beside(value: Arg, tensor: Arg) -> str:
    """A value's text in the dtype of the tensor it replaces elements of."""
    if value.kind == "tensor":
        same = tensor.dtype is None or value.dtype is None or value.dtype == tensor.dtype
        return value.text if same else f"tf.cast({value.text}, {tensor.atom}.dtype)"
    if tensor.dtype == "float32" or value.text == f"{tensor.text}.dtype.min":
        return number(value, "float32")
    if is_number(value) and tensor.dtype in ("int64", "int32") and isinstance(value.constant, int):
        return value.text
    if isinstance(value.constant, bool) and tensor.dtype == "bool":
        return value.text
    if tensor.dtype == "bool":
        return f"tf.cast({value.text}, tf.bool)"
    return f"tf.cast({number(value, tensor.dtype)}, {tensor.atom}.dtype)"


# -- masks -------------------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    "masked_fill",
    ".masked_fill",
    ".masked_fill_",
    args=("input", "mask", "value"),
    rank="same",
    examples=(
        Example("torch.masked_fill(a, m, -1e9)", "tf.where(m, -1e9, a)", "a: f32[2,3], m: bool[2,3]"),
        Example("torch.masked_fill(a, m, 0)", "tf.where(m, 0.0, a)", "a: f32[2,3], m: bool[1,3]"),
        Example("torch.masked_fill(i, m, -100)", "tf.where(m, -100, i)", "i: i64[2,3], m: bool[2,3]"),
        Example('torch.masked_fill(a, a > 0, float("-inf"))', 'tf.where(a > 0, float("-inf"), a)', "a: f32[2,3]"),
        Example("torch.masked_fill(a, a == 0, s)", "tf.where(a == 0, tf.cast(s, a.dtype), a)", "a: f64[2,3], s: 2.5"),
        Example("torch.masked_fill(m, m, 0)", "tf.where(m, tf.cast(0, tf.bool), m)", "m: bool[2,3]"),
    ),
)
def masked_fill(call: CallSite) -> str | Unmapped:
    """The value takes the tensor's dtype."""
    tensor = receiver(call)
    return f"tf.where({mask_of(call.arg('mask'))}, {beside(call.arg('value'), tensor)}, {tensor.text})"


def _same_shape(left: Arg, right: Arg) -> bool:
    return left.info.shape is not None and left.info.shape == right.info.shape


@rewrites(
    RULES,
    "masked_select",
    ".masked_select",
    args=("input", "mask"),
    examples=(
        Example("torch.masked_select(a, m)", "tf.boolean_mask(a, m)", "a: f32[2,3], m: bool[2,3]"),
        Example(
            "torch.masked_select(a, m)", "tf.boolean_mask(a, tf.broadcast_to(m, shape_list(a)))", "a: f32[2,3], m: bool[3]"
        ),
    ),
)
def masked_select(call: CallSite) -> str | Unmapped:
    """torch broadcasts the mask."""
    tensor, mask = receiver(call), call.arg("mask")
    text = mask_of(mask)
    if not _same_shape(tensor, mask):
        text = f"tf.broadcast_to({text}, {call.shape(tensor)})"
    return f"tf.boolean_mask({tensor.text}, {text})"


@rewrites(
    RULES,
    ".masked_scatter",
    ".masked_scatter_",
    args=("self", "mask", "source"),
    rank="same",
    examples=(
        Example("a.masked_scatter(m, b)", "_masked_scatter(a, m, b)", "a: f32[2,3], m: bool[2,3], b: f32[2,3]"),
        Example("a.masked_scatter(m, b)", "_masked_scatter(a, m, b)", "a: f32[2,3,4], m: bool[2,3,1], b: f32[6,4]"),
    ),
)
def masked_scatter(call: CallSite) -> str | Unmapped:
    """The source's elements in order, where the mask is set."""
    call.emits("masked_scatter")
    source = as_dtype(call.arg("source"), call.arg("self").dtype)
    return f"_masked_scatter({call.text('self')}, {mask_of(call.arg('mask'))}, {source})"


@rewrites(
    RULES,
    "where",
    args=("condition", "input", "other"),
    dtype=None,
    examples=(
        Example("torch.where(m, a, b)", "tf.where(m, a, b)", "m: bool[2,3], a: f32[2,3], b: f32[2,3]"),
        Example("torch.where(m, a, 0)", "tf.where(m, a, 0.0)", "m: bool[2,3], a: f32[2,3]"),
        Example("torch.where(m, 1, i)", "tf.where(m, 1, i)", "m: bool[2,3], i: i64[2,3]"),
        Example("torch.where(m, i, a)", "tf.where(m, tf.cast(i, tf.float32), a)", "m: bool[2,3], i: i64[2,3], a: f32[2,3]"),
        Example("torch.where(a > 0)[0]", "tf.unstack(tf.cast(tf.where(a > 0), tf.int32), axis=-1)[0]", "a: f32[2,3]"),
    ),
)
def where(call: CallSite) -> str | Unmapped:
    """With one argument the indices, one tensor for each axis."""
    condition = call.arg("condition")
    if "input" not in call.bound:
        return f"tf.unstack({indices(condition)}, axis=-1)"
    choices = [call.arg("input"), call.arg("other")]
    dtype = common_dtype(choices)
    texts = [as_dtype(choice, dtype) for choice in choices]
    tensors = [choice for choice in choices if choice.kind == "tensor"]
    if len(tensors) == 1 and dtype == tensors[0].dtype:
        texts = [c.text if c is tensors[0] else beside(c, tensors[0]) for c in choices]
    return f"tf.where({mask_of(condition)}, {', '.join(texts)})"


rewrites(
    RULES,
    ".where",
    args=("self", "condition", "other"),
    examples=(
        Example("a.where(m, b)", "tf.where(m, a, b)", "m: bool[2,3], a: f32[2,3], b: f32[2,3]"),
        Example("a.where(m, 0)", "tf.where(m, a, 0.0)", "m: bool[2,3], a: f32[2,3]"),
    ),
    note="The receiver is the first choice.",
)(
    lambda call: f"tf.where({mask_of(call.arg('condition'))}, {call.text('self')}, {beside(call.arg('other'), call.arg('self'))})"
)


def indices(condition: Arg) -> str:
    """Coordinates of what is not zero, in rows; TensorFlow counts in int64."""
    text = condition.text if condition.dtype in (None, "bool") else f"{condition.atom} != 0"
    return f"tf.cast(tf.where({text}), tf.int32)"


@rewrites(
    RULES,
    "nonzero",
    ".nonzero",
    args=("input", "out", "as_tuple"),
    dtype="int64",
    examples=(
        Example("torch.nonzero(a > 0)", "tf.cast(tf.where(a > 0), tf.int32)", "a: f32[2,3]"),
        Example("torch.nonzero(i, as_tuple=True)[1]", "tf.unstack(tf.cast(tf.where(i != 0), tf.int32), axis=-1)[1]", "i: i64[2,3]"),
    ),
)
def nonzero(call: CallSite) -> str | Unmapped:
    """Coordinates in rows, or one tensor for each axis."""
    text = indices(receiver(call))
    return f"tf.unstack({text}, axis=-1)" if call.constant("as_tuple", False) is True else text


@rewrites(
    RULES,
    "argwhere",
    ".argwhere",
    args=("input",),
    dtype="int64",
    examples=(Example("torch.argwhere(a > 0)", "tf.cast(tf.where(a > 0), tf.int32)", "a: f32[2,3]"),),
)
def argwhere(call: CallSite) -> str | Unmapped:
    """Coordinates in rows."""
    return indices(receiver(call))


# -- picking by index --------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    "gather",
    ".gather",
    args=("input", "dim", "index", "sparse_grad", "out"),
    examples=(
        Example("torch.gather(a, -1, i)", "tf.gather(a, i, axis=-1, batch_dims=1)", "a: f32[2,3], i: i64(0,3)[2,4]"),
        Example("torch.gather(a, dim=2, index=i)", "tf.gather(a, i, axis=2, batch_dims=2)", "a: f32[2,3,4], i: i64(0,3)[2,3,2]"),
        Example(
            "torch.gather(a, 1, i)",
            "tf.experimental.numpy.take_along_axis(a, i, axis=1)",
            "a: f32[2,3,4], i: i64(0,3)[2,5,4]",
        ),
    ),
)
def gather(call: CallSite) -> str | Unmapped:
    """Along the last axis `tf.gather` with batch axes does it; along another the function of NumPy's name."""
    tensor, index = receiver(call), call.arg("index")
    axis = axis_of(call, "dim", tensor)
    if isinstance(axis, int) and tensor.rank is not None and axis == tensor.rank - 1:
        batch = f", batch_dims={axis}" if axis else ""
        return f"tf.gather({tensor.text}, {index.text}, axis={call.text('dim')}{batch})"
    return f"tf.experimental.numpy.take_along_axis({tensor.text}, {index.text}, axis={call.text('dim')})"


@rewrites(
    RULES,
    "take_along_dim",
    ".take_along_dim",
    args=("input", "indices", "dim"),
    examples=(
        Example(
            "torch.take_along_dim(a, i, dim=1)",
            "tf.experimental.numpy.take_along_axis(a, i, axis=1)",
            "a: f32[2,3,4], i: i64(0,3)[2,1,4]",
        ),
    ),
)
def take_along_dim(call: CallSite) -> str | Unmapped:
    """Without an axis the flattened tensor is meant in both."""
    text = f"{receiver(call).text}, {call.text('indices')}"
    return f"tf.experimental.numpy.take_along_axis({text}, axis={call.text('dim', 'None')})"


RULES += both(
    "index_select",
    ("input", "dim", "index"),
    "tf.gather({input}, {index}, axis={dim})",
    rank="same",
    examples=[
        Example("torch.index_select(a, 0, i)", "tf.gather(a, i, axis=0)", "a: f32[3,2], i: i64(0,3)[4]"),
        Example("torch.index_select(a, dim=-1, index=i)", "tf.gather(a, i, axis=-1)", "a: f32[2,3], i: i64(0,3)[4]"),
    ],
)
RULES += both(
    "take",
    ("input", "index"),
    "tf.gather(tf.reshape({input}, [-1]), {index})",
    rank=None,
    examples=[Example("torch.take(a, i)", "tf.gather(tf.reshape(a, [-1]), i)", "a: f32[2,3], i: i64(0,6)[4]")],
)


@rewrites(
    RULES,
    "nn.functional.one_hot",
    args=("tensor", "num_classes"),
    dtype="int64",
    examples=(
        Example("F.one_hot(i, num_classes=n)", "tf.one_hot(i, n, dtype=tf.int32)", "i: i64(0,3)[2,4], n: 3"),
        Example("F.one_hot(i)", "tf.one_hot(i, tf.reduce_max(i) + 1, dtype=tf.int32)", "i: i64(0,3)[2,4]"),
    ),
)
def one_hot(call: CallSite) -> str | Unmapped:
    """Integers, as in torch."""
    tensor = call.arg("tensor")
    counted = call.has("num_classes") and call.constant("num_classes") != -1
    depth = call.text("num_classes") if counted else f"tf.reduce_max({tensor.text}) + 1"
    return f"tf.one_hot({tensor.text}, {depth}, dtype=tf.int32)"


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
        Example("torch.scatter(a, dim=0, index=i, value=2.5)", "_scatter(a, i, 2.5, axis=0)", "a: f32[4,2,2], i: i64(0,4)[3,2,1]"),
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
    value = beside(source, tensor) if source.kind != "tensor" else as_dtype(source, tensor.dtype)
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
            "torch.scatter_add(a, 1, i, b)", "_scatter(a, i, b, axis=1, add=True)", "a: f32[2,3], i: i64(0,3)[2,4], b: f32[2,4]"
        ),
    ),
)
def scatter_add(call: CallSite) -> str | Unmapped:
    """An emitted function: TensorFlow scatters by whole coordinates."""
    call.emits("scatter")
    tensor = receiver(call)
    source = as_dtype(call.arg("src"), tensor.dtype)
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
        return call.refuse("TFP102", "only whole rows (dim=0, alpha=1) can be written this way", "transpose before and after")
    source = as_dtype(call.arg("source"), tensor.dtype)
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
        Example('torch.triu(torch.full((3, 3), float("-inf")), diagonal=n)', '_triu(tf.fill([3, 3], float("-inf")), n)', "n: 1"),
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
        Example("a.fill_diagonal_(2)", "tf.linalg.set_diag(a, tf.fill(shape_list(a)[:-1], 2.0))", "a: f32[3,3]"),
    ),
)
def fill_diagonal_(call: CallSite) -> str | Unmapped:
    """A square matrix's diagonal."""
    tensor = call.arg("self")
    value = beside(call.arg("value"), tensor) if "value" in call.bound else beside(call.arg("fill_value"), tensor)
    return f"tf.linalg.set_diag({tensor.text}, tf.fill({call.shape(tensor)}[:-1], {value}))"


# -- order -------------------------------------------------------------------------------------------------------------


@rewrites(
    RULES,
    "topk",
    ".topk",
    args=("input", "k", "dim", "largest", "sorted", "out"),
    result="values_indices",
    safety=Safety.CLOSE,
    examples=(
        Example("torch.topk(a, n, dim=-1)", "tf.math.top_k(a, k=n)", "a: f32[2,5], n: 3"),
        Example("torch.topk(a, k=2)", "tf.math.top_k(a, k=2)", "a: f32[2,5]"),
        Example("torch.topk(a, 2, dim=1, largest=True, sorted=False)", "tf.math.top_k(a, k=2)", "a: f32[2,5]"),
    ),
)
def topk(call: CallSite) -> str | Unmapped:
    """Along the last axis; which of equal elements comes first is not defined in torch."""
    tensor, axis = receiver(call), call.constant("dim", -1)
    last = axis in (-1, None) or (tensor.rank is not None and axis == tensor.rank - 1)
    if not last or call.constant("largest", True) is not True:
        return call.refuse("TFP102", "tf.math.top_k takes the largest along the last axis", "transpose or negate first")
    return f"tf.math.top_k({tensor.text}, k={call.text('k')})"


def _direction(call: CallSite) -> str | None:
    descending = call.constant("descending", False)
    if descending is False:
        return None
    return '"DESCENDING"' if descending is True else f'"DESCENDING" if {call.text("descending")} else "ASCENDING"'


def _last_axis(call: CallSite) -> str | None:
    return None if call.constant("dim", -1) == -1 else call.text("dim")


@rewrites(
    RULES,
    "sort",
    ".sort",
    args=("input", "dim", "descending", "stable", "out"),
    result="values_indices",
    examples=(
        Example("torch.sort(a, dim=1)", "(tf.sort(a, axis=1), tf.argsort(a, axis=1, stable=True))", "a: f32[2,5]"),
        Example(
            "torch.sort(a, -1, descending=True)",
            '(tf.sort(a, direction="DESCENDING"), tf.argsort(a, direction="DESCENDING", stable=True))',
            "a: f32[2,5]",
        ),
    ),
)
def sort(call: CallSite) -> str | Unmapped:
    """Values and indices."""
    text, axis, direction = receiver(call).text, _last_axis(call), _direction(call)
    values = invoke("tf.sort", text, axis=axis, direction=direction)
    return f"({values}, {invoke('tf.argsort', text, axis=axis, direction=direction, stable='True')})"


@rewrites(
    RULES,
    "argsort",
    ".argsort",
    args=("input", "dim", "descending", "stable"),
    dtype="int64",
    rank="same",
    examples=(
        Example("torch.argsort(a, dim=-1)", "tf.argsort(a, stable=True)", "a: f32[2,5]"),
        Example("torch.argsort(a, 0, descending=True)", 'tf.argsort(a, axis=0, direction="DESCENDING", stable=True)', "a: f32[5,2]"),
    ),
)
def argsort(call: CallSite) -> str | Unmapped:
    """Stable, as torch is on a CPU."""
    direction = _direction(call)
    return invoke("tf.argsort", receiver(call).text, axis=_last_axis(call), direction=direction, stable="True")


def _searched(call: CallSite, boundaries: Arg, values: Arg, right: bool) -> str | Unmapped:
    side = ', side="right"' if right else ""
    a, b = (as_dtype(arg, common_dtype([boundaries, values])) for arg in (boundaries, values))
    if values.rank is None or values.rank == boundaries.rank:
        return f"tf.searchsorted({a}, {b}{side})"
    if values.rank == 0:
        return f"tf.searchsorted({a}, {atom(b)}[None]{side})[0]"
    return f"tf.reshape(tf.searchsorted({a}, tf.reshape({b}, [-1]){side}), {call.shape(values)})"


@rewrites(
    RULES,
    "bucketize",
    ".bucketize",
    args=("input", "boundaries", "out_int32", "right"),
    dtype="int64",
    rank="same",
    examples=(
        Example("torch.bucketize(a, b)", "tf.searchsorted(b, a)", "a: f32(0,5)[6], b: f32sorted[4]"),
        Example(
            "torch.bucketize(a, b, right=True)",
            'tf.reshape(tf.searchsorted(b, tf.reshape(a, [-1]), side="right"), shape_list(a))',
            "a: f32(0,5)[2,3], b: f32sorted[4]",
        ),
    ),
)
def bucketize(call: CallSite) -> str | Unmapped:
    """`right` is the side that searching starts from."""
    return _searched(call, call.arg("boundaries"), receiver(call), call.constant("right", False) is True)


@rewrites(
    RULES,
    "searchsorted",
    args=("sorted_sequence", "input", "out_int32", "right", "side"),
    dtype="int64",
    rank="same",
    examples=(
        Example("torch.searchsorted(b, a, right=True)", 'tf.searchsorted(b, a, side="right")', "a: f32(0,5)[6], b: f32sorted[4]"),
    ),
)
def searchsorted(call: CallSite) -> str | Unmapped:
    """One row of boundaries serves values of any rank."""
    right = call.constant("right", False) is True or call.constant("side") == "right"
    return _searched(call, call.arg("sorted_sequence"), call.arg("input"), right)


@rewrites(
    RULES,
    "unique",
    ".unique",
    args=("input", "sorted", "return_inverse", "return_counts", "dim"),
    examples=(Example("torch.unique(i)", "tf.sort(tf.unique(tf.reshape(i, [-1])).y)", "i: i64(0,3)[2,4]"),),
)
def unique(call: CallSite) -> str | Unmapped:
    """torch sorts, TensorFlow keeps the order of appearance."""
    if call.has("return_inverse") or call.has("return_counts") or call.has("dim"):
        return call.refuse("TFP102", "only the values themselves can be had", "see tf.unique_with_counts")
    return f"tf.sort(tf.unique(tf.reshape({receiver(call).text}, [-1])).y)"


RULES += both(
    "bincount",
    ("input", "weights", "minlength"),
    "tf.math.bincount({input}, weights={weights}, minlength={minlength})",
    dtype="int64",
    rank=None,
    examples=[Example("torch.bincount(i, minlength=5)", "tf.math.bincount(i, minlength=5)", "i: i64(0,3)[6]")],
)
