"""A file probed with its parts joined must still compute what the file does by itself: the same weights, inputs and outputs.

Source of truth: the modelling file as it lies in the checkout.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

import torch
from pt_cases import flatten, portable_outputs
from pt_origin import construct
from pt_subject import brief

_TOLERANCE = 1e-5


def load_alone(module: Any) -> ModuleType:
    """The file itself, imported a second time under another name."""
    name = f"{module.__name__}_alone"
    spec = importlib.util.spec_from_file_location(name, module.__file__)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {module.__file__}")
    alone = importlib.util.module_from_spec(spec)
    sys.modules[name] = alone
    spec.loader.exec_module(alone)
    return alone


def difference(alone: ModuleType, model: Any, inputs: dict[str, Any], seed: int) -> str:
    """What the file's own class does differently from the model of the joined file; empty when nothing."""
    own = construct(getattr(alone, type(model).__name__), model.config, seed)
    try:
        own.load_state_dict(model.state_dict())
    except RuntimeError as error:
        return f"the joined file has other weights: {brief(error)}"
    with torch.no_grad():
        expected, found = (dict(flatten("out", portable_outputs(m.eval()(**inputs))[0])) for m in (own, model))
    if set(expected) != set(found):
        return f"the joined file has other outputs: {sorted(set(expected) ^ set(found))[:3]}"
    worst = {name: float(abs(expected[name] - found[name]).max()) for name in expected if expected[name].size}
    far = [name for name, value in worst.items() if not value <= _TOLERANCE]
    return f"the joined file computes something else: {far[0]} differs by {worst[far[0]]:.1e}" if far else ""
