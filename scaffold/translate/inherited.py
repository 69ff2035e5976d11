"""Methods of the pretrained base class (`self._get_feat_extract_output_lengths(…)`): a main layer has its own of them.

A main layer is a Keras layer, not a model, so what PyTorch's model inherits has to be written into it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from scaffold.translate.classes import Category, Child, ClassInfo

#: How the names of methods begin that change a model and that no model calls itself.
_SETTING = ("set_", "freeze_", "unfreeze_")


def used(info: ClassInfo, classes: Mapping[str, ClassInfo], dropped: Iterable[str]) -> dict[str, ast.FunctionDef]:
    """Methods of the base classes of this file that a class calls on `self`, directly or through one another."""
    inherited: dict[str, ast.FunctionDef] = {}
    for base in info.bases:
        if base in classes and classes[base].category is Category.BASE:
            inherited |= classes[base].methods
    left_out = {*dropped, "__init__", *info.methods}
    found: dict[str, ast.FunctionDef] = {}
    waiting = [m for name, m in info.methods.items() if name not in set(dropped)]
    while waiting:
        for node in ast.walk(waiting.pop()):
            is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
            name = node.attr if is_own else ""  # type: ignore[attr-defined]
            if name in inherited and name not in found and name not in left_out:
                found[name] = inherited[name]
                waiting.append(inherited[name])
    return found


def used_by_models(
    base: ClassInfo, classes: Mapping[str, ClassInfo], layers: Iterable[str], dropped: Iterable[str]
) -> dict[str, ast.FunctionDef]:
    """Methods of a base class that its models use: those that have a main layer have the ones that need no sub-module, too.

    And what only a model's users call, to set something (`set_default_language`) or to freeze parts of it.
    """
    found = {n: f for n, f in base.methods.items() if n.startswith(_SETTING) and n not in set(dropped)}
    for info in classes.values():
        if info.category is not Category.MODEL or base.name not in info.bases:
            continue
        own = {n: f for n, f in used(info, classes, dropped).items() if base.methods.get(n) is f}
        found |= {n: f for n, f in own.items() if info.name not in set(layers) or _needs_configuration_alone(f, own)}
    return dict(sorted(found.items(), key=lambda item: item[1].lineno))


def _needs_configuration_alone(function: ast.FunctionDef, methods: Mapping[str, ast.FunctionDef]) -> bool:
    """True for a method that reads nothing of the model but its configuration, itself or through others."""
    attributes = (n for n in ast.walk(function) if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "self")
    names = {n.attr for n in attributes} - {"config", function.name}
    return all(n in methods and _needs_configuration_alone(methods[n], methods) for n in names)


def child_of_models(classes: Mapping[str, ClassInfo], base: ClassInfo, attr: str) -> Child | None:
    """The sub-module that the models derived from a base class have under a name, the base model of `self.roberta`."""
    models = (info for info in classes.values() if base.category is Category.BASE and base.name in info.bases)
    return next((info.children[attr] for info in models if attr in info.children), None)
