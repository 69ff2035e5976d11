"""Write a PyTorch checkpoint as TensorFlow weights, tensor by tensor, then compare both models' outputs and hidden states.

`python convert_tf.py SPEC OUT`: SPEC is a JSON file (`folder`, `classes` or null, `all_heads`, `max_shard_bytes`, `memory_bytes`,
`skip_check`), OUT the folder to fill. What came of it is written to `OUT/conversion.json` (docs/guide/10-weights-and-sharing.md).
The model is never built with its weights for the writing: its variables are made in a graph that never runs, so they have
names and shapes but no storage. Source: guide.md G40; `load_pytorch_state_dict_in_tf2_model` (names) and `save_pretrained`
(file formats) of the tree at hand.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class ConversionError(Exception):
    """A checkpoint that cannot be converted; its text says why."""


@dataclass(frozen=True)
class Variable:
    """One variable of the TensorFlow model and the PyTorch tensor it holds. `size` is in bytes."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    source: str
    transpose: Any

    @property
    def size(self) -> int:
        """Bytes of the variable."""
        return int(np.prod(self.shape, dtype=np.int64)) * int(np.dtype(self.dtype).itemsize)


class Checkpoint:
    """The tensors of a folder's PyTorch checkpoint by name, in safetensors or `.bin` files, one or many. Read one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = self._files()
        self.where: dict[str, Path] = {}
        self._open: tuple[Path, Any] | None = None
        self._stack = ExitStack()
        for path in self.files:
            for name in self._names(path):
                self.where[name] = path

    def _files(self) -> list[Path]:
        for index, single in (
            ("model.safetensors.index.json", "model.safetensors"),
            ("pytorch_model.bin.index.json", "pytorch_model.bin"),
        ):
            if (self.folder / index).is_file():
                names = set(json.loads((self.folder / index).read_text(encoding="utf-8"))["weight_map"].values())
                missing = sorted(
                    name for name in names if Path(name).name != name or not (self.folder / name).is_file()
                )
                if missing:
                    raise ConversionError(f"{index} names files that are not there: {', '.join(missing[:5])}")
                return [self.folder / name for name in sorted(names)]
            if (self.folder / single).is_file():
                return [self.folder / single]
        raise ConversionError(f"{self.folder} holds neither model.safetensors nor pytorch_model.bin")

    def _handle(self, path: Path) -> Any:
        if self._open is None or self._open[0] != path:
            self._stack.close()
            if path.suffix == ".safetensors":
                from safetensors import safe_open

                handle: Any = self._stack.enter_context(safe_open(str(path), framework="pt"))
            else:
                import torch

                handle = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
            self._open = (path, handle)
        return self._open[1]

    def _names(self, path: Path) -> list[str]:
        handle = self._handle(path)
        return list(handle.keys())

    def read(self, name: str) -> NDArray[Any]:
        """The tensor's values; half precision is widened, which loses nothing."""
        handle = self._handle(self.where[name])
        tensor = handle.get_tensor(name) if hasattr(handle, "get_tensor") else handle[name]
        if tensor.is_floating_point() and tensor.element_size() < 4:
            tensor = tensor.float()
        values: NDArray[Any] = tensor.detach().numpy()
        return values

    @property
    def largest(self) -> int:
        """Bytes of the largest file."""
        return max(path.stat().st_size for path in self.files)


def blueprint(cls: Any, config: Any) -> tuple[Any, list[tuple[str, list[Any]]]]:
    """(model, [(layer's name, its variables), …]) without storage for a single value; `""` names what no layer holds."""
    import tensorflow as tf

    with tf.Graph().as_default():
        model = cls(config)
        if hasattr(model, "build_in_name_scope"):
            model.build_in_name_scope()
        else:
            model(model.dummy_inputs, training=False)
        layers = [(layer.name, [*layer.trainable_weights, *layer.non_trainable_weights]) for layer in model.layers]
        held = {id(variable) for _, variables in layers for variable in variables}
        rest = [variable for variable in model.weights if id(variable) not in held]
    return model, [*layers, *([("", rest)] if rest else [])]


def names_in(checkpoint: Mapping[str, Any], model: Any) -> tuple[dict[str, str], str]:
    """Tensor's name as TensorFlow's loader knows it → the name in the file, and the prefix the loader takes off."""
    known = {}
    for key in checkpoint:
        new = key.replace("running_var", "moving_variance").replace("running_mean", "moving_mean")
        if new == key:
            new = key.replace("gamma", "weight").replace("beta", "bias")
        parts = key.split(".")
        if parts[-3::2] in (["parametrizations", "original0"], ["parametrizations", "original1"]):
            new = ".".join([*parts[:-3], parts[-2] + ("_g" if parts[-1] == "original0" else "_v")])
        known[new] = key
    prefix = model.base_model_prefix
    return known, "" if any(name.startswith(prefix) for name in known) else f"{prefix}."


def plan(
    model: Any, layers: list[tuple[str, list[Any]]], checkpoint: Checkpoint
) -> tuple[list[tuple[str, list[Variable]]], list[str]]:
    """Each variable with its tensor, by layer, and the variables that the checkpoint has nothing for."""
    from transformers.modeling_tf_pytorch_utils import convert_tf_weight_name_to_pt_weight_name

    known, prefix = names_in(checkpoint.where, model)
    rename = getattr(model, "tf_to_pt_weight_rename", None)
    planned, missing = [], []
    for layer, variables in layers:
        rows = []
        for variable in variables:
            shape = tuple(int(size) for size in variable.shape)
            name, transpose = convert_tf_weight_name_to_pt_weight_name(
                variable.name, start_prefix_to_remove=prefix, tf_weight_shape=shape
            )
            aliases = rename(name) if rename is not None else (name,)
            found = next((alias for alias in aliases if alias in known), None)
            if found is None:
                missing.append(variable.name)
                continue
            dtype = np.dtype(variable.dtype.as_numpy_dtype).name
            rows.append(Variable(variable.name, shape, dtype, known[found], transpose))
        planned.append((layer, rows))
    return planned, missing


def values_of(variable: Variable, checkpoint: Checkpoint) -> NDArray[Any]:
    """The tensor as the variable stores it. ConversionError when the shapes do not fit."""
    from transformers.modeling_tf_pytorch_utils import apply_transpose

    values = checkpoint.read(variable.source)
    try:
        values = np.asarray(apply_transpose(variable.transpose, values, variable.shape))
    except Exception as error:
        raise ConversionError(
            f"{variable.source} {list(values.shape)} does not fit {variable.name} {list(variable.shape)}"
        ) from error
    if values.shape != variable.shape:
        raise ConversionError(
            f"{variable.source} {list(values.shape)} does not fit {variable.name} {list(variable.shape)}"
        )
    return np.ascontiguousarray(values, dtype=variable.dtype)


def shards(planned: list[tuple[str, list[Variable]]], limit: int) -> list[list[Variable]]:
    """The variables in order, cut so that no file but one with a single variable is larger than `limit` bytes."""
    found: list[list[Variable]] = [[]]
    used = 0
    for _, rows in planned:
        for variable in rows:
            if found[-1] and used + variable.size > limit:
                found.append([])
                used = 0
            found[-1].append(variable)
            used += variable.size
    return found


def write(planned: list[tuple[str, list[Variable]]], checkpoint: Checkpoint, out: Path, limit: int) -> list[str]:
    """Write `tf_model.h5`, or shards with their index; returns the files' names."""
    import h5py

    cut = shards(planned, limit)
    if len(cut) == 1:
        with h5py.File(out / "tf_model.h5", "w") as file:
            _write_layers(file, planned, checkpoint)
        return ["tf_model.h5"]
    names, weight_map = [], {}
    for number, rows in enumerate(cut, 1):
        name = f"tf_model-{number:05d}-of-{len(cut):05d}.h5"
        names.append(name)
        with h5py.File(out / name, "w") as file:
            _write_shard(file, rows, checkpoint)
        weight_map.update({variable.name: name for variable in rows})
    total = sum(variable.size for rows in cut for variable in rows)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (out / "tf_model.h5.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return [*names, "tf_model.h5.index.json"]


def _attributes(group: Any, name: str, values: list[str]) -> None:
    from transformers.modeling_tf_utils import save_attributes_to_hdf5_group

    save_attributes_to_hdf5_group(group, name, [value.encode("utf8") for value in values])


def _write_layers(file: Any, planned: list[tuple[str, list[Variable]]], checkpoint: Checkpoint) -> None:
    """Keras's own layout of a whole model."""
    _attributes(file, "layer_names", [layer for layer, _ in planned if layer])
    file.attrs["backend"] = b"tensorflow"
    file.attrs["keras_version"] = b"2.0.0"
    for layer, rows in planned:
        group = file.create_group(layer or "top_level_model_weights")
        _attributes(group, "weight_names", [variable.name for variable in rows])
        for variable in rows:
            group.create_dataset(variable.name, data=values_of(variable, checkpoint))
    if "top_level_model_weights" not in file:
        _attributes(file.create_group("top_level_model_weights"), "weight_names", [])


def _write_shard(file: Any, rows: list[Variable], checkpoint: Checkpoint) -> None:
    """The flat layout of a shard: `save_pretrained` leaves out the model's own name."""
    names = []
    for variable in sorted(rows, key=lambda row: row.name):
        plain = "model." in variable.name or "/" not in variable.name
        name = variable.name if plain else variable.name.split("/", 1)[1]
        file.create_dataset(name, data=values_of(variable, checkpoint))
        names.append(name)
    _attributes(file, "layer_names", names)


def classes(spec: Mapping[str, Any], config: Any) -> Iterator[tuple[str, str]]:
    """(PyTorch class, TensorFlow class) of every architecture to convert, the configuration's own first."""
    import transformers

    names = list(spec["classes"] or config.architectures or [])
    if spec["all_heads"]:
        auto = importlib.import_module("transformers.models.auto.modeling_tf_auto")
        tables = [value for name, value in vars(auto).items() if name.endswith("_MAPPING_NAMES")]
        heads = {head for table in tables for key, head in table.items() if key == config.model_type}
        names += sorted(head.removeprefix("TF") for head in heads if isinstance(head, str))
    if not names:
        raise ConversionError("config.json names no architecture: give --class")
    for name in dict.fromkeys(names):
        if not hasattr(transformers, f"TF{name}"):
            raise ConversionError(f"this Transformers has no TF{name}")
        yield name, f"TF{name}"


def convert(spec: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Write the weights of the first class and compare every class."""
    import transformers
    from convert_check import check

    folder = Path(spec["folder"])
    config = transformers.AutoConfig.from_pretrained(str(folder))
    pairs = list(classes(spec, config))
    checkpoint = Checkpoint(folder)
    first = getattr(transformers, pairs[0][1])
    model, layers = blueprint(first, config)
    planned, missing = plan(model, layers, checkpoint)
    if missing:
        raise ConversionError(f"the checkpoint has nothing for {', '.join(missing[:8])} of {pairs[0][1]}")
    count = sum(len(rows) for _, rows in planned)
    parameters = sum(int(np.prod(row.shape, dtype=np.int64)) for _, rows in planned for row in rows)
    del model, layers
    files = write(planned, checkpoint, out, spec["max_shard_bytes"])
    config.architectures = [pairs[0][0]]
    config.save_pretrained(str(out))
    used = {row.source for _, rows in planned for row in rows}
    report: dict[str, Any] = {
        "class": pairs[0][1],
        "files": files,
        "variables": count,
        "parameters": parameters,
        "unused": sorted(set(checkpoint.where) - used),
        "largest_shard": checkpoint.largest,
        "peak_writing": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "checks": [],
    }
    if not spec["skip_check"]:
        size = 4 * parameters
        report["checks"] = [
            check(pt, tf, folder, out, size, spec["memory_bytes"], pt == pairs[0][0]) for pt, tf in pairs
        ]
    report["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return report


def main() -> None:
    """Exit status 0 with `conversion.json` written, an error in it included."""
    import legacy_keras

    legacy_keras.prepare()
    spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out = Path(sys.argv[2])
    try:
        report = convert(spec, out)
    except (ConversionError, OSError, ValueError, KeyError) as error:
        report = {"error": f"{error}" if isinstance(error, ConversionError) else f"{type(error).__name__}: {error}"}
    (out / "conversion.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
