"""Run one call of a model and keep inputs and outputs as flat arrays.

Source of truth: docs/architecture.md, "The probe's files".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

_ATTENTION_KEYS = ("_attn_implementation", "_attn_implementation_internal", "_attn_implementation_autoset")


class Unusable(Exception):
    """A result that cannot serve as a reference, with the reason."""


@dataclass
class Case:
    """One call with everything needed to repeat it elsewhere."""

    name: str
    mode: str
    flags: dict[str, Any]
    kwargs: dict[str, Any]
    inputs: list[str]
    structure: Any
    arrays: dict[str, Any] = field(repr=False)

    def entry(self) -> dict[str, Any]:
        """The case's line in cases.json."""
        return {
            "name": self.name,
            "mode": self.mode,
            "flags": self.flags,
            "kwargs": self.kwargs,
            "inputs": self.inputs,
            "structure": self.structure,
        }


def plain(value: Any) -> Any:
    """A value with caches turned into the nested tuples that frameworks share; Unusable for anything else unknown."""
    if value is None or isinstance(value, (torch.Tensor, bool, int, float, str)):
        return value
    if hasattr(value, "to_legacy_cache"):
        return plain(value.to_legacy_cache())
    if hasattr(value, "to_tuple") and hasattr(value, "items"):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(plain(item) for item in value)
    raise Unusable(f"a {type(value).__name__} has no portable form")


def flatten(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Arrays of a plain value by path; copies, since a later call may write into a tensor."""
    if isinstance(value, torch.Tensor):
        tensor = value.detach()
        yield prefix, (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).cpu().numpy().copy()
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from flatten(f"{prefix}/{key}", item)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from flatten(f"{prefix}/{index}", item)


def structure(value: Any) -> Any:
    """Nesting of a result: what kind each part is, without numbers."""
    if isinstance(value, torch.Tensor):
        return {"tensor": list(value.shape), "dtype": str(value.dtype)[6:]}
    if hasattr(value, "to_legacy_cache"):
        return {"cache": type(value).__name__, "items": structure(value.to_legacy_cache())}
    if hasattr(value, "to_tuple") and hasattr(value, "items"):
        return {"output": type(value).__name__, "fields": {key: structure(item) for key, item in value.items()}}
    if isinstance(value, dict):
        return {"dict": {str(key): structure(item) for key, item in value.items()}}
    if isinstance(value, (tuple, list)):
        return {"tuple": [structure(item) for item in value]}
    return {"value": value if isinstance(value, (bool, int, float, str)) else None}


def portable_outputs(outputs: Any) -> tuple[Any, list[str]]:
    """Outputs in plain form; of a named output, fields without a portable form are left out and named."""
    if not (hasattr(outputs, "to_tuple") and hasattr(outputs, "items")):
        return plain(outputs), []
    kept: dict[str, Any] = {}
    left: list[str] = []
    for key, item in outputs.items():
        try:
            kept[key] = plain(item)
        except Unusable as error:
            left.append(f"{key}: {error}")
    return kept, left


def finite(arrays: dict[str, Any]) -> None:
    """Refuse not-a-number; infinities are legitimate scores."""
    for path, array in arrays.items():
        if array.dtype.kind == "f" and np.isnan(array).any():
            raise Unusable(f"{path} has values that are not numbers")


def save_model(model: Any, folder: Path) -> list[str]:
    """Configuration and weights in both formats; what could not be written is returned as text."""
    problems: list[str] = []
    for target, safe in ((folder, True), (folder / "bin", False)):
        target.mkdir(parents=True, exist_ok=True)
        try:
            model.save_pretrained(target, safe_serialization=safe)
        except Exception as error:
            problems.append(f"{'safetensors' if safe else 'bin'}: {type(error).__name__}: {error}")
            model.config.save_pretrained(target)
        _without_attention(target / "config.json")
    return problems


def _without_attention(path: Path) -> None:
    """Which attention PyTorch ran is not part of the model."""
    if not path.exists():
        return
    config = json.loads(path.read_text(encoding="utf-8"))
    _strip(config)
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _strip(config: Any) -> None:
    if isinstance(config, dict):
        for key in _ATTENTION_KEYS:
            config.pop(key, None)
        for value in config.values():
            _strip(value)


def save_cases(cases: list[Case], folder: Path) -> None:
    """cases.json and one npz per case."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        np.savez(folder / f"{case.name}.npz", **case.arrays)
    entries = [case.entry() for case in cases]
    (folder / "cases.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
