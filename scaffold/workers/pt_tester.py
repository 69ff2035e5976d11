"""Tiny configurations and inputs from the checkout's own PyTorch model tests.

Source of truth: `tests/models/<folder>/test_modeling_<stem>.py` and `_prepare_for_class` in `tests/test_modeling_common.py`.
"""

from __future__ import annotations

import copy
import importlib
import importlib.machinery
import random
import sys
import unittest
from types import ModuleType
from typing import Any

import torch

_MAX_BATCH = 5


class _Anything:
    """Swallows whatever a test module does at import time with a package that only tests need."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and callable(args[0]):
            return args[0]  # used as a decorator
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __iter__(self) -> Any:
        return iter(())


class _Stub(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything()


def _without_pipelines() -> None:
    """The pipeline tests import all of the library and have no part in building a model."""
    name = "tests.test_pipeline_mixin"
    stub = _Stub(name)
    stub.__spec__ = importlib.machinery.ModuleSpec(name, None)
    vars(stub)["PipelineTesterMixin"] = type("PipelineTesterMixin", (), {})
    sys.modules.setdefault(name, stub)


def _import_with_stubs(name: str) -> ModuleType:
    """Import a test module; packages that only the tests need may be absent."""
    for _ in range(12):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if not missing or missing.split(".")[0] in ("tests", "torch", "transformers") or missing in sys.modules:
                raise
            stub = _Stub(missing)
            stub.__spec__ = importlib.machinery.ModuleSpec(missing, None)
            stub.__path__ = []
            sys.modules[missing] = stub
    raise ImportError(f"{name} needs too many absent packages")


def _seed(seed: int) -> None:
    random.seed(seed)
    torch.manual_seed(seed)
    shared = sys.modules.get("tests.test_modeling_common")
    generator = getattr(shared, "global_rng", None)
    if generator is not None:
        generator.seed(seed)


class Tester:
    """One test case class of the checkout, set up: it builds a configuration and inputs for its model classes."""

    def __init__(self, case: Any, seed: int) -> None:
        self._case = case
        self._seed = seed
        self._tester = case.model_tester
        self._batch = getattr(self._tester, "batch_size", None)

    @property
    def classes(self) -> tuple[type, ...]:
        """The model classes this test case covers."""
        listed = getattr(self._case, "all_model_classes", ()) or ()
        generative = getattr(self._case, "all_generative_model_classes", ()) or ()
        return tuple(dict.fromkeys((*listed, *generative)))

    @property
    def num_choices(self) -> int:
        """Choices of a multiple-choice head."""
        return int(getattr(self._tester, "num_choices", 3))

    def build(self, cls: type, small_batch: bool = True) -> tuple[Any, dict[str, Any]]:
        """Configuration and inputs for one class; every call gives the same ones."""
        if isinstance(self._batch, int):
            self._tester.batch_size = min(self._batch, _MAX_BATCH) if small_batch else self._batch
        _seed(self._seed)
        config, inputs = self._tester.prepare_config_and_inputs_for_common()[:2]
        return copy.deepcopy(config), self._for_class(inputs, cls, False)

    def labels(self, cls: type, inputs: dict[str, Any]) -> dict[str, Any]:
        """What the tests add to the inputs when they want a loss."""
        try:
            labelled = self._for_class(inputs, cls, True)
        except Exception:
            return {}
        return {name: value for name, value in labelled.items() if name not in inputs}

    def _for_class(self, inputs: dict[str, Any], cls: type, labels: bool) -> dict[str, Any]:
        try:
            prepared = self._case._prepare_for_class(inputs, cls, return_labels=labels)
        except TypeError:  # some overrides lack the argument
            prepared = self._case._prepare_for_class(inputs, cls)
        return dict(prepared)


def _usable(case: type) -> bool:
    return issubclass(case, unittest.TestCase) and bool(getattr(case, "all_model_classes", ()))


def find_testers(folder: str, stem: str, seed: int) -> tuple[list[Tester], str]:
    """All testers of one modelling file, and why there is none (empty when there is)."""
    name = f"tests.models.{folder}.test_modeling_{stem}"
    _without_pipelines()
    try:
        module = _import_with_stubs(name)
    except Exception as error:
        return [], f"{type(error).__name__}: {error}"
    testers: list[Tester] = []
    reason = f"{name} has no test case with model classes"
    for value in list(vars(module).values()):
        if not isinstance(value, type) or value.__module__ != module.__name__ or not _usable(value):
            continue
        try:
            case: Any = value()
            case.setUp()
            testers.append(Tester(case, seed))
        except (Exception, unittest.SkipTest) as error:
            reason = f"{type(error).__name__}: {error}"
    return testers, "" if testers else reason
