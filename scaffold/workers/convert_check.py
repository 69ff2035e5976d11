"""Compare a converted checkpoint with PyTorch: outputs and hidden states, on inputs made from the checkpoint's own processors.

A model that does not fit into memory twice is compared with as many of its first layers as fit; the report says how many.
Source: guide.md G40 and G41; the limit is `|tf − pt| ≤ max_error · max(1, |pt|)`, so what is reported is that quotient.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tf_compare import arrays, flatten
from tf_model import describe

#: Attributes that count layers, in the order in which configurations use them.
_DEPTHS = (
    "num_hidden_layers",
    "num_layers",
    "n_layer",
    "n_layers",
    "encoder_layers",
    "decoder_layers",
    "num_decoder_layers",
)
_TEXT = ["The quick brown fox jumps over the lazy dog.", "Attention is all you need, and a good tokenizer."]
#: What a comparison needs beyond the two models: activations, the frameworks themselves.
_OVERHEAD = 1 << 30


def check(pt_name: str, tf_name: str, folder: Path, out: Path, size: int, memory: int, stored: bool) -> dict[str, Any]:
    """One class's comparison. `size` is the model in bytes, `stored` whether `out` holds this class's own weights."""
    row: dict[str, Any] = {"pt_class": pt_name, "tf_class": tf_name, "depth": None, "inputs": [], "error": None}
    try:
        _check(row, folder, out, size, memory, stored)
    except Exception as error:  # the report of a check, whatever the library raises
        row["error"] = describe(error)
    gc.collect()
    return row


def _check(row: dict[str, Any], folder: Path, out: Path, size: int, memory: int, stored: bool) -> None:
    import transformers

    config = transformers.AutoConfig.from_pretrained(str(folder))
    if 2 * size + _OVERHEAD > memory:
        row["depth"] = shortened(config, size, memory)
        if row["depth"] is None:
            row["error"] = "too large for the memory, and its layers cannot be left out: not compared"
            return
    pt = _load_pt(getattr(transformers, row["pt_class"]), folder, config)
    tf = _load_tf(getattr(transformers, row["tf_class"]), pt, out, config, row, stored)
    for name, inputs in inputs_of(tf, folder):
        ours = run_tf(tf, inputs)
        theirs = run_pt(pt, inputs)
        row["inputs"].append({"name": name, **compare(ours, theirs)})


def shortened(config: Any, size: int, memory: int) -> dict[str, int] | None:
    """Cut the configuration's layers until two models fit, in proportion; None when it has none to cut."""
    names = [name for name in _DEPTHS if isinstance(getattr(config, name, None), int) and getattr(config, name) > 1]
    if not names:
        return None
    share = max(0.0, (memory - _OVERHEAD) / (2.0 * size))
    kept = {}
    for name in names:
        kept[name] = max(1, int(getattr(config, name) * share * 0.8))
    for name, depth in kept.items():
        setattr(config, name, depth)
    return kept


def _load_pt(cls: Any, folder: Path, config: Any) -> Any:
    import torch

    model = cls.from_pretrained(str(folder), config=config, torch_dtype=torch.float32)
    return model.eval()


def _load_tf(cls: Any, pt: Any, out: Path, config: Any, row: dict[str, Any], stored: bool) -> Any:
    """The class from the converted file; heads that the checkpoint lacks get PyTorch's (random) values."""
    from transformers.modeling_tf_pytorch_utils import load_pytorch_model_in_tf2_model

    if not stored:
        model = cls(config)
        return load_pytorch_model_in_tf2_model(model, pt)
    model, info = cls.from_pretrained(str(out), config=config, output_loading_info=True)
    row["missing"] = sorted(info["missing_keys"])
    if row["missing"]:
        raise ValueError(f"the converted file lacks {', '.join(row['missing'][:5])}")
    return model


def inputs_of(model: Any, folder: Path) -> Iterator[tuple[str, dict[str, NDArray[Any]]]]:
    """(name, inputs) of the cases: random numbers of the signature's kinds, and what the checkpoint's processors make."""
    random = random_inputs(model)
    yield "random", random
    real = processed_inputs(model, folder)
    if real:
        completed = {name: value for name, value in random.items() if name.startswith("decoder_input_ids")}
        yield "processed", {**completed, **real}


def random_inputs(model: Any) -> dict[str, NDArray[Any]]:
    """Inputs of the model's own dummies' names, longer: token ids below the vocabulary's size, a padded mask, noise."""
    generator = np.random.default_rng(0)
    text = getattr(model.config, "get_text_config", lambda: model.config)()
    vocabulary = getattr(text, "vocab_size", None) or getattr(model.config, "vocab_size", 100)
    found: dict[str, NDArray[Any]] = {}
    for name, dummy in model.dummy_inputs.items():
        shape, dtype = list(dummy.shape), dummy.dtype.as_numpy_dtype
        if name.endswith("input_ids"):
            shape = [*shape[:-2], 2, 16] if len(shape) > 1 else shape
            found[name] = generator.integers(1, vocabulary, shape).astype(dtype)
        elif np.issubdtype(dtype, np.floating):
            shape[0] = 2
            found[name] = generator.standard_normal(shape).astype(dtype)
    ids = found.get("input_ids")
    if ids is not None and "attention_mask" in model.dummy_inputs:
        mask = np.ones(ids.shape, dtype=model.dummy_inputs["attention_mask"].dtype.as_numpy_dtype)
        mask[1, -4:] = 0
        found["attention_mask"] = mask
    rest = {name: value.numpy() for name, value in model.dummy_inputs.items() if name not in found}
    return {**found, **{name: value for name, value in rest.items() if value.shape[:1] == (2,) and ids is None}}


def processed_inputs(model: Any, folder: Path) -> dict[str, NDArray[Any]]:
    """Two sentences, two drawn pictures or two tones through the folder's own processors; empty without one that fits."""
    import transformers

    makers: Mapping[str, tuple[Any, Any, dict[str, Any]]] = {
        "input_ids": (transformers.AutoTokenizer, _TEXT, {"padding": True}),
        "pixel_values": (transformers.AutoImageProcessor, _pictures(), {}),
        "input_values": (transformers.AutoFeatureExtractor, _tones(), {"sampling_rate": 16000, "padding": True}),
        "input_features": (transformers.AutoFeatureExtractor, _tones(), {"sampling_rate": 16000}),
    }
    found: dict[str, NDArray[Any]] = {}
    for name in [model.main_input_name, *model.dummy_inputs]:
        if name in makers and name not in found:
            maker, data, options = makers[name]
            try:
                made = maker.from_pretrained(str(folder))(data, return_tensors="np", **options)
            except Exception:  # the folder has no such processor, or one that needs more than this
                continue
            found.update({key: value for key, value in dict(made).items() if key in _parameters(model)})
    return found


def _parameters(model: Any) -> set[str]:
    import inspect

    return set(inspect.signature(model.call).parameters)


def _pictures() -> list[NDArray[np.uint8]]:
    """Two pictures with an edge, a gradient and a disc."""
    y, x = np.mgrid[0:240, 0:320]
    disc = ((x - 160) ** 2 + (y - 120) ** 2 < 60**2).astype(np.float64)
    first = np.stack([x / 320 * 255, y / 240 * 255, disc * 255], axis=-1)
    return [first.astype(np.uint8), first[:, ::-1].astype(np.uint8)]


def _tones() -> list[NDArray[np.float32]]:
    seconds = np.arange(16000) / 16000
    return [np.sin(2 * np.pi * pitch * seconds * (1 + seconds)).astype(np.float32) for pitch in (220.0, 330.0)]


def _hidden(model: Any, call: Any) -> dict[str, bool]:
    import inspect

    return {"output_hidden_states": True} if "output_hidden_states" in inspect.signature(call).parameters else {}


def run_tf(model: Any, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """TensorFlow's outputs by path."""
    import tensorflow as tf

    given = {name: tf.constant(value) for name, value in inputs.items()}
    return dict(arrays(flatten(model(given, training=False, **_hidden(model, model.call)))))


def run_pt(model: Any, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """PyTorch's outputs by the same paths; integers are widened as it wants them."""
    import torch

    given = {
        name: torch.tensor(value.astype(np.int64) if np.issubdtype(value.dtype, np.integer) else value)
        for name, value in inputs.items()
    }
    with torch.no_grad():
        result = model(**given, **_hidden(model, model.forward))
    return dict(arrays(flatten(result)))


def compare(ours: Mapping[str, NDArray[Any]], theirs: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Worst scaled difference of the outputs and of the hidden states, and what could not be compared."""
    result: dict[str, Any] = {"outputs": None, "hidden_states": None, "worst": None, "absent": [], "compared": 0}
    for path, expected in theirs.items():
        if not np.issubdtype(expected.dtype, np.floating):
            continue
        got = ours.get(path)
        if got is None or got.shape != expected.shape:
            if "past_key_values" not in path:
                result["absent"].append(path)
            continue
        error = np.abs(got.astype(np.float64) - expected) / np.maximum(1.0, np.abs(expected))
        worst = float(np.nan_to_num(error, nan=np.inf).max()) if error.size else 0.0
        kind = "hidden_states" if path.partition("/")[0].endswith("hidden_states") and "/" in path else "outputs"
        if worst > max(result["outputs"] or -1.0, result["hidden_states"] or -1.0):
            result["worst"] = path
        result[kind] = max(worst, result[kind] or 0.0)
        result["compared"] += 1
    if not result["compared"]:
        raise ValueError("no output could be compared")
    return result
