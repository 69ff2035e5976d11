"""A tensor's dtype, device and Python value; facts about its shape.

Source: torch's documentation, "torch.Tensor". Devices have no meaning in the generated code: moving a tensor is the tensor.
"""

from __future__ import annotations

import ast

from scaffold.translate.callsite import TF_DTYPES, Arg, CallSite
from scaffold.translate.given import has_callers_dtype
from scaffold.translate.iteration import spaced
from scaffold.translate.rule import Example, Rule, Safety, Unmapped
from scaffold.translate.rules._family import INTEGERS, both, rewrites

RULES: list[Rule] = []


# -- casts -------------------------------------------------------------------------------------------------------------


def cast_method(name: str, torch_dtype: str, keep: tuple[str, ...]) -> None:
    """`.long()` and its like; nothing to do where the tensor is known to have that dtype."""
    dtype = TF_DTYPES[torch_dtype]
    source = "bool" if torch_dtype in INTEGERS else "i64"
    same = {"bool": "bool", "int64": "i64", "float64": "f64", "float16": "f16"}.get(torch_dtype)
    witness = torch_dtype != "bfloat16"  # NumPy has no such type to compare in
    examples = [Example(f"a.{name}()", f"tf.cast(a, {dtype})", f"a: {source}[2,3]", witness=witness)]
    if same and keep:
        examples.append(Example(f"a.{name}()", "a", f"a: {same}[2,3]"))

    @rewrites(
        RULES, f".{name}", args=("self", "memory_format"), dtype=torch_dtype, rank="same", examples=tuple(examples)
    )
    def method(call: CallSite) -> str | Unmapped:
        """A cast."""
        tensor = call.arg("self")
        if tensor.kind == "tensor" and tensor.dtype in keep and not has_callers_dtype(call.engine, tensor.node):
            return tensor.text
        return f"tf.cast({tensor.text}, {dtype})"


cast_method("float", "float32", ())
cast_method("double", "float64", ("float64",))
cast_method("half", "float16", ("float16",))
cast_method("bfloat16", "bfloat16", ("bfloat16",))
cast_method("int", "int32", ("int32", "int64"))
cast_method("long", "int64", ("int32", "int64"))
cast_method("bool", "bool", ("bool",))


def is_device(arg: Arg) -> bool:
    """True for a device: seen as one, or named so."""
    if arg.kind is not None:
        return arg.kind == "device" or (arg.kind in ("str", "int") and "torch." not in arg.text)
    node = arg.node
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.endswith("device") or (isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.device")


def is_dtype(arg: Arg) -> bool:
    """True for a dtype: seen as one, or named so."""
    if arg.kind is not None:
        return arg.kind == "dtype"
    node = arg.node
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.endswith("dtype") or arg.text in TF_DTYPES.values()


def converted(call: CallSite, dtype: Arg) -> str:
    """A cast, unless the tensor is an integer and the dtype one too."""
    tensor = call.arg("self")
    is_whole = tensor.kind == "tensor" and tensor.dtype in INTEGERS
    if is_whole and dtype.text == "tf.int32" and not has_callers_dtype(call.engine, tensor.node):
        return tensor.text
    return f"tf.cast({tensor.text}, {dtype.text})"


@rewrites(
    RULES,
    ".to",
    args=("self", "*target", "dtype", "device", "other", "non_blocking", "copy", "memory_format"),
    dtype=None,
    rank="same",
    examples=(
        Example("a.to(torch.float32)", "tf.cast(a, tf.float32)", "a: i64[2,3]"),
        Example("a.to(dtype=torch.bool)", "tf.cast(a, tf.bool)", "a: f32[2,3]"),
        Example("a.to(b.dtype)", "tf.cast(a, b.dtype)", "a: f32[2,3], b: f64[2]"),
        Example("a.to(b)", "tf.cast(a, b.dtype)", "a: f32[2,3], b: f64[2]"),
        Example("a.to(b.device)", "a", "a: f32[2,3], b: f64[2]"),
        Example('a.to("cpu")', "a", "a: f32[2,3]"),
        Example("a.to(b.device, torch.long)", "tf.cast(a, tf.int32)", "a: f32[2,3], b: f64[2]"),
        Example("a.to(device=b.device, dtype=b.dtype)", "tf.cast(a, b.dtype)", "a: f32[2,3], b: f64[2]"),
        Example("i.to(torch.int64)", "i", "i: i64[2,3]"),
    ),
)
def to(call: CallSite) -> str | Unmapped:
    """A cast for a dtype or another tensor, nothing for a device."""
    tensor = call.arg("self")
    for target in call.varargs.get("target", []):
        if is_dtype(target):
            return converted(call, target)
        if target.kind == "tensor" or (target.kind is None and target.text in call.sliced):
            return f"tf.cast({tensor.text}, {target.atom}.dtype)"
        if not is_device(target) and target.kind not in ("none", "bool"):
            return call.refuse("TFP114", "neither a dtype nor a device is known to be meant", "write `.to(dtype=…)`")
    if call.has("dtype"):
        return converted(call, call.arg("dtype"))
    return f"tf.cast({tensor.text}, {call.arg('other').atom}.dtype)" if call.has("other") else tensor.text


@rewrites(
    RULES,
    ".tolist",
    args=("self",),
    result="list",
    safety=Safety.REVIEW,
    examples=(
        Example("i.tolist()", "tf.unstack(i)", "i: i64[3]"),
        Example("a.tolist()", "a.numpy().tolist()", "a: i64[2,3]"),
        Example("torch.linspace(0, r, n).tolist()", "np.linspace(0, r, n).tolist()", "r: 0.5, n: 3"),
    ),
)
def tolist(call: CallSite) -> str:
    """The numbers of a vector whose length is known; anything else in eager mode only."""
    tensor = call.arg("self")
    if tensor.node is not None and (array := spaced(call.engine, tensor.node)) is not None:
        return f"{array}.tolist()"
    return f"tf.unstack({tensor.text})" if tensor.rank == 1 else f"{tensor.atom}.numpy().tolist()"


#: Names of torch's typed tensors, as `Tensor.type` takes them.
_TYPES = {
    "FloatTensor": "tf.float32",
    "LongTensor": "tf.int32",
    "IntTensor": "tf.int32",
    "BoolTensor": "tf.bool",
    "HalfTensor": "tf.float16",
}


@rewrites(
    RULES,
    ".type",
    args=("self", "dtype", "non_blocking"),
    dtype=None,
    rank="same",
    examples=(
        Example("a.type(torch.float32)", "tf.cast(a, tf.float32)", "a: i64[2,3]"),
        Example('a.type("torch.LongTensor")', "tf.cast(a, tf.int32)", "a: f32[2,3]"),
    ),
)
def type(call: CallSite) -> str | Unmapped:
    """A cast; the dtype may be named after torch's typed tensors."""
    if not call.has("dtype"):
        return call.refuse("TFP102", "asks for the name of a tensor type", "compare dtypes instead")
    tensor, target = call.arg("self"), call.arg("dtype")
    name = target.constant if isinstance(target.constant, str) else target.text
    dtype = _TYPES.get(name.rsplit(".", 1)[-1])
    return f"tf.cast({tensor.text}, {dtype})" if dtype else converted(call, target)


RULES += [
    Rule(
        torch="torch.Tensor.type_as",
        args=("self", "other"),
        tf="tf.cast({self}, {other}.dtype)",
        dtype="arg:other",
        examples=(Example("i.type_as(a)", "tf.cast(i, a.dtype)", "i: i64[2,3], a: f32[2]"),),
    ),
    Rule(
        torch="torch.Tensor.numpy",
        args=("self",),
        tf="{self}.numpy()",
        result="other",
        safety=Safety.REVIEW,
        note="In eager mode only.",
        examples=(Example("a.numpy()", "a.numpy()", "a: f32[2,3]"),),
    ),
    Rule(
        torch="torch.Tensor.copy_",
        args=("self", "src", "non_blocking"),
        ignore=("non_blocking",),
        tf="tf.broadcast_to(tf.cast({src}, {self}.dtype), shape_list({self}))",
        examples=(
            Example("a.copy_(b)", "tf.broadcast_to(tf.cast(b, a.dtype), shape_list(a))", "a: f32[2,3], b: f32[3]"),
        ),
    ),
]


@rewrites(
    RULES,
    ".item",
    args=("self",),
    rank=None,
    examples=(
        Example("a.item()", "tf.reshape(a, [])", "a: f32[1,1]", witness=False),
        Example("a.item()", "a", "a: f32[]", witness=False),
    ),
)
def item(call: CallSite) -> str | Unmapped:
    """A tensor without axes: graph mode has no Python value."""
    tensor = call.arg("self")
    return tensor.text if tensor.rank == 0 else f"tf.reshape({tensor.text}, [])"


# -- facts -------------------------------------------------------------------------------------------------------------


RULES += [
    Rule(
        torch="torch.Tensor.dim",
        args=("self",),
        tf="len({self}.shape)",
        result="int",
        examples=(Example("a.dim()", "len(a.shape)", "a: f32[2,3]"),),
    ),
    Rule(
        torch="torch.Tensor.ndimension",
        args=("self",),
        tf="len({self}.shape)",
        result="int",
        examples=(Example("a.ndimension()", "len(a.shape)", "a: f32[2,3]"),),
    ),
    Rule(
        torch="torch.Tensor.is_contiguous",
        args=("self", "memory_format"),
        ignore=("self", "memory_format"),
        tf="True",
        result="bool",
        examples=(Example("a.is_contiguous()", "True", "a: f32[2,3]"),),
    ),
]
RULES.append(
    Rule(
        torch="torch.Size.numel",
        args=("self",),
        tf="tf.reduce_prod({self})",
        result="int",
        examples=(Example("a.shape[1:].numel()", "tf.reduce_prod(shape_list(a)[1:])", "a: f32[2,3,4]"),),
    )
)
RULES += both(
    "numel",
    ("input",),
    "tf.size({input})",
    result="int",
    examples=[Example("torch.numel(a)", "tf.size(a)", "a: f32[2,3]")],
)
RULES += both(
    "is_floating_point",
    ("input",),
    "{input}.dtype.is_floating",
    result="bool",
    examples=[Example("torch.is_floating_point(a)", "a.dtype.is_floating", "a: f32[2,3]")],
)
RULES += both(
    "is_complex",
    ("input",),
    "{input}.dtype.is_complex",
    result="bool",
    examples=[Example("torch.is_complex(a)", "a.dtype.is_complex", "a: f32[2,3]")],
)
RULES.append(
    Rule(
        torch="torch.view_as_real",
        args=("input",),
        tf="tf.stack([tf.math.real({input}), tf.math.imag({input})], axis=-1)",
        dtype="float32",
        rank=None,
        examples=(
            Example("torch.view_as_real(c)", "tf.stack([tf.math.real(c), tf.math.imag(c)], axis=-1)", "c: c64[3]"),
        ),
    )
)


@rewrites(
    RULES,
    "view_as_complex",
    args=("input",),
    dtype="complex64",
    examples=(Example("torch.view_as_complex(a)", "tf.complex(a[..., 0], a[..., 1])", "a: f32[3,2]"),),
)
def view_as_complex(call: CallSite) -> str | Unmapped:
    """The last axis holds the real and the imaginary part."""
    tensor = call.arg("input")
    return f"tf.complex({tensor.atom}[..., 0], {tensor.atom}[..., 1])"


for _part in ("real", "imag"):
    RULES.append(
        Rule(
            torch=f"torch.{_part}",
            args=("input",),
            tf=f"tf.math.{_part}({{input}})",
            dtype="float32",
            examples=(
                Example(
                    f"torch.{_part}(torch.complex(a, b))", f"tf.math.{_part}(tf.complex(a, b))", "a: f32[3], b: f32[3]"
                ),
            ),
        )
    )


@rewrites(
    RULES,
    ".size",
    args=("self", "dim"),
    result="size",
    examples=(
        Example("a.size(1)", "shape_list(a)[1]", "a: f32[2,3]"),
        Example("a.size(dim=-1)", "shape_list(a)[-1]", "a: f32[2,3]"),
        Example("a.size()[:-1]", "shape_list(a)[:-1]", "a: f32[2,3]"),
    ),
)
def size(call: CallSite) -> str | Unmapped:
    """A list of sizes, or one of them."""
    shape = call.shape(call.arg("self"))
    return f"{shape}[{call.text('dim')}]" if call.has("dim") else shape


@rewrites(
    RULES,
    "finfo",
    args=("type",),
    result="other",
    examples=(
        Example("torch.finfo(torch.float32).min", "tf.float32.min"),
        Example("torch.finfo(a.dtype).max", "a.dtype.max", "a: f32[2]"),
        Example("torch.finfo(torch.float32).eps", "np.finfo(tf.float32.as_numpy_dtype).eps"),
    ),
)
def finfo(call: CallSite) -> str | Unmapped:
    """TensorFlow's dtypes know their bounds; the rest is NumPy's."""
    dtype = call.arg("type").atom if call.has("type") else "tf.float32"
    parent = call.engine.parent(call.node)
    if isinstance(parent, ast.Attribute) and parent.attr in ("min", "max"):
        return dtype
    return f"{call.uses('np')}.finfo({dtype}.as_numpy_dtype)"


@rewrites(
    RULES,
    "iinfo",
    args=("type",),
    result="other",
    examples=(Example("torch.iinfo(torch.int32).max", "tf.int32.max"),),
)
def iinfo(call: CallSite) -> str | Unmapped:
    """TensorFlow's dtypes know their bounds; int64 counts as int32, as everywhere in the port."""
    return call.arg("type").atom


RULES += [
    Rule(
        torch="torch.is_tensor",
        args=("obj",),
        tf="tf.is_tensor({obj})",
        result="bool",
        examples=(Example("torch.is_tensor(a)", "tf.is_tensor(a)", "a: f32[2]"),),
    ),
    Rule(
        torch="torch.Size",
        args=("sizes",),
        tf="list({sizes})",
        result="size",
        examples=(Example("torch.Size((2, 3))", "list((2, 3))"),),
    ),
]
