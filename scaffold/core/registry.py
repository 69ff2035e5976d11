"""Registries that are folders: import every module of a package, collect what each declares, sort it, refuse duplicates."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")


def modules(package: str) -> list[ModuleType]:
    """All modules of the package (not of its sub-packages), by name; those starting with an underscore are left out."""
    parent = importlib.import_module(package)
    names = sorted(info.name for info in pkgutil.iter_modules(parent.__path__) if not info.ispkg)
    return [importlib.import_module(f"{package}.{name}") for name in names if not name.startswith("_")]


def collect(package: str, attribute: str, kind: type[T], key: Callable[[T], Any]) -> dict[Any, T]:
    """Every `attribute` (one `kind`, or a list or tuple of them) of the package's modules, by key, sorted by it.

    Two entries with the same key raise ValueError; so does a module without the attribute, because a file in such a folder
    that adds nothing is a mistake.
    """
    found: dict[Any, T] = {}
    for module in modules(package):
        declared = getattr(module, attribute, None)
        entries = declared if isinstance(declared, list | tuple) else [declared]
        for entry in entries:
            if not isinstance(entry, kind):
                raise ValueError(f"{module.__name__}.{attribute} should hold {kind.__name__}, it holds {entry!r}")
            if key(entry) in found:
                raise ValueError(f"{module.__name__}: {key(entry)!r} is declared twice in {package}")
            found[key(entry)] = entry
    return dict(sorted(found.items()))
