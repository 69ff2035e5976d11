"""Names of torch that are not called, and attributes of tensors.

Source: torch's documentation, "Tensor Attributes". All integers that count or index are int32 in the ports.
"""

from __future__ import annotations

from scaffold.translate.callsite import TF_DTYPES
from scaffold.translate.rule import AttributeRule

#: Other spellings of dtypes.
_ALIASES = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "long": "int64",
    "int": "int32",
    "short": "int16",
    "cfloat": "complex64",
}

RULES = [
    AttributeRule(
        torch=f"torch.{name}", tf=TF_DTYPES[_ALIASES.get(name, name)], result="dtype", dtype=_ALIASES.get(name, name)
    )
    for name in (*TF_DTYPES, *_ALIASES)
]
RULES += [
    AttributeRule(torch="torch.pi", tf="math.pi", result="float", uses=("math",)),
    AttributeRule(torch="torch.e", tf="math.e", result="float", uses=("math",)),
    AttributeRule(torch="torch.inf", tf="math.inf", result="float", uses=("math",)),
    AttributeRule(torch="torch.nan", tf="math.nan", result="float", uses=("math",)),
    AttributeRule(torch="torch.newaxis", tf="None", result="none"),
]
RULES += [
    AttributeRule(torch=f"torch.{name}", tf="None", note="TensorFlow chooses memory formats itself.")
    for name in (
        "contiguous_format",
        "preserve_format",
        "legacy_contiguous_format",
        "channels_last",
        "channels_last_3d",
        "strided",
    )
]
RULES += [
    AttributeRule(torch="torch.dtype", tf="tf.DType", result="type", note="As an annotation."),
    AttributeRule(torch="torch.Tensor.shape", tf="shape_list({self})", result="size", uses=("shape_list",)),
    AttributeRule(torch="torch.Tensor.ndim", tf="len({self}.shape)", result="int"),
    AttributeRule(torch="torch.Tensor.dtype", tf="{self}.dtype", result="dtype"),
    AttributeRule(
        torch="torch.Tensor.data", tf="tf.stop_gradient({self})", result="tensor", dtype="same", note="Does not train."
    ),
    AttributeRule(torch="torch.Tensor.T", tf="tf.transpose({self})", result="tensor", dtype="same"),
    AttributeRule(torch="torch.Tensor.H", tf="tf.linalg.adjoint({self})", result="tensor", dtype="same"),
    AttributeRule(torch="torch.Tensor.mT", tf="tf.linalg.matrix_transpose({self})", result="tensor", dtype="same"),
    AttributeRule(torch="torch.Tensor.real", tf="tf.math.real({self})", result="tensor"),
    AttributeRule(torch="torch.Tensor.imag", tf="tf.math.imag({self})", result="tensor"),
    AttributeRule(torch="torch.Tensor.device", tf="None", result="device", note="Devices have no meaning in the port."),
    AttributeRule(torch="torch.Tensor.requires_grad", tf="False", result="bool"),
    AttributeRule(torch="torch.Tensor.is_cuda", tf="False", result="bool"),
]
