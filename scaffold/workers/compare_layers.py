"""Try on one layer what is known to be set wrongly: its weights, its epsilon, its padding, whether it trains; by mending it.

A setting is changed on the layer itself, the layer runs on PyTorch's inputs again, and the setting is put back. What mends the
layer is the cause; nothing is concluded from looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from compare_alone import Session, output_pairs, worst
from compare_arrays import TOLERANCE, difference
from compare_finding import Finding
from compare_record import Call, leaves, portable
from compare_tree import as_keras, sublayers

_EPSILONS = ("eps", "epsilon", "variance_epsilon", "layer_norm_eps", "norm_eps")
_LISTED = 3


def mend(session: Session, pt: Call, tf: Call, state: Mapping[str, Any]) -> list[Finding]:
    """Findings for the layer of one call, best first."""
    before = session.again(pt, tf)
    found: list[Finding] = []
    for test in (_weights, _epsilon, _training, _convolution, _bias):
        try:
            found += test(session, pt, tf, state, before)
        except Exception:  # a layer that cannot be mended this way
            continue
    return sorted(found, key=lambda f: -f.explained)


def _share(before: float, after: float) -> float:
    """The part of an error that is gone; rounding that stays is no error."""
    if after <= TOLERANCE:
        return 1.0
    return 0.0 if not np.isfinite(after) or not np.isfinite(before) else max(0.0, 1.0 - after / before)


@contextmanager
def _changed(owner: Any, **values: Any) -> Iterator[None]:
    old = {name: getattr(owner, name) for name in values}
    try:
        for name, value in values.items():
            object.__setattr__(owner, name, value)
        yield
    finally:
        for name, value in old.items():
            object.__setattr__(owner, name, value)


def own_variables(layer: Any) -> list[Any]:
    """The variables of a layer that are not those of layers in it."""
    inner = {id(w) for _, _, child in sublayers(layer) for w in child.weights}
    return [w for w in layer.weights if id(w) not in inner]


def _local(pt: Call, name: str) -> Any:
    """The parameter or buffer of PyTorch's module that a variable of this (PyTorch) name stands for."""
    value: Any = pt.owner
    for part in name.removeprefix(f"{pt.path}." if pt.path else "").split("."):
        value = getattr(value, part, None)
    return value if hasattr(value, "detach") else None


def weight_problems(
    session: Session, pt: Call, layer: Any, state: Mapping[str, Any]
) -> list[tuple[Any, Any, str, str]]:
    """Variable, the value it should have (None if not known), cause and description, of each variable that is wrong."""
    problems = []
    for variable in own_variables(layer):
        if id(variable) not in session.tree.weights:
            continue
        name, transpose = session.tree.weights[id(variable)]
        value = _local(pt, name)
        last = name.rpartition(".")[2]
        known = state.get(name, value)
        actual = variable.numpy()
        right = as_keras(known if value is None else value, transpose, actual.shape) if known is not None else None
        if name in state and right is not None and np.allclose(right, actual, atol=1e-6):
            continue
        if right is None:
            right = _guess(pt, last, actual.shape)
        problems.append((variable, right, *_diagnosis(name, actual, right, state)))
    return problems


def _guess(pt: Call, last: str, shape: tuple[int, ...]) -> Any:
    """A parameter of the module that has the variable's size, for a variable whose name leads nowhere."""
    options = dict(pt.owner.named_parameters(recurse=False))
    found = [v for k, v in options.items() if k == last] or list(options.values())
    arrays = [v.detach().cpu().numpy() for v in found]
    for array in arrays:
        for turned in (array, array.T, array.transpose((*range(2, array.ndim), 1, 0)) if array.ndim > 2 else array):
            if turned.shape == tuple(shape):
                return turned
    return None


def _diagnosis(name: str, actual: Any, right: Any, state: Mapping[str, Any]) -> tuple[str, str]:
    if (
        right is not None
        and right.ndim == 2
        and right.shape[0] == right.shape[1]
        and np.allclose(right.T, actual, atol=1e-6)
    ):
        return "transposed_weight", f"the variable for {name} holds PyTorch's tensor transposed"
    for other, value in state.items():
        array = np.asarray(value.detach().cpu().float().numpy() if hasattr(value, "detach") else value)
        if array.size == actual.size and array.size > 1 and other != name:
            flat = (array.reshape(-1), array.T.reshape(-1))
            if any(np.allclose(option, actual.reshape(-1), atol=1e-6) for option in flat):
                return "misplaced_weight", f"the variable for {name} holds PyTorch's {other}"
    twin = _tied(name, state)
    if twin:
        return "untied_head", f"PyTorch ties {name} to {twin}, and files keep only one of them"
    if name not in state:
        return "weight_not_loaded", f"the variable is called {name} in PyTorch's terms, and PyTorch has no such tensor"
    if not np.ptp(actual):
        return (
            "weight_not_loaded",
            f"the variable for {name} holds {float(actual.flat[0]):g} everywhere: its initial value",
        )
    return "weight_not_loaded", f"the variable for {name} does not hold PyTorch's values"


def _tied(name: str, state: Mapping[str, Any]) -> str | None:
    """Another name of the same tensor in PyTorch."""
    if name not in state:
        return None
    mine = state[name]
    same = (k for k, v in state.items() if k != name and v.shape == mine.shape and v.size > 1)
    return next((k for k in same if np.array_equal(state[k], mine)), None)


def _weights(session: Session, pt: Call, tf: Call, state: Mapping[str, Any], before: float) -> Iterator[Finding]:
    problems = weight_problems(session, pt, tf.owner, state)
    usable = [(variable, right) for variable, right, _, _ in problems if right is not None]
    kept = [(variable, variable.numpy()) for variable, _ in usable]
    try:
        for variable, right in usable:
            variable.assign(right)
        after = session.again(pt, tf) if usable else before
    finally:
        for variable, value in kept:
            variable.assign(value)
    for _, _, cause, text in problems[:_LISTED]:
        yield Finding(cause, max(_share(before, after), 0.5), text)
    for variable in own_variables(tf.owner) if not problems else ():
        value = variable.numpy()
        if value.ndim == 2 and value.shape[0] == value.shape[1]:
            variable.assign(value.T)
            share = _share(before, session.again(pt, tf))
            variable.assign(value)
            yield Finding("transposed_weight", share, f"right with {variable.name} transposed")


def _epsilon(session: Session, pt: Call, tf: Call, state: Mapping[str, Any], before: float) -> Iterator[Finding]:
    theirs = next((getattr(pt.owner, n) for n in _EPSILONS if isinstance(getattr(pt.owner, n, None), float)), None)
    name = next((n for n in _EPSILONS if isinstance(getattr(tf.owner, n, None), float)), None)
    if theirs is None or name is None or getattr(tf.owner, name) == theirs:
        return
    ours = getattr(tf.owner, name)
    with _changed(tf.owner, **{name: theirs}):
        after = session.again(pt, tf)
    yield Finding("epsilon", _share(before, after), f"{name} is {ours:g}, PyTorch's is {theirs:g}")


def _training(session: Session, pt: Call, tf: Call, state: Mapping[str, Any], before: float) -> Iterator[Finding]:
    calm = Call(tf.owner, tf.path, tf.arguments, tf.site, args=tf.args, kwargs={**tf.kwargs, "training": False})
    if "training" in tf.owner._call_spec.arg_names and tf.kwargs.get("training") is not False:
        yield Finding("training_flag", _share(before, session.again(pt, calm)), "right when called with training=False")


def _bias(session: Session, pt: Call, tf: Call, state: Mapping[str, Any], before: float) -> Iterator[Finding]:
    bias: Any = getattr(pt.owner, "bias", None)
    if not hasattr(bias, "detach") or any(w.shape == tuple(bias.shape) for w in own_variables(tf.owner)):
        return
    pairs = output_pairs(pt, session.alone(pt, tf))
    if pairs and np.isfinite(pairs[0].found.error):
        value = bias.detach().cpu().numpy()
        shape = [1] * pairs[0].tf.ndim
        axis = -1 if pairs[0].tf.shape[-1] == value.size else 1
        shape[axis] = value.size
        after = difference(pairs[0].pt, pairs[0].tf + value.reshape(shape)).error
        yield Finding("missing_bias", _share(before, after), "PyTorch's layer has a bias, TensorFlow's has none")


def _tuple(value: Any, rank: int) -> tuple[int, ...]:
    return (int(value),) * rank if isinstance(value, int) else tuple(int(v) for v in value)


def _convolution(session: Session, pt: Call, tf: Call, state: Mapping[str, Any], before: float) -> Iterator[Finding]:
    import tensorflow

    layer, module = tf.owner, pt.owner
    if not all(hasattr(module, n) for n in ("stride", "padding", "dilation", "kernel_size")) or not hasattr(
        layer, "strides"
    ):
        return
    rank = len(_tuple(layer.strides, 1))
    stride, dilation = _tuple(module.stride, rank), _tuple(module.dilation, rank)
    if isinstance(module.padding, str):
        total = [
            d * (k - 1) if module.padding == "same" else 0 for d, k in zip(dilation, module.kernel_size, strict=True)
        ]
        border = [(t // 2, t - t // 2) for t in total]
    else:
        border = [(p, p) for p in _tuple(module.padding, rank)]
    image = next(iter(leaves(pt.arguments).values()))
    last = np.moveaxis(image, 1, -1)
    padded = tensorflow.constant(np.pad(last, [(0, 0), *border, (0, 0)]))
    settings = {
        "strides": stride,
        "dilation_rate": dilation,
        "padding": "valid",
        "groups": getattr(module, "groups", 1),
    }
    settings = {name: value for name, value in settings.items() if hasattr(layer, name)}
    given = next(iter(leaves(portable(tf.arguments)).values()), padded)
    off = [n for n, v in settings.items() if n != "padding" and getattr(layer, n) != v]
    if given.shape != padded.shape or layer.padding != "valid":
        off.append("padding")
    with _changed(layer, **settings):
        run = session.call(tf, padded)
    pairs = output_pairs(pt, run)
    share = _share(before, worst(pairs).error if pairs and run.error is None else float("inf"))
    for name in off:
        cause = "padding" if name == "padding" else "strides"
        text = f"PyTorch pads by {border}, then computes without padding" if name == "padding" else ""
        if not text:
            text = f"{name} is {getattr(layer, name)}, PyTorch's is {settings[name]}"
        yield Finding(cause, share, text)
