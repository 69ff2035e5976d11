"""One model under probing: runs calls on it, keeps the reproducible ones as cases and says why others were dropped.

Source of truth: docs/architecture.md, "The probe's files".
"""

from __future__ import annotations

import copy
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from pt_cases import Case, Unusable, finite, flatten, plain, portable_outputs, structure
from pt_inputs import Dims, signature

_CALL_SECONDS = 20.0
#: Why a call whose result depends on random numbers is no case.
CHANCE = "the result is random: another seed gives another one"


class OutOfTime(Exception):
    """The probe's time is used up; what was gathered stands."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Interrupt the block after so many seconds of computing (a busy machine is no fault), where there are timers."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise TimeoutError(f"took more than {seconds:.0f} s")

    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


@contextmanager
def _buffers_kept(model: Any, train: bool) -> Iterator[None]:
    """Undo what training does to running statistics: the saved weights must be those of the recorded calls."""
    before = {name: buffer.clone() for name, buffer in model.named_buffers()} if train else {}
    try:
        yield
    finally:
        with torch.no_grad():
            for name, buffer in model.named_buffers() if train else ():
                if name in before and before[name].shape == buffer.shape:
                    buffer.copy_(before[name])


@contextmanager
def _unchanged(model: Any) -> Iterator[None]:
    """Undo what a call switches in the model (another attention for short inputs): cases must not depend on their order."""
    before = [(module, dict(module._modules), _settings(module)) for module in model.modules()]
    try:
        yield
    finally:
        for module, children, settings in before:
            module._modules.clear()
            module._modules.update(children)
            vars(module).update(settings)


def _settings(module: Any) -> dict[str, Any]:
    return {k: v for k, v in vars(module).items() if v is None or isinstance(v, (bool, int, float, str))}


def brief(error: BaseException) -> str:
    """An exception in one short line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300]


def is_value(value: Any) -> bool:
    """Whether a value is data for an input: a tensor or nested sequence of tensors."""
    if isinstance(value, (tuple, list)):
        return bool(value) and all(is_value(item) for item in value)
    return isinstance(value, torch.Tensor) or hasattr(value, "to_legacy_cache")


class Subject:
    """A model with its default inputs. `labels` are those the checkout's tests would add."""

    def __init__(self, model: Any, inputs: dict[str, Any], labels: dict[str, Any], *, deadline: float) -> None:
        self.model = model
        self.config = model.config
        self.accepts = signature(type(model))
        self.inputs = {name: value for name, value in inputs.items() if is_value(value)}
        self.defaults = {name: value for name, value in inputs.items() if isinstance(value, (bool, int, float, str))}
        self.labels = labels
        self.bidirectional = False
        self.unsaved: frozenset[str] = frozenset()  # calls that are made for the type database alone
        self.done: dict[str, dict[str, Any]] = {}  # inputs of every call that worked
        self.cases: list[Case] = []
        self.dropped: dict[str, str] = {}
        self.deadline = deadline
        self.failure = ""

    @property
    def name(self) -> str:
        """The class's name."""
        return type(self.model).__name__

    @property
    def main(self) -> str:
        """The input that names the batch."""
        for name in (getattr(self.model, "main_input_name", ""), "input_ids", "decoder_input_ids"):
            if name in self.inputs:
                return name
        return next(iter(self.inputs), "")

    @property
    def dims(self) -> Dims:
        """Batch size and number of tokens of the default inputs."""
        value = self.inputs.get("input_ids", self.inputs.get("decoder_input_ids", self.inputs.get(self.main)))
        if not isinstance(value, torch.Tensor):
            return Dims()
        tokens = value.shape[-1] if value.dim() > 1 and not value.is_floating_point() else Dims().length
        return Dims(int(value.shape[0]), int(tokens))

    def taken(self, **flags: Any) -> dict[str, Any]:
        """Those of the flags that `forward` takes."""
        return {name: value for name, value in flags.items() if name in self.accepts}

    def run(
        self,
        name: str,
        inputs: dict[str, Any],
        flags: dict[str, Any] | None = None,
        *,
        save: bool = True,
        train: bool = False,
        generate: dict[str, Any] | None = None,
        method: str = "",
        note: bool = True,
    ) -> Any:
        """Call the model or a method of it; None when that failed (then `failure` and, with `note`, `dropped` say why)."""
        if time.process_time() > self.deadline:
            raise OutOfTime(name)
        settings = dict(vars(self.config))
        save = save and name not in self.unsaved
        try:
            with at_most(_CALL_SECONDS), _buffers_kept(self.model, train), _unchanged(self.model):
                given = flags if method else {**self.defaults, **(flags or {})}
                outputs = self._run(name, inputs, given or {}, save, train, {"method": method} if method else generate)
            self.done[name] = dict(inputs)
            return outputs
        except Exception as error:
            self.failure = brief(error)
            if note:
                self.dropped[name] = self.failure
            return None
        finally:
            vars(self.config).clear()
            vars(self.config).update(settings)  # heads store what they conclude from labels in the configuration

    def _run(
        self, name: str, inputs: dict[str, Any], flags: dict[str, Any], save: bool, train: bool, generate: Any
    ) -> Any:
        arrays = dict(flatten("in", {key: plain(value) for key, value in inputs.items()})) if save else {}
        again = copy.deepcopy(inputs) if save else {}  # a model may write into its cache
        self.model.train(train)
        torch.manual_seed(0)
        seeded = torch.get_rng_state()
        with torch.set_grad_enabled(train):
            outputs = self._called(inputs, flags, generate)
        drew = not torch.equal(seeded, torch.get_rng_state())
        self.model.eval()
        if save:
            value, left = portable_outputs(outputs)
            if isinstance(value, torch.Tensor):
                value = (value,)
            results = dict(flatten("out", value))
            if not results:
                raise Unusable("the call returned no tensor")
            finite(results)
            if drew:
                self._refuse_chance(again, flags, generate, results)
            if left:
                self.dropped[f"{name}:fields"] = "; ".join(left)
            self.cases.append(
                Case(
                    name=name,
                    mode="forward" if generate is None else "method" if "method" in generate else "generate",
                    flags={} if generate is not None else flags,
                    kwargs=generate or {},
                    inputs=list(inputs),
                    structure=structure(outputs),
                    arrays={**arrays, **results},
                )
            )
        return outputs

    def _called(self, inputs: dict[str, Any], flags: dict[str, Any], generate: Any) -> Any:
        if generate is not None and "method" in generate:
            return getattr(self.model, generate["method"])(**inputs)
        if generate is not None:
            return {"sequences": self.model.generate(**inputs, **generate)}
        return self.model(**inputs, **flags)

    def _refuse_chance(self, inputs: dict[str, Any], flags: dict[str, Any], generate: Any, results: Any) -> None:
        """Unusable when the result depends on the random numbers that were drawn: no other framework draws the same."""
        torch.manual_seed(1)
        with torch.no_grad():
            value = portable_outputs(self._called(inputs, flags, generate))[0]
        other = dict(flatten("out", (value,) if isinstance(value, torch.Tensor) else value))
        if results.keys() != other.keys() or any(not np.array_equal(results[path], other[path]) for path in results):
            raise Unusable(CHANCE)
