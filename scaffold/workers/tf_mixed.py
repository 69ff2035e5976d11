"""Whether a class trains in mixed precision, as Keras' users set it: weights in float32, computation in bfloat16.

bfloat16 and not float16: it has float32's range, so that no tiny model's random weights overflow, and a CPU has kernels for it.
Source: https://www.tensorflow.org/guide/mixed_precision.
"""

from __future__ import annotations

import copy
import re
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from legacy_keras import library_keras
from numpy.typing import NDArray
from tf_model import CheckFailed, CheckSkipped, call, copy_weights, describe, outputs

_POLICY = "mixed_bfloat16"
#: TensorFlow without a kernel for halves: the operation refuses the dtype as such, beside whatever it stands.
_NO_KERNEL = re.compile(r"No OpKernel was registered|Could not find device for node|not in the list of allowed values")


def mixed_precision(
    model: Any, inputs: Mapping[str, Any], flags: Mapping[str, Any], reference: Mapping[str, NDArray[Any]]
) -> str | None:
    """The class made anew under the policy, with the same weights, in training: it runs, and its outputs are numbers."""
    try:
        found = _halved(model, inputs, flags)
    except Exception as error:
        reason = _not_the_ports(type(model), error)
        if reason:
            raise CheckSkipped(f"{reason}: {describe(error)}") from error
        raise
    for name in sorted(found.keys() & reference.keys()):
        if found[name].shape != reference[name].shape:
            raise CheckFailed(f"{name} has the shape {found[name].shape}, in float32 {reference[name].shape}")
        if np.isfinite(_wide(reference[name])).all() and not np.isfinite(_wide(found[name])).all():
            raise CheckFailed(f"{name} is not finite")
    return None


def _halved(model: Any, inputs: Mapping[str, Any], flags: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    precision: Any = getattr(library_keras(), "mixed_precision", None)
    if not hasattr(precision, "set_global_policy"):
        raise CheckSkipped("this Keras has no policies of mixed precision")
    before = precision.global_policy()
    precision.set_global_policy(_POLICY)
    try:
        halved = type(model)(copy.deepcopy(model.config))
        call(halved, inputs, **flags)
        copy_weights(model, halved)
        found: dict[str, NDArray[Any]] = outputs(halved, inputs, **flags, training=True)
        return found
    finally:
        precision.set_global_policy(before)


def _wide(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)


def _not_the_ports(cls: Any, error: Exception) -> str:
    """What fails in place of the port, empty where it is the port: a kernel that TensorFlow lacks, or the library's own code."""
    if isinstance(error, CheckSkipped):
        raise error
    if isinstance(error, (tf.errors.NotFoundError, tf.errors.UnimplementedError)) or _NO_KERNEL.search(str(error)):
        return "TensorFlow has no kernel"
    places = [frame.filename for frame in traceback.extract_tb(error.__traceback__) if "transformers" in frame.filename]
    own = Path(f"{cls.__module__.rpartition('.')[2]}.py").name
    last = Path(places[-1]).name if places else own
    return "" if last == own else f"{last} of the library does not run"
