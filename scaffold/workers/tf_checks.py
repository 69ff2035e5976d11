"""Yes/no properties of one TensorFlow class: input formats, save and load, training flag, flexible shapes.

Source of truth: guide.md G33 and what the library's common TensorFlow tests ask of every model.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import inspect
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from legacy_keras import library_keras
from numpy.typing import NDArray
from tf_compare import arrays, compare, flatten
from tf_model import (
    CheckFailed,
    CheckSkipped,
    attempt,
    call,
    copy_weights,
    describe,
    first_argument,
    listed,
    load,
    outputs,
    same_weights,
)


@dataclass(frozen=True)
class Loaded:
    """A model with PyTorch's weights, and one case of it that agrees with PyTorch."""

    cls: Any
    model: Any
    folder: Path
    pt_class: str
    inputs: Mapping[str, Any]  # numpy arrays
    flags: Mapping[str, Any] = field(default_factory=dict)

    def tensors(self) -> dict[str, Any]:
        """The inputs as tensors."""
        return dict(tf.nest.map_structure(tf.constant, dict(self.inputs)))

    def pt_type(self) -> Any:
        """The PyTorch class."""
        module = importlib.import_module(self.cls.__module__.replace("modeling_tf_", "modeling_"))
        return getattr(module, self.pt_class)


@dataclass(frozen=True)
class Subject(Loaded):
    """The simplest case, for checks of outputs; `reference` are its eager outputs."""

    reference: dict[str, NDArray[Any]] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)  # what took time to make and serves again

    def with_dropout(self) -> Any:
        """The same model with every dropout rate at 0.5."""
        if "dropout" not in self.made:
            config = copy.deepcopy(self.model.config)
            if not raise_dropout(config):
                raise CheckSkipped("the configuration has no dropout")
            model = self.cls(config)
            call(model, self.tensors(), **self.flags)
            copy_weights(self.model, model)
            self.made["dropout"] = model
        return self.made["dropout"]

    def agree(self, found: Mapping[str, NDArray[Any]], what: str) -> None:
        """Raise CheckFailed unless the outputs are those of the keyword call."""
        bad = [entry for entry in compare(self.reference, found) if not entry["ok"]]
        if bad:
            raise CheckFailed(f"{what}: {bad[0]['tensor']} differs ({bad[0]['note']})")


def run_checks(subject: Subject) -> Iterator[dict[str, str]]:
    """All checks, cheapest first."""
    checks: dict[str, Callable[[Subject], str | None]] = {
        "input-keywords": _keywords,
        "input-dict": _dict,
        "input-list": _list,
        "input-tuple": _tuple,
        "input-numpy": _numpy,
        "input-int32": _int32,
        "return-tuple": _return_tuple,
        "inference-deterministic": _deterministic,
        "training-changes-output": _training,
        "save-load-h5": _save_h5,
        "save-load-safetensors": _save_safetensors,
        "config-round-trip": _from_config,
        "keras-functional": _functional,
        "dynamic-shapes": _dynamic,
    }
    for name, check in checks.items():
        yield attempt(name, lambda check=check: check(subject))


def _keywords(s: Subject) -> str | None:
    s.agree(outputs(s.model, s.tensors(), **s.flags, training=False), "second keyword call")
    return None


def _dict(s: Subject) -> str | None:
    s.agree(outputs_of(s.model(s.tensors(), **s.flags)), "dict")
    return None


def outputs_of(result: Any) -> dict[str, NDArray[Any]]:
    """A finished call's outputs as a flat table."""
    return dict(arrays(flatten(result)))


def _positional(s: Subject) -> tuple[list[Any], dict[str, Any]]:
    """The inputs split as a user would for a list: a run of parameters from the first one on, the others by keyword."""
    rest = s.tensors()
    leading = []
    for name in inspect.signature(s.model.call).parameters:
        if name not in rest:
            break
        leading.append(rest.pop(name))
    if not leading:
        raise CheckSkipped(f"the case has no {first_argument(s.model)}")
    return leading, rest


def _list(s: Subject) -> str | None:
    leading, rest = _positional(s)
    s.agree(outputs_of(s.model(leading, **rest, **s.flags)), "list")
    return f"{len(leading)} of {len(s.inputs)} inputs in the list"


def _tuple(s: Subject) -> str | None:
    leading, rest = _positional(s)
    s.agree(outputs_of(s.model(tuple(leading), **rest, **s.flags)), "tuple")
    return None


def _numpy(s: Subject) -> str | None:
    s.agree(outputs(s.model, s.inputs, **s.flags), "numpy arrays as keywords")
    s.agree(outputs_of(s.model(dict(s.inputs), **s.flags)), "dict of numpy arrays")
    return None


def _int32(s: Subject) -> str | None:
    cast = {k: v.astype(np.int32) if _is_int64(v) else v for k, v in s.inputs.items()}
    s.agree(outputs(s.model, tf.nest.map_structure(tf.constant, cast), **s.flags), "int32 tensors")
    return None


def _is_int64(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.int64


def _return_tuple(s: Subject) -> str | None:
    recorded = s.folder / "cases.json"
    cases = json.loads(recorded.read_text(encoding="utf-8")) if recorded.is_file() else []
    if s.folder.name == "base" and cases and "tuple" not in [case["name"] for case in cases]:
        raise CheckSkipped("PyTorch's model could not be recorded with return_dict=False")
    flags = {**s.flags, "return_dict": False}
    result = call(s.model, _inputs_of_tuple(s) or s.tensors(), **flags)
    if not isinstance(result, tuple | list):
        if inspect.getsource(type(s.model).call).count("return_dict") < 2:  # named by the signature alone
            raise CheckSkipped("the model does not read return_dict, as PyTorch's does not")
        raise CheckFailed(f"return_dict=False returns {type(result).__name__}")
    found, first = outputs_of(result), _first_shape(s)
    shape = next(iter(found.values())).shape if found else None
    if shape != first and (shape, first) != ((1,), ()):  # a loss, which may be per example in TensorFlow
        raise CheckFailed("the first item is not the first output")
    return None


def _inputs_of_tuple(s: Subject) -> dict[str, Any]:
    """The inputs that PyTorch was seen to return a tuple for; none where they are more than tensors."""
    recorded = s.folder / "tuple.npz"
    if not recorded.is_file():
        return {}
    with np.load(recorded) as table:
        names = [name.removeprefix("in/") for name in table.files if name.startswith("in/")]
        return {} if any("/" in name for name in names) else {name: tf.constant(table[f"in/{name}"]) for name in names}


def _first_shape(s: Subject) -> tuple[int, ...]:
    """The shape of the first item that PyTorch was seen to return in a tuple, else of the first output by name."""
    recorded = s.folder / "tuple.npz"
    if recorded.is_file():
        with np.load(recorded) as table:  # in the order in which they were returned
            return tuple(table[next(name for name in table.files if name.startswith("out/"))].shape)
    return tuple(next(iter(s.reference.values())).shape)


def _deterministic(s: Subject) -> str | None:
    model = s.with_dropout()
    found = outputs(model, s.tensors(), **s.flags, training=False)
    try:
        s.agree(found, "dropout at 0.5 and training=False")
    except CheckFailed:  # unless it is a rate that PyTorch computes with, trained or not
        expected = _pt_outputs(s, model.config, False)
        if all(entry["ok"] for entry in compare(s.reference, expected)):
            raise
        if any(not entry["ok"] for entry in compare(expected, found)):
            raise
        return "as PyTorch's, the outputs depend on a rate of dropout in evaluation, too"
    return None


_DRAWS = 5  # what drops whole parts of a model may draw that none is dropped


def _training(s: Subject) -> str | None:
    model = s.with_dropout()
    for _ in range(_DRAWS):
        try:
            found = outputs(model, s.tensors(), **s.flags, training=True)
        except ValueError as error:
            if (refusal := _pt_refusal(s, model.config)) and refusal in str(error):
                raise CheckSkipped(f"PyTorch refuses this case in training mode, too: {refusal}") from error
            raise
        if any(not entry["ok"] for entry in compare(s.reference, found)):
            return None
    if _pt_changes(s, model.config):
        raise CheckFailed("training=True changes nothing with every dropout at 0.5; PyTorch's output changes")
    raise CheckSkipped("PyTorch's output does not change in training mode either")


def raise_dropout(config: Any) -> int:
    """Set every dropout rate of a configuration and of those inside it to 0.5; return how many there are."""
    changed = 0
    for name, value in list(vars(config).items()):
        if "drop" in name and isinstance(value, int | float) and not isinstance(value, bool):
            setattr(config, name, 0.5)
            changed += 1
        elif hasattr(value, "to_diff_dict"):
            changed += raise_dropout(value)
    return changed


def _pt_changes(s: Subject, config: Any) -> bool:
    """Whether the PyTorch class itself answers differently in training mode: the arbiter of the training flag."""
    quiet, noisy = (_pt_outputs(s, config, mode) for mode in (False, True))
    return any(not entry["ok"] for entry in compare(quiet, noisy))


def _pt_refusal(s: Subject, config: Any) -> str:
    """What the PyTorch class's ValueError says of these inputs in training mode; empty without one."""
    try:
        _pt_outputs(s, config, True)
    except ValueError as error:
        return str(error)
    return ""


def _pt_outputs(s: Subject, config: Any, train: bool) -> dict[str, NDArray[Any]]:
    """The outputs of the PyTorch class with a configuration, in training mode or not."""
    import torch
    from pt_loading import accepted, load_pt

    torch.manual_seed(0)
    model = load_pt(s.pt_type(), s.folder, config)
    inputs = tf.nest.map_structure(torch.from_numpy, dict(s.inputs))
    with torch.no_grad():
        result = model.train(train)(**inputs, **accepted(model, {**s.flags, "return_dict": True}))
    return {name: value.numpy() for name, value in _tensors(result).items()}


def _tensors(result: Any) -> dict[str, Any]:
    return {k: v for k, v in flatten(result).items() if hasattr(v, "numpy")}


def _round_trip(s: Subject, safe: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        s.model.save_pretrained(folder, safe_serialization=safe)
        again, info = load(s.cls, Path(folder))
    # The .h5 format lists layers, and those without weights (a dropout) carry a number that counts instances.
    empty = {layer.name for model in (s.model, again) for layer in model.layers if not layer.weights}
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        odd = [str(key) for key in info[kind] if key not in empty]
        if odd:
            raise CheckFailed(f"{kind.replace('_', ' ')}: {listed(odd)}")
    same_weights(s.model, again)
    s.agree(outputs(again, s.tensors(), **s.flags, training=False), "after saving and loading")


def _save_h5(s: Subject) -> str | None:
    _round_trip(s, safe=False)
    return None


def _save_safetensors(s: Subject) -> str | None:
    _round_trip(s, safe=True)
    return None


def _from_config(s: Subject) -> str | None:
    try:
        type(s.model.config).from_dict(s.model.config.to_dict())
    except Exception as error:
        raise CheckSkipped(f"the configuration itself cannot be rebuilt: {describe(error)}") from error
    again = s.cls.from_config(s.model.get_config())
    # What weights drawn anew decide may be impossible (a code beyond a small vocabulary); the layers are built all the same.
    with contextlib.suppress(tf.errors.InvalidArgumentError):
        call(again, s.tensors(), **s.flags)
    copy_weights(s.model, again)
    s.agree(outputs(again, s.tensors(), **s.flags, training=False), "from_config(get_config())")
    return None


def _functional(s: Subject) -> str | None:
    flat = {name: value for name, value in s.tensors().items() if tf.is_tensor(value)}
    if len(flat) != len(s.inputs):
        raise CheckSkipped("the case has nested inputs")
    signature = getattr(s.model, "input_signature", None) or {}
    shapes = {}
    for name, value in flat.items():
        spec: Any = signature.get(name, value)
        shapes[name] = (spec if spec.shape.is_compatible_with(value.shape) else value).shape[1:]
    known = {name: value.shape[1:] for name, value in flat.items()}
    batch = {name: int(value.shape[0]) for name, value in flat.items()} if _takes_lists(s) else {}
    return _open_or_known(lambda given: _as_functional(s, flat, given, batch), shapes, known)


def _takes_lists(s: Subject) -> bool:
    """True for a model whose input is a list of images: the batch is the length of a Python list."""
    parameters = inspect.signature(type(s.model).call).parameters
    return any(str(parameters[n].annotation).lower().startswith("list[") for n in s.inputs if n in parameters)


def _open_or_known(check: Callable[[Any], None], unknown: Any, known: Any) -> str | None:
    """The check with unknown lengths; where those cannot be traced, with the case's own, and the reason why."""
    try:
        check(unknown)
    except CheckFailed:
        raise
    except Exception as error:
        check(known)
        return f"with known lengths only: {describe(error)}"
    return None


def _as_functional(s: Subject, flat: Mapping[str, Any], shapes: Mapping[str, Any], batch: Mapping[str, int]) -> None:
    keras = library_keras()
    symbolic = {}
    for name, value in flat.items():
        dtype = tf.int32 if value.dtype == tf.int64 else value.dtype
        symbolic[name] = keras.Input(shapes[name], batch_size=batch.get(name), dtype=dtype, name=name)
    result = s.model(symbolic, **s.flags)
    first = next(iter(flatten(result).values()))
    model = keras.Model(inputs=symbolic, outputs=first)
    found = model({k: tf.cast(v, tf.int32) if v.dtype == tf.int64 else v for k, v in flat.items()})
    name, reference = next(iter(s.reference.items()))
    bad = [entry for entry in compare({name: reference}, {name: found.numpy()}) if not entry["ok"]]
    if bad:
        raise CheckFailed(f"{name} differs ({bad[0]['note']})")


def _dynamic(s: Subject) -> str | None:
    tensors = s.tensors()

    def check(specs: Any) -> None:
        function = tf.function(lambda inputs: call(s.model, inputs, **s.flags, training=False), input_signature=[specs])
        s.made["graph"] = outputs_of(function(tensors))
        s.agree(s.made["graph"], "unknown dimensions")

    batch = (lambda t: t.shape[:1]) if _takes_lists(s) else (lambda t: [None])
    known = tf.nest.map_structure(
        lambda t: tf.TensorSpec([*batch(t), *t.shape[1:]] if t.shape.rank else [], t.dtype), tensors
    )
    return _open_or_known(check, tf.nest.map_structure(_open_shape, tensors), known)


def _open_shape(tensor: Any) -> Any:
    """Unknown batch for every tensor, and unknown lengths for integer ones (token ids, masks)."""
    if tensor.dtype.is_integer:
        return tf.TensorSpec([None] * tensor.shape.rank, tensor.dtype)
    return tf.TensorSpec([None, *tensor.shape[1:]] if tensor.shape.rank else [], tensor.dtype)
