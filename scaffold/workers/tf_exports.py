"""One case of a TensorFlow model through what it is exported to: a SavedModel, or TensorFlow Lite.

Both ways are the library's users': `save_pretrained(saved_model=True)` with its `serving_default` signature, and the converter on
a concrete function. A SavedModel serves only what `serving_output` lets through, so only that is compared.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tf_cases import Case
from tf_compare import TOLERANCE, arrays, compare, flatten
from tf_model import call

#: By mode: what TensorFlow Lite's kernels compute differs in rounding from TensorFlow's.
TOLERANCES = {"savedmodel": TOLERANCE, "tflite": 1e-4}


class NotExported(Exception):
    """The case cannot be put to this format; the text is the reason."""


def exported(model: Any, mode: str, inputs: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Outputs by path of one case (numpy arrays) after the model went through the format; NotExported with the reason."""
    if any(not isinstance(value, np.ndarray) for value in inputs.values()):
        raise NotExported("an export takes no nested inputs")
    return _as_saved_model(model, inputs) if mode == "savedmodel" else _as_lite(model, inputs, options)


def candidates(model: Any, mode: str, cases: Sequence[Case]) -> Iterator[Case]:
    """The cases to try in this order until one can be put to the format; those with empty tensors last.

    The last one for a SavedModel has just the inputs of its signature, each as some case has it. PyTorch was not seen with these
    together: what is expected then is what the model itself returns, which agrees with PyTorch in other cases. What it draws at
    random is no case.
    """
    yield from sorted(cases, key=lambda case: any(value.size == 0 for value in case.expected.values()))
    inputs = _of_signature(model, cases) if mode == "savedmodel" and cases else {}
    if not inputs:
        return
    try:
        expected, again = (dict(arrays(flatten(call(model, inputs, training=False)))) for _ in range(2))
    except Exception:  # inputs that do not go together, which no case has had so
        return
    if not all(entry["ok"] for entry in compare(expected, again, TOLERANCE)):
        return
    yield Case("base/signature", "forward", {}, {}, inputs, expected, passed=True)


def _of_signature(model: Any, cases: Sequence[Case]) -> dict[str, NDArray[Any]]:
    """An array for each name of the signature, most of them of one case, of one batch and one length; empty without them."""
    names = sorted(_signature(model).structured_input_signature[1])
    for best in sorted(cases, key=lambda case: -len(case.inputs.keys() & set(names))):
        found: dict[str, NDArray[Any]] = {}
        for name, value in ((name, case.inputs.get(name)) for case in (best, *cases) for name in names):
            if name not in found and isinstance(value, np.ndarray) and all(_fits(value, v) for v in found.values()):
                found[name] = value
        if len(found) == len(names):
            return {name: found[name] for name in names}
    return {}


def _fits(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.shape[:1] == other.shape[:1] and (one.ndim != 2 or other.ndim != 2 or one.shape == other.shape)


def _as_saved_model(model: Any, inputs: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    signature = _signature(model)
    specs = signature.structured_input_signature[1]
    if set(specs) != set(inputs):
        raise NotExported(f"its signature takes {', '.join(sorted(specs))}; the case has {', '.join(sorted(inputs))}")
    for name, spec in specs.items():
        if not spec.shape.is_compatible_with(inputs[name].shape):
            raise NotExported(f"its signature takes {name} of shape {spec.shape}; the case has {inputs[name].shape}")
    given = {name: tf.cast(inputs[name], spec.dtype) for name, spec in specs.items()}
    return dict(arrays(flatten(signature(**given))))


def by_path(served: Mapping[str, NDArray[Any]], expected: Iterable[str]) -> dict[str, NDArray[Any]]:
    """What a SavedModel served, under the paths of a case's outputs as far as these are there.

    It serves single tensors: a tuple's are stacked in one (`TFPreTrainedModel.serving_output`), or those of one number
    (`feature_maps_1`), stacked over the layers (`past_key_values_1`).
    """
    found: dict[str, NDArray[Any]] = {}
    for path in expected:
        name, *numbers = path.split("/")
        places = tuple(int(number) for number in numbers if number.isdigit())
        for key, place in ((name, places), (f"{name}_{numbers[-1]}", places[:-1])) if numbers else ((name, ()),):
            if key in served and len(places) == len(numbers):
                found[path] = served[key][place]
    return found


def _signature(model: Any) -> Any:
    return _saved(model).signatures["serving_default"]


@lru_cache(maxsize=1)  # a model's cases come one after the other until one fits the signature
def _saved(model: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, saved_model=True)
        return tf.saved_model.load(str(Path(folder) / "saved_model" / "1"))


def _as_lite(model: Any, inputs: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    paths: list[str] = []

    def function(**tensors: Any) -> dict[str, Any]:
        found = flatten(call(model, tensors, **options, training=False))
        paths[:] = list(found)
        return {_output(number): tf.identity(leaf) for number, leaf in enumerate(found.values())}

    given = {name: value.astype(np.int32) if value.dtype == np.int64 else value for name, value in inputs.items()}
    specs = {name: tf.TensorSpec(value.shape, value.dtype, name) for name, value in given.items()}
    concrete = tf.function(function).get_concrete_function(**specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert(), num_threads=1)
    if interpreter.get_signature_list():
        results = interpreter.get_signature_runner("serving_default")(**given)
        return {path: np.asarray(results[_output(number)]) for number, path in enumerate(paths)}
    return dict(zip(paths, _by_position(interpreter, given), strict=True))


def _output(number: int) -> str:
    return f"output_{number:04}"  # a graph has them by name


def _by_position(interpreter: Any, given: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """Of a model that the converter had to take as a graph, since it cannot be saved as a SavedModel."""
    interpreter.allocate_tensors()
    for entry in interpreter.get_input_details():
        interpreter.set_tensor(entry["index"], given[entry["name"].partition(":")[0]])
    interpreter.invoke()
    return [np.asarray(interpreter.get_tensor(entry["index"])) for entry in interpreter.get_output_details()]
