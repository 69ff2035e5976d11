"""Record every call of every sub-module of a PyTorch model, and every call of every Keras layer, in the order they begin.

PyTorch is asked through forward hooks, Keras by standing in for `Layer.__call__`; neither changes what is computed. Arrays are
copied, since a later statement may write into a tensor.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from compare_arrays import Array

Site = tuple[str, int]


@dataclass(eq=False)
class Call:
    """One call: `owner` the module or layer, `arguments` by parameter name, `site` where the modelling file makes the call."""

    owner: Any
    path: str
    arguments: dict[str, Any]
    site: Site | None
    parent: Call | None = None
    output: Any = None
    error: str | None = None
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    children: list[Call] = field(default_factory=list)

    def walk(self) -> Iterator[Call]:
        """This call and all below it, in the order they began."""
        yield self
        for child in self.children:
            yield from child.walk()


def site_of(depth: int = 2) -> Site | None:
    """The nearest line of a modelling file on the stack (the library's own base modules aside)."""
    frame: Any = sys._getframe(depth)
    while frame is not None:
        name = frame.f_code.co_filename
        if Path(name).name.startswith("modeling_") and "/models/" in name.replace("\\", "/"):
            return name, frame.f_lineno
        frame = frame.f_back
    return None


def portable(value: Any) -> Any:
    """Tensors as numpy copies, containers as dicts and tuples, caches as tuples; what carries no numbers is left as it is."""
    if hasattr(value, "to_legacy_cache"):
        return portable(value.to_legacy_cache())
    if hasattr(value, "detach"):
        tensor = value.detach()
        return (tensor.float() if "bfloat16" in str(tensor.dtype) else tensor).cpu().numpy().copy()
    if hasattr(value, "numpy") and hasattr(value, "shape"):
        return np.array(value.numpy())
    if hasattr(value, "items"):
        return {str(key): portable(item) for key, item in value.items() if item is not None}
    if isinstance(value, tuple | list):
        return tuple(portable(item) for item in value)
    return value


def leaves(value: Any, prefix: str = "") -> dict[str, Array]:
    """The arrays of a portable value by path."""
    if isinstance(value, np.ndarray):
        return {prefix: value}
    items: Any = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, tuple | list):
        items = ((str(i), item) for i, item in enumerate(value))
    found: dict[str, Array] = {}
    for key, item in items:
        found.update(leaves(item, f"{prefix}/{key}" if prefix else key))
    return found


#: What Keras takes from any call and passes on only to layers that have such a parameter.
_KERAS_OWN = ("training", "mask")


def bound_arguments(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> inspect.BoundArguments:
    """The call's arguments on the function's parameters; TypeError or ValueError where they do not fit."""
    signature = inspect.signature(function)
    catches = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    fitting = {k: v for k, v in kwargs.items() if k in signature.parameters or catches or k not in _KERAS_OWN}
    return signature.bind(*args, **fitting)


def bind(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by parameter name; those of `*args` by number."""
    try:
        bound = bound_arguments(function, args, kwargs)
    except (TypeError, ValueError):
        return {**{str(i): a for i, a in enumerate(args)}, **kwargs}
    found: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            found.update(value)
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            found.update({f"{name}{i}": item for i, item in enumerate(value)})
        else:
            found[name] = value
    return found


def _shallow(value: Any) -> Any:
    """A copy of the containers, not of the tensors: a layer may append to the list it was given."""
    if isinstance(value, list):
        return [_shallow(item) for item in value]
    if type(value) is dict:
        return {key: _shallow(item) for key, item in value.items()}
    return value


class Recording:
    """The calls of one run; `stack` holds the calls that are under way."""

    def __init__(self) -> None:
        self.roots: list[Call] = []
        self.stack: list[Call] = []
        self.on_begin: list[Callable[[Call], None]] = []
        self.on_end: list[Callable[[Call], None]] = []

    def begin(self, call: Call) -> None:
        """Enter a call."""
        call.parent = self.stack[-1] if self.stack else None
        (call.parent.children if call.parent else self.roots).append(call)
        self.stack.append(call)
        for action in self.on_begin:
            action(call)

    def end(self, call: Call, output: Any = None, error: str | None = None) -> None:
        """Leave a call, and those in it that an exception left open."""
        call.output, call.error = output, error
        while self.stack:
            left = self.stack.pop()
            if left is call:
                break
        for action in self.on_end:
            action(call)

    def calls(self) -> Iterator[Call]:
        """All calls in the order they began."""
        for root in self.roots:
            yield from root.walk()


@contextmanager
def record_pytorch(model: Any) -> Iterator[Recording]:
    """Hooks on every module of a PyTorch model while the block runs."""
    recording = Recording()
    names = {id(module): name for name, module in model.named_modules()}
    handles = []

    def before(module: Any, args: Any, kwargs: Any) -> None:
        arguments = {k: portable(v) for k, v in bind(module.forward, args, kwargs).items()}
        recording.begin(Call(module, names[id(module)], arguments, site_of(3)))

    def after(module: Any, args: Any, kwargs: Any, output: Any) -> None:
        call = next((c for c in reversed(recording.stack) if c.owner is module), None)
        if call is not None:
            recording.end(call, portable(output))

    for module in model.modules():
        handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
        handles.append(module.register_forward_hook(after, with_kwargs=True))
    try:
        yield recording
    finally:
        for handle in handles:
            handle.remove()


_active: list[tuple[Recording, Mapping[int, str]]] = []


def _install(layer_class: Any) -> None:
    """Stand in for `Layer.__call__` once; without an active recording it only passes on."""
    original = layer_class.__call__
    if getattr(original, "records_calls", False):
        return

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not _active or id(self) not in _active[-1][1]:
            return original(self, *args, **kwargs)
        recording, paths = _active[-1]
        arguments = {k: _shallow(v) for k, v in bind(self.call, args, kwargs).items()}
        call = Call(
            self, paths[id(self)], arguments, site_of(2), args=_shallow(list(args)), kwargs=_shallow(dict(kwargs))
        )
        call.args = tuple(call.args)
        recording.begin(call)
        try:
            output = original(self, *args, **kwargs)
        except BaseException as error:
            recording.end(call, error=f"{type(error).__name__}: {error}")
            raise
        recording.end(call, portable(output))
        return output

    __call__.records_calls = True  # type: ignore[attr-defined]
    layer_class.__call__ = __call__


@contextmanager
def record_keras(layer_class: Any, paths: Mapping[int, str]) -> Iterator[Recording]:
    """Record the calls of the layers in `paths` (identity → path) while the block runs; recordings may nest."""
    _install(layer_class)
    recording = Recording()
    _active.append((recording, paths))
    try:
        yield recording
    finally:
        _active.remove((recording, paths))
