"""Weights with which PyTorch itself computes exactly enough: no port comes closer to a float32 result than that is to the truth.

Scores that no factor scales down grow with the width, and so does their rounding; another framework, which adds in another order,
rounds otherwise. What the verification could not tell from an error is avoided here: where PyTorch's own float32 is too far
from its float64, the weights of linear and convolutional layers are halved, twice at most, or those of normalisations, three
times.
Source of the limit: docs/architecture.md, "The verifier".
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from pt_cases import flatten, portable_outputs
from pt_double import InDouble
from pt_inputs import signature
from pt_weights import is_norm

#: A quarter of the verification's limit: PyTorch's rounding, TensorFlow's, and a reserve for calls that are not tried here.
WANTED = 1e-5 / 4
#: Beyond this it is not rounding but a decision or a random number that fell out otherwise.
_ROUNDING = 1e-3
_MASKED = 1e30  # scores that a mask sets to the type's lowest value
#: Where halving the layers' weights does not help, a normalisation takes them back: then the normalisations' own are halved.
_HALVINGS = {"layers": 2, "norms": 3}


def condition(model: Any, inputs: dict[str, Any]) -> int:
    """Halve the model's weights until it computes exactly enough; how often. Undone where it does not help."""
    before = _worst(model, inputs)
    if before is None or not WANTED < before < _ROUNDING:
        return 0
    kept, best = copy.deepcopy(model.state_dict()), (before / 2, "")
    for kind, most in _HALVINGS.items():
        for halved in range(1, most + 1):
            _halve(model, kind)
            now = _worst(model, inputs)
            if now is not None and now <= WANTED:
                return halved
        best = min(best, (before if now is None else now, kind))
        model.load_state_dict(kept)
    for _ in range(_HALVINGS.get(best[1], 0)):
        _halve(model, best[1])
    return _HALVINGS.get(best[1], 0)


def _worst(model: Any, inputs: dict[str, Any]) -> float | None:
    """The larger rounding of two calls: what a mask hides counts as well."""
    bare = {name: value for name, value in inputs.items() if not name.endswith("mask")}
    found = [rounding(model, given) for given in ((inputs, bare) if bare.keys() != inputs.keys() else (inputs,))]
    return max((value for value in found if value is not None), default=None)


def rounding(model: Any, inputs: dict[str, Any]) -> float | None:
    """How far float32 outputs are from float64 ones, as verification measures; None where the model does not run in float64."""
    accepts = signature(type(model))
    wanted = ("output_hidden_states", "output_attentions", "return_dict")
    flags = {name: True for name in wanted if name in accepts}
    twin = copy.deepcopy(model).eval()
    default = torch.get_default_dtype()
    try:
        rounded = _outputs(twin, {**inputs, **flags})
        torch.set_default_dtype(torch.float64)
        exact = _exact(twin.double(), {**_double(inputs), **flags})
    except Exception:  # a model that runs in float32 alone is simply not measured
        return None
    finally:
        torch.set_default_dtype(default)
    if rounded.keys() != exact.keys():
        return None
    return max((_distance(rounded[path], exact[path]) for path in exact), default=0.0)


def _exact(model: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    try:
        return _outputs(model, inputs)
    except RuntimeError:  # of two types of numbers in one operation
        with InDouble():
            return _outputs(model, inputs)


def _outputs(model: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    torch.manual_seed(0)
    with torch.no_grad():
        return dict(flatten("out", portable_outputs(model(**inputs))[0]))


def _double(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.double() if value.is_floating_point() else value
    if isinstance(value, dict):
        return {key: _double(item) for key, item in value.items()}
    return type(value)(map(_double, value)) if type(value) in (tuple, list) else value


def _distance(rounded: Any, exact: Any) -> float:
    if exact.dtype.kind != "f" or rounded.shape != exact.shape or not exact.size:
        return 0.0
    rounded, exact = torch.from_numpy(rounded).double(), torch.from_numpy(exact).double()
    counted = exact.abs() < _MASKED
    far = (rounded[counted] - exact[counted]).abs() / exact[counted].abs().clamp(min=1.0)
    return float(far.max()) if far.numel() else 0.0


def _halve(model: Any, kind: str) -> None:
    done = set()
    with torch.no_grad():
        for module in model.modules():
            is_layer = isinstance(module, (torch.nn.Linear, torch.nn.modules.conv._ConvNd))
            wanted = is_norm(module) if kind == "norms" else is_layer or type(module).__name__ == "Conv1D"
            weight = getattr(module, "weight", None) if wanted else None
            if isinstance(weight, torch.nn.Parameter) and weight.requires_grad and id(weight) not in done:
                done.add(id(weight))
                weight.mul_(0.5)
