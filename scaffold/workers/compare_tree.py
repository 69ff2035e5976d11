"""Which Keras layer is which PyTorch module: by the names that weight paths are made of, by attribute, by the weights inside.

Source of truth: `convert_tf_weight_name_to_pt_weight_name` of the tree under test, which defines what a layer's name means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

#: Joins a TensorFlow layer without a counterpart to the path of the layer that holds it.
ALONE = "~"


@dataclass
class Tree:
    """`paths` identity of a layer → PyTorch path; `layers` path → layers in order of depth; `parents` identity → layer;
    `attributes` identity → the attribute it is kept in; `access` identity → Python for reaching it from the
    model; `weights` identity of a variable → (PyTorch name, transposition).
    """

    model: Any
    paths: dict[int, str] = field(default_factory=dict)
    layers: dict[str, list[Any]] = field(default_factory=dict)
    parents: dict[int, Any] = field(default_factory=dict)
    attributes: dict[int, str] = field(default_factory=dict)
    access: dict[int, str] = field(default_factory=dict)
    weights: dict[int, tuple[str, Any]] = field(default_factory=dict)


def is_layer(value: Any) -> bool:
    """Whether a value is a Keras layer or model."""
    return hasattr(value, "add_weight") and hasattr(value, "call") and hasattr(value, "name")


def sublayers(layer: Any) -> Iterator[tuple[str, str, Any]]:
    """Attribute, position within it (empty for none) and layer, for each layer that a layer keeps."""
    for attribute, value in list(vars(layer).items()):
        if attribute.startswith(("_self_", "_layers", "_obj_reference")):
            continue
        yield from ((attribute, key, item) for key, item in _inside(value))


def _inside(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if is_layer(value):
        yield key, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _inside(item, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list | tuple) or type(value).__name__ == "ListWrapper":
        for number, item in enumerate(value):
            yield from _inside(item, f"{key}.{number}" if key else str(number))


def spelled(name: str) -> str:
    """A layer's name as PyTorch spells it."""
    name = name.rpartition("___")[2]
    return re.sub(r"\.+", ".", name.replace("_._", ".").replace("/", "."))


def pytorch_names(model: Any, state: Mapping[str, Any]) -> dict[int, tuple[str, Any]]:
    """PyTorch's name of each of the model's variables, by the library's rule, and how the value is transposed."""
    from transformers.modeling_tf_pytorch_utils import convert_tf_weight_name_to_pt_weight_name as convert

    base = getattr(model, "base_model_prefix", "")
    prefix = "" if any(key.startswith(base) for key in state) else f"{base}."
    found: dict[int, tuple[str, Any]] = {}
    for variable in model.weights:
        name, transpose = convert(variable.name, prefix, tf_weight_shape=variable.shape)
        rename = getattr(model, "tf_to_pt_weight_rename", None)
        if rename is not None:
            options = rename(name)
            name = next((option for option in options if option in state), options[0])
        name = name.replace("moving_variance", "running_var").replace("moving_mean", "running_mean")
        found[id(variable)] = (_weight_norm(name, state), transpose)
    return found


def _weight_norm(name: str, state: Mapping[str, Any]) -> str:
    """`weight_g` under the name that newer PyTorch gives it."""
    for ending, original in (("_g", "original0"), ("_v", "original1")):
        if name not in state and name.endswith(ending):
            owner, _, last = name[:-2].rpartition(".")
            name = f"{owner}.parametrizations.{last}.{original}"
    return name


def build_tree(model: Any, modules: Iterable[str], state: Mapping[str, Any]) -> Tree:
    """Give each layer of the model the path of a PyTorch module, or one of its own below that of its holder."""
    tree = Tree(model)
    tree.weights = pytorch_names(model, state)
    _place(tree, model, "", frozenset(modules))
    return tree


def _place(tree: Tree, layer: Any, path: str, modules: frozenset[str]) -> None:
    tree.paths[id(layer)] = path
    tree.layers.setdefault(path, []).append(layer)
    for attribute, key, child in sublayers(layer):
        if id(child) in tree.paths:
            continue
        tree.parents[id(child)] = layer
        tree.attributes[id(child)] = attribute
        steps = [f"[{part}]" if part.isdigit() else f"[{part!r}]" for part in key.split(".") if part]
        tree.access[id(child)] = f"{tree.access.get(id(layer), '')}.{attribute}{''.join(steps)}"
        _place(tree, child, _path_of(tree, child, path, attribute, key, modules), modules)


def _path_of(tree: Tree, child: Any, path: str, attribute: str, key: str, modules: frozenset[str]) -> str:
    prefix = f"{path}." if path else ""
    held = f"{attribute}.{key}" if key else attribute
    for name in (spelled(child.name), held, held.removeprefix("tf_")):
        if prefix + name in modules:
            return prefix + name
    names = [tree.weights[id(w)][0] for w in child.weights if id(w) in tree.weights]
    common = _common(names)
    if common and common in modules and (common == path or common.startswith(prefix)):
        return common
    if any(True for _ in sublayers(child)) and ALONE not in path:
        return path
    return f"{prefix}{ALONE}{held}"


def _common(names: list[str]) -> str:
    """The longest path that all weights lie below."""
    parts = [name.split(".")[:-1] for name in names]
    shared: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return ".".join(shared)


def as_keras(value: Any, transpose: Any, shape: tuple[int, ...]) -> Any:
    """A PyTorch parameter's values in the layout of its TensorFlow variable; None where the sizes do not fit."""
    from transformers.modeling_tf_pytorch_utils import apply_transpose

    array = np.asarray(value.detach().cpu().float().numpy() if hasattr(value, "detach") else value)
    if array.size != int(np.prod(shape)):
        return None
    return np.asarray(apply_transpose(transpose, array, tuple(shape)))
