"""Nested model outputs as flat `path → array` tables, and the comparison of two such tables.

Judged figure: max(|tf − pt| / max(1, |pt|)) per tensor, limit 1e-5 in float32 (issue 2); integers and booleans must be equal.
Only numpy is needed here, so that the comparison can be tested without a framework.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

TOLERANCE = 1e-5


def flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    """Leaves by path: mapping keys and positions joined with `/`, None left out (positions keep their number)."""
    if value is None:
        return {}
    items: list[tuple[str, Any]]
    if isinstance(value, Mapping):
        items = [(str(key), child) for key, child in value.items()]
    elif isinstance(value, tuple | list):
        items = [(str(number), child) for number, child in enumerate(value)]
    else:
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, child in items:
        flat.update(flatten(child, f"{prefix}/{key}" if prefix else key))
    return flat


def unflatten(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of `flatten` for a mapping at the top: levels whose keys are all numbers become tuples."""
    nested: dict[str, Any] = {}
    for path, leaf in flat.items():
        *parents, last = path.split("/")
        level = nested
        for part in parents:
            level = level.setdefault(part, {})
        level[last] = leaf
    return {key: _tuples(child) for key, child in nested.items()}


def _tuples(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    children = {key: _tuples(child) for key, child in value.items()}
    if children and all(key.isdigit() for key in children):
        return tuple(children.get(str(number)) for number in range(1 + max(map(int, children))))
    return children


def arrays(flat: Mapping[str, Any]) -> dict[str, Array]:
    """Tensors and numbers of a flat table as numpy arrays."""
    return {path: np.asarray(leaf.numpy() if hasattr(leaf, "numpy") else leaf) for path, leaf in flat.items()}


def align(expected: Mapping[str, Array], actual: Mapping[str, Array]) -> dict[str, tuple[Array, str]]:
    """Bring TensorFlow's outputs under PyTorch's paths, with a note where that took a step.

    Three differences are conventions of the library, not errors: a loss may be per example, a cache entry may be one
    stacked tensor instead of a tuple, and a function may return one bare tensor.
    """
    found = {path: (array, "") for path, array in actual.items()}
    if "" in found and len(expected) == 1:
        found = {next(iter(expected)): found.pop("")}
    for path in set(expected) - set(found):
        parent, _, last = path.rpartition("/")
        stacked = actual.get(parent)
        siblings = sum(1 for other in expected if other.rpartition("/")[0] == parent)
        if stacked is not None and last.isdigit() and stacked.ndim and stacked.shape[0] == siblings:
            found[path] = (stacked[int(last)], "TensorFlow stacks the tuple in one tensor")
            found.pop(parent, None)
    for path, reference in expected.items():
        averages = is_loss(path) or is_loss_of_tuple(path, reference.shape, found)
        if averages and reference.size == 1 and path in found:
            loss = found[path][0]
            note = f"mean of {loss.size} per-example losses" if loss.size > 1 else ""
            found[path] = (np.mean(loss, dtype=loss.dtype).reshape(reference.shape), note)
    return found


def is_loss(path: str) -> bool:
    """True for the loss of the model or of one inside it, which the library's TensorFlow models give per example."""
    return path.rpartition("/")[2] == "loss"


def is_loss_of_tuple(path: str, shape: tuple[int, ...], found: Mapping[str, tuple[Array, str]]) -> bool:
    """True for the first item of a tuple that is one number in PyTorch and a vector of one in TensorFlow: a loss."""
    return path == "0" and shape == () and path in found and found[path][0].shape == (1,)


def compare(
    expected: Mapping[str, Array], actual: Mapping[str, Array], tolerance: float = TOLERANCE
) -> list[dict[str, Any]]:
    """One entry a PyTorch tensor in PyTorch's order, then one a top-level output that only TensorFlow has."""
    found = align(expected, actual)
    entries = []
    for path, reference in expected.items():
        if path in found:
            array, note = found[path]
            entries.append(compare_arrays(path, reference, array, tolerance, note))
        else:
            entries.append(_entry(path, reference, np.inf, np.inf, tolerance, False, "TensorFlow does not return it"))
    extra = dict.fromkeys(path.partition("/")[0] for path in found if path not in expected)
    known = {path.partition("/")[0] for path in expected}
    for name in extra:
        note = "more entries than PyTorch returns" if name in known else "only TensorFlow returns it, not compared"
        entries.append(_entry(name, np.empty(0), 0.0, 0.0, tolerance, name not in known, note))
    return entries


def compare_arrays(
    path: str, reference: Array, array: Array, tolerance: float = TOLERANCE, note: str = ""
) -> dict[str, Any]:
    """Compare one tensor; the note of a failure gives the worst element's index and both values."""
    if reference.shape != array.shape:
        text = f"shape {list(array.shape)}, PyTorch has {list(reference.shape)}"
        return _entry(path, reference, np.inf, np.inf, tolerance, False, text)
    if not reference.size:
        return _entry(path, reference, 0.0, 0.0, tolerance, True, "empty")
    exact = reference.dtype.kind in "iub"
    if exact and array.dtype.kind not in "iub":
        text = f"dtype {array.dtype}, PyTorch has {reference.dtype}"
        return _entry(path, reference, np.inf, np.inf, tolerance, False, text)
    pt, tf = reference.astype(np.float64), array.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.abs(tf - pt)
        agree = (np.isnan(pt) & np.isnan(tf)) | (pt == tf)
        difference = np.where(agree, 0.0, np.where(np.isfinite(difference), difference, np.inf))
        scale = np.where(np.isfinite(pt), np.maximum(1.0, np.abs(pt)), 1.0)
    scaled = difference / scale
    worst = np.unravel_index(int(np.argmax(scaled)), scaled.shape)
    limit = 0.0 if exact else tolerance
    ok = bool(scaled[worst] <= limit)
    if not ok:
        place = f"at [{', '.join(str(int(i)) for i in worst)}]: TensorFlow {tf[worst]:.8g}, PyTorch {pt[worst]:.8g}"
        share = f"{int(np.count_nonzero(scaled > limit))} of {scaled.size} elements beyond the limit"
        note = "; ".join(filter(None, (note, place, share)))
    return _entry(path, reference, float(difference.max()), float(scaled[worst]), limit, ok, note)


def _entry(
    path: str, reference: Array, max_abs: float, max_scaled: float, tolerance: float, ok: bool, note: str
) -> dict[str, Any]:
    return {
        "tensor": path,
        "shape": list(reference.shape),
        "max_abs": float(max_abs),
        "max_scaled": float(max_scaled),
        "tolerance": float(tolerance),
        "ok": ok,
        "note": note,
    }
