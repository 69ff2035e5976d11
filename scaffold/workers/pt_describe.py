"""Describe a run-time value as the type database does: kind, dtype, rank, detail and shape.

Source of truth: `Observation` in scaffold's core/typedb.py.
"""

from __future__ import annotations

from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import torch
from transformers import PretrainedConfig
from transformers.utils import ModelOutput

try:
    from transformers.cache_utils import Cache
except ImportError:  # before transformers 4.36 there is no cache class

    class Cache:  # type: ignore[no-redef]
        """Stands for a class that this release does not have."""


Described = tuple[tuple[str, "str | None", "int | None", "str | None"], "tuple[int, ...] | None"]

_MAX_TEXT = 80


def _class_name(value: Any) -> str:
    cls = type(value)
    return f"{cls.__module__}.{cls.__qualname__}"


def _tensor(value: Any) -> Described:
    return ("tensor", str(value.dtype)[6:], value.dim(), None), tuple(value.shape)


def _scalar(value: Any) -> Described:
    return (type(value).__name__, None, None, repr(value)[:_MAX_TEXT]), None


def _sized(kind: str) -> Callable[[Any], Described]:
    return lambda value: ((kind, None, len(value), None), None)


def _named(kind: str) -> Callable[[Any], Described]:
    return lambda value: ((kind, None, None, _class_name(value)), None)


def _short(kind: str) -> Callable[[Any], Described]:
    return lambda value: ((kind, None, None, type(value).__name__), None)


def _bare(kind: str) -> Callable[[Any], Described]:
    return lambda value: ((kind, None, None, None), None)


def _module_list(value: Any) -> Described:
    return ("module_list", None, len(value), _class_name(value)), None


def _size(value: Any) -> Described:
    return ("size", None, len(value), None), tuple(value)


def _dtype(value: Any) -> Described:
    return ("dtype", str(value)[6:], None, None), None


def _function(value: Any) -> Described:
    return ("function", None, None, getattr(value, "__name__", None)), None


#: First match wins: a ModelOutput is also a dict, a Size a tuple.
_KINDS: tuple[tuple[Any, Callable[[Any], Described]], ...] = (
    (torch.Tensor, _tensor),
    (torch.Size, _size),
    (torch.nn.ModuleList, _module_list),
    (torch.nn.Module, _named("module")),
    (ModelOutput, _short("output")),
    (Cache, _short("cache")),
    (PretrainedConfig, _short("config")),
    (torch.dtype, _dtype),
    (torch.device, _bare("device")),
    (type, _function),
    (tuple, _sized("tuple")),
    (list, _sized("list")),
    (dict, _bare("dict")),
    ((set, frozenset), _bare("set")),
    ((FunctionType, MethodType, BuiltinFunctionType), _function),
)

_BY_TYPE: dict[type, Callable[[Any], Described]] = {
    type(None): _bare("none"),
    int: _scalar,
    float: _scalar,
    bool: _scalar,
    str: _scalar,
}


def _type(value: Any) -> Described:
    return ("type", None, None, f"{value.__module__}.{value.__qualname__}"), None


def describe(value: Any) -> Described:
    """Kind, dtype, rank and detail of a value, and its shape. Reads attributes only, never compares or converts."""
    cls = type(value)
    handler = _BY_TYPE.get(cls)
    if handler is None:
        handler = _named("other")
        for base, candidate in _KINDS:
            if isinstance(value, base):
                handler = _type if base is type else candidate
                break
        _BY_TYPE[cls] = handler
    return handler(value)
