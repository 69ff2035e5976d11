"""How one TensorFlow class trains: its gradients against PyTorch's, and one step of Keras' `fit`.

Gradients are compared without a table of names. PyTorch's gradients take the places of the weights they belong to, are saved,
and are loaded by the library's own `from_pt`: each variable of the model so loaded holds the gradient expected of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from legacy_keras import library_keras
from numpy.typing import NDArray
from tf_checks import Loaded
from tf_compare import flatten, is_loss
from tf_model import CheckFailed, CheckSkipped, attempt, call, listed, load

GRADIENT_TOLERANCE = 1e-4  # of a gradient's largest element, absolute where that is below 1
_ANY = float("nan")  # in place of an expected gradient: not compared


def run_training_checks(loaded: Loaded, traced: bool) -> Iterator[dict[str, str]]:
    """`gradients` and `fit`, on a case with labels where one agrees with PyTorch.

    `traced`: `fit` in graph mode, as users run it, which takes seconds; otherwise eagerly.
    """
    yield attempt("gradients", lambda: _where_there_are_gradients(lambda: _gradients(loaded)))
    yield attempt("fit", lambda: _where_there_are_gradients(lambda: _fit(loaded, traced)))


def _where_there_are_gradients(check: Callable[[], str]) -> str:
    try:
        return check()
    except tf.errors.InvalidArgumentError as error:
        if "Gradients for grouped convolutions are not supported on CPU" in str(error):
            raise CheckSkipped("TensorFlow has no gradient of a grouped convolution on a processor") from error
        raise


def _gradients(t: Loaded) -> str:
    """Every trainable weight's gradient of one number: the loss plus all other outputs, each element times a fixed factor."""
    expected, shapes = _pt_gradients(t)
    variables = {_key(v): v for v in t.model.weights}
    trained = {_key(v) for v in t.model.trainable_variables}
    if set(variables) != set(expected):
        raise CheckFailed(f"weights differ after loading gradients: {listed(sorted(set(variables) ^ set(expected)))}")
    with tf.GradientTape() as tape:
        results = flatten(call(t.model, t.tensors(), **t.flags, training=False))
        terms = {
            path: tf.reduce_mean(value) if is_loss(path) else tf.reduce_sum(value * _factors(value.shape))
            for path, value in results.items()
            if path in shapes and (is_loss(path) or tuple(value.shape) == shapes[path])
        }
        if len(terms) != len(shapes):
            missing = [path for path in shapes if path not in terms]
            raise CheckFailed(f"no such output, or not of PyTorch's shape: {listed(missing)}")
        total = tf.add_n(list(terms.values()))
    watched = [variables[name] for name in sorted(trained)]
    found = dict(zip(sorted(trained), tape.gradient(total, watched), strict=True))
    problems: dict[str, str] = {}
    differences: dict[str, float] = {}
    for name, reference in sorted(expected.items()):
        if np.isnan(reference).all():
            continue
        if name not in trained:
            problems |= {name: "does not train"} if np.nan_to_num(reference).any() else {}
            continue
        gradient = found[name]
        array = np.zeros_like(reference) if gradient is None else tf.convert_to_tensor(gradient).numpy()
        differences[name] = _difference(reference, array)
        if not differences[name] <= GRADIENT_TOLERANCE:
            none = " (TensorFlow has none)" if gradient is None else ""
            problems[name] = f"differs by {differences[name]:.1e}{none}"
    rounded = _rounded(t, expected, {name: differences[name] for name in problems if name in differences})
    problems = {name: text for name, text in problems.items() if name not in rounded}
    if problems:
        told = listed(f"{name} {text}" for name, text in problems.items())
        raise CheckFailed(f"{len(problems)} of {len(expected)} weights: {told}")
    worst = max((value for name, value in differences.items() if name not in rounded), default=0.0)
    notes = f"; as inexact as PyTorch's own, by its float64: {listed(rounded.values())}" if rounded else ""
    return f"{len(trained)} weights, worst {worst:.1e}{notes}"


def _rounded(t: Loaded, expected: Mapping[str, NDArray[Any]], differences: Mapping[str, float]) -> dict[str, str]:
    """The gradients that differ no more than twice what PyTorch's own float32 differs from its float64.

    A sum that cancels (a key's bias before a softmax has no gradient at all) is rounding in both frameworks.
    """
    if not differences:
        return {}
    try:
        exact, _ = _pt_gradients(t, double=True)
    except Exception:  # a model whose code names float32 has no float64 to ask
        return {}
    own = {name: _difference(expected[name], exact[name]) for name in differences if name in exact}
    return {
        name: f"{name} differs by {differences[name]:.1e}, PyTorch by {own[name]:.1e}"
        for name in own
        if differences[name] <= 2 * own[name]
    }


def _difference(reference: NDArray[Any], array: NDArray[Any]) -> float:
    compared = ~np.isnan(reference)
    scale = max(1.0, float(np.abs(reference[compared]).max(initial=0.0)))
    return float(np.abs(np.where(compared, array - np.nan_to_num(reference), 0.0)).max(initial=0.0)) / scale


def _key(variable: Any) -> str:
    """A variable's name without the first level, which counts instances."""
    return str(variable.name.partition("/")[2] or variable.name)


def _factors(shape: Any) -> NDArray[Any]:
    """Fixed numbers between -1 and 1: with equal ones, the gradient of a softmax or of a normalisation would vanish."""
    factors: NDArray[Any] = np.cos(np.arange(int(np.prod(shape)), dtype=np.float32) * np.float32(0.7))
    return factors.reshape(tuple(shape))


def _pt_gradients(t: Loaded, *, double: bool = False) -> tuple[dict[str, NDArray[Any]], dict[str, tuple[int, ...]]]:
    """PyTorch's gradients by TensorFlow's variable names, and the outputs they were taken of with their shapes.

    With `double`, computed in float64 and then rounded.
    """
    import torch
    from pt_loading import accepted, load_pt

    pt_class = t.pt_type()
    config = pt_class.config_class.from_pretrained(str(t.folder))
    for part in (config, *vars(config).values()):  # the kernel that was translated: others have gradients of their own
        if hasattr(part, "to_dict") and hasattr(part, "model_type"):
            part._attn_implementation = "eager"
    model = load_pt(pt_class, t.folder / "bin", config).eval()
    inputs = tf.nest.map_structure(torch.from_numpy, dict(t.inputs))
    if double:
        model = model.double()
        inputs = tf.nest.map_structure(lambda x: x.double() if x.is_floating_point() else x, inputs)
    torch.manual_seed(0)
    with torch.enable_grad():
        results = flatten(model(**inputs, **accepted(model, t.flags)))
        usable = {
            path: value
            for path, value in results.items()
            if isinstance(value, torch.Tensor) and value.requires_grad and value.is_floating_point()
        }
        if not usable:
            raise CheckSkipped("no output of PyTorch's has a gradient")
        terms = [
            v.mean() if is_loss(path) else (v * torch.from_numpy(_factors(v.shape)).to(v.dtype)).sum()
            for path, v in usable.items()
        ]
        torch.stack(terms).sum().backward()
    with torch.no_grad():
        for parameter in model.parameters():
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            parameter.copy_(gradient if parameter.requires_grad else torch.full_like(parameter, _ANY))
        for buffer in model.buffers():  # running statistics: weights to TensorFlow, but none that train
            if buffer.is_floating_point():
                buffer.fill_(_ANY)
        for layer in model.modules():  # PyTorch keeps the padding token's row as it is, TensorFlow's embeddings do not
            if isinstance(layer, torch.nn.Embedding) and layer.padding_idx is not None:
                layer.weight[layer.padding_idx] = _ANY
    with tempfile.TemporaryDirectory() as folder:
        model.float().save_pretrained(folder, safe_serialization=True)
        loaded, _ = load(t.cls, Path(folder), from_pt=True)
    return {_key(v): v.numpy() for v in loaded.weights}, {path: tuple(v.shape) for path, v in usable.items()}


def _fit(t: Loaded, traced: bool) -> str:
    """One step of SGD on the case's batch: the loss is a number and a weight moves."""
    label_names = [name for name in t.inputs if "label" in name or name in ("start_positions", "end_positions")]
    if not label_names:
        raise CheckSkipped("no case with labels")
    if any(not isinstance(value, np.ndarray) for value in t.inputs.values()):
        raise CheckSkipped("Keras cannot batch nested inputs")
    lengths = {len(value) if value.ndim else None for value in t.inputs.values()}
    if len(lengths) != 1 or None in lengths:
        raise CheckSkipped("Keras cannot batch inputs of unlike lengths")
    if len(label_names) > 1 and not set(label_names) & set(t.model.get_label_to_output_name_mapping()):
        raise CheckSkipped(f"the library's train_step wants an output for each of {', '.join(label_names)}")
    recorded = _recorded_loss(t)
    if recorded is None:
        raise CheckSkipped("PyTorch's class takes labels and computes no loss")
    model, _ = load(t.cls, t.folder, from_pt=True)
    model.compile(optimizer=library_keras().optimizers.SGD(0.01), run_eagerly=not traced)
    before = [variable.numpy() for variable in model.trainable_variables]
    history = model.fit(dict(t.inputs), epochs=1, batch_size=lengths.pop(), verbose=0)
    loss = float(np.ravel(history.history["loss"])[0])
    if not np.isfinite(loss):
        if not np.isfinite(recorded):
            raise CheckSkipped(f"PyTorch's loss of these labels is {loss}, too")
        raise CheckFailed(f"the loss is {loss}")
    if all(np.array_equal(v.numpy(), old) for v, old in zip(model.trainable_variables, before, strict=True)):
        raise CheckFailed("no weight changed")
    return f"loss {loss:.4g}{'' if traced else ', eagerly'}"


def _recorded_loss(t: Loaded) -> float | None:
    """PyTorch's loss of the case with labels; None where it returned none."""
    path = t.folder / "labels.npz"
    if not path.is_file():
        return None
    with np.load(path) as table:
        return float(np.max(np.abs(table["out/loss"]))) if "out/loss" in table.files else None
