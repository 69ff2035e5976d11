"""Where a class's tiny configuration and inputs come from: the checkout's tests, or the configuration class itself.

Source of truth: the first origin whose model actually runs.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pt_config
import pt_inputs
import pt_pairs
import pt_parts
import torch
from pt_subject import at_most, brief
from pt_tester import Tester

_TRIAL_SECONDS = 30.0
_MAX_PARAMETERS = 40_000_000


#: Where it comes from, configuration, inputs, labels.
Trial = tuple[str, Any, "dict[str, Any]", "dict[str, Any]"]


class NoOrigin(Exception):
    """No configuration and inputs were found that run."""


def prefer_eager(config: Any) -> Any:
    """Choose the plain attention code in the configuration and its parts: the one that is translated."""
    for part in (config, *vars(config).values()):
        if _is_config(part):
            part._attn_implementation = "eager"
    return config


def _is_config(value: Any) -> bool:
    return hasattr(value, "to_dict") and hasattr(value, "model_type")


def construct(cls: Any, config: Any, seed: int, arguments: dict[str, Any] | None = None) -> Any:
    """The model, in evaluation mode."""
    torch.manual_seed(seed)
    return cls(prefer_eager(copy.deepcopy(config)), **(arguments or {})).eval()


def _parameters(cls: Any, config: Any, seed: int) -> int:
    """How many parameters a model would have, without allocating them where its constructor allows that."""
    with at_most(_TRIAL_SECONDS):
        try:
            with torch.device("meta"):
                model = construct(cls, config, seed)
        except Exception:  # a constructor that looks at values
            model = construct(cls, config, seed)
    return sum(p.numel() for p in model.parameters())


class Origin:
    """Finds, and remembers by class, a configuration, inputs and labels that run."""

    def __init__(self, testers: list[Tester], seed: int, multiple_choice: frozenset[str]) -> None:
        self._testers = testers
        self._seed = seed
        self._multiple_choice = multiple_choice
        self._shrunk: dict[type, frozenset[str]] = {}
        self.used: dict[str, str] = {}

    def find(self, cls: Any) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        """Configuration, inputs and labels of one class; NoOrigin with the first failure when nothing runs."""
        failures: list[str] = []  # of building anything to try
        rejected: list[str] = []  # of trying it: these say more
        for source in (self._from_tests, self._from_config, self._from_pairs):
            for label, config, inputs, labels in source(cls, failures):
                try:
                    with at_most(_TRIAL_SECONDS), torch.no_grad():
                        construct(cls, config, self._seed)(**inputs)
                except Exception as error:
                    rejected.append(brief(error))
                    continue
                self.used[cls.__name__] = label
                return config, inputs, labels
        raise NoOrigin([*rejected, *failures, "no tester and no inputs known for its parameters"][0])

    def _from_tests(self, cls: Any, failures: list[str]) -> Iterator[Trial]:
        listed = [tester for tester in self._testers if cls in tester.classes]
        for tester in (*listed, *(t for t in self._testers if t not in listed)):
            for small in (True, False):
                try:
                    config, inputs = tester.build(cls, small)
                except Exception as error:
                    failures.append(brief(error))
                    continue
                given = {name: v for name, v in inputs.items() if v is not None}
                for label, variant in self._with_parts(cls, config):
                    if tester in listed:
                        yield label, variant, given, tester.labels(cls, inputs)
                    else:
                        yield from self._from_parts(cls, variant, given)

    @staticmethod
    def _with_parts(cls: Any, config: Any) -> Iterator[tuple[str, Any]]:
        """The configuration with parts that TensorFlow has; should the model not run with those, with its own."""
        own = copy.deepcopy(config)
        exchanged = pt_parts.exchange(config, cls)
        yield "tests" + "".join(f", {attr} of type {kind}" for attr, kind in exchanged.items()), config
        if exchanged:
            yield "tests", own

    def _from_parts(self, cls: Any, config: Any, given: dict[str, Any]) -> Iterator[Trial]:
        """A class the tests do not list: their configuration or a part of it, their inputs as far as it takes them."""
        accepted = pt_inputs.signature(cls)
        fitting = {name: value for name, value in given.items() if name in accepted}
        parts = [part for part in (config, *vars(config).values()) if _is_config(part)]
        for part in sorted(parts, key=lambda part: type(part) is not cls.config_class):
            if fitting and type(part) is cls.config_class:
                yield "tests", part, fitting, {}
            for inputs in pt_inputs.candidates(cls, part, False, limit=4):
                yield "tests", part, {**inputs, **fitting} if part is config else inputs, {}

    def _from_config(self, cls: Any, failures: list[str]) -> Iterator[Trial]:
        config_class = cls.config_class
        if config_class is None:
            return
        known = self._shrunk.get(config_class)
        order = sorted(pt_config.candidates(config_class), key=lambda pair: pair[0] != known)
        for keep, config in order:
            try:
                if _parameters(cls, config, self._seed) > _MAX_PARAMETERS:
                    continue
            except Exception as error:
                failures.append(brief(error))
                continue
            torch.manual_seed(self._seed)
            for inputs in pt_inputs.candidates(cls, config, cls.__name__ in self._multiple_choice):
                yield "configuration", config, inputs, {}
                self._shrunk.setdefault(config_class, keep)

    def _from_pairs(self, cls: Any, failures: list[str]) -> Iterator[Trial]:
        del failures
        if cls.config_class is None:
            return
        torch.manual_seed(self._seed)
        for label, config, inputs in pt_pairs.candidates(cls):
            yield label, config, inputs, {}
