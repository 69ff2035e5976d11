"""The probe's order of work: every class in its base configuration, then as decoder, then other branches while there is time.

Source of truth: docs/architecture.md, "The probe's files"; a variant is one folder of cases.
"""

from __future__ import annotations

import argparse
import copy
import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pt_inputs
import pt_usual
import torch
from pt_cases import save_cases, save_model
from pt_conditioning import condition
from pt_joined import difference
from pt_origin import Origin, construct
from pt_recipes import COMBINED, FLAG_UNSAVED, QUICK, RECIPES, resized
from pt_subject import CHANCE, OutOfTime, Subject, brief
from pt_variants import find_flags, flags_of_others
from pt_weights import describe_weights, randomise

VARIANT_SECONDS = 40.0  # of computing
MAX_VARIANTS = 12
MAX_CLASSES = 3  # classes on which a changed configuration value is tried

Recipes = Sequence[Callable[[Subject], None]]


@dataclass(frozen=True)
class Variant:
    """One configuration of a class: changed values, additional inputs, constructor arguments, and what to run.

    `only_if_new` keeps it only when it reached expressions that nothing reached before; `keep` is off where the saved
    configuration could not say what was different.
    """

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    recipes: Recipes = RECIPES
    only_if_new: bool = False
    keep: bool = True


def _body_of(classes: Sequence[Any]) -> Any:
    """The class that the heads build on."""
    return next((cls for cls in classes if cls.__name__.endswith("Model")), classes[0] if classes else None)


def _is_saved(config: Any, name: str) -> bool:
    """True when a configuration that was saved and read again still has an attribute's value.

    A class may have a parameter of its own for what the library stores otherwise (`num_labels` beside `id2label`), and may
    refuse a value that it holds only because it was set afterwards.
    """
    try:
        read = type(config).from_dict(config.to_dict())
    except Exception:
        return False
    return bool(getattr(read, name, None) == getattr(config, name, None))


class Probe:
    """The run over all public classes of one file; `entries` and `dropped` are its report."""

    def __init__(self, path: Path, recorder: Any, origin: Origin, arguments: argparse.Namespace) -> None:
        self._source = path.read_text(encoding="utf-8")
        self._recorder = recorder
        self._origin = origin
        self._seed: int = arguments.seed
        self._out: Path | None = None if arguments.no_cases else arguments.out
        self._deadline = time.process_time() + arguments.budget
        self._variant_time = 0.0
        self._reads_is_decoder = "config.is_decoder" in self._source
        self._body: Any = None
        self.alone: Any = None  # the file without the parts that were joined to it, where there are any
        self._found: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {}
        self.entries: dict[str, dict[str, Any]] = {}
        self.dropped: dict[str, dict[str, dict[str, str]]] = {}

    def run(self, classes: Sequence[Any], others: Sequence[Any]) -> None:
        """Probe models first, then other public modules, then the variants."""
        self._body = _body_of(classes)
        for cls in classes:
            self._base(cls)
        for cls in others:
            self._layer(cls)
        usable = [cls for cls in classes if cls.__name__ in self._found]
        if usable:
            self._decoders(usable)
            self._constructors(usable)
            self._flags(usable)

    def _note(self, cls: Any, variant: str, case: str, reason: str) -> None:
        self.dropped.setdefault(cls.__name__, {}).setdefault(variant, {})[case] = reason

    def _entry(self, cls: Any) -> dict[str, Any]:
        empty: dict[str, Any] = {"parameters": {}, "buffers": {}, "tied": [], "modules": {}, "cases": [], "error": None}
        return self.entries.setdefault(cls.__name__, empty)

    def _base(self, cls: Any) -> None:
        entry = self._entry(cls)
        if time.process_time() > self._deadline:
            entry["error"] = "not run: out of time"
            return
        try:
            with self._recorder.paused():  # of what is tried in vain, nothing may be learnt
                self._found[cls.__name__] = self._origin.find(cls)
        except Exception as error:
            entry["error"] = f"{type(error).__name__}: {error}"
            return
        if not self._variant(cls, Variant("base")) and not (
            self._silenced(cls) and self._variant(cls, Variant("base"))
        ):
            reasons = self.dropped.get(cls.__name__, {}).get("base", {})
            entry["error"] = reasons.get("joined") or next(iter(reasons.values()), "no case could be run")

    def _silenced(self, cls: Any) -> bool:
        """Switch off the noise of a model whose outputs are random: its configuration says how much of it there is."""
        reasons = self.dropped.get(cls.__name__, {}).get("base", {})
        config = self._found[cls.__name__][0]
        scales = [
            name for name, value in vars(config).items() if "noise" in name and isinstance(value, float) and value
        ]
        for name in scales:
            setattr(config, name, 0.0)
        return bool(scales) and any(CHANCE in reason for reason in reasons.values())

    def _layer(self, cls: Any) -> None:
        """A public module that is no model: its parameters, where it takes just a configuration."""
        entry = self._entry(cls)
        for config, _, _ in list(self._found.values())[:1]:
            try:
                entry.update(describe_weights(construct(cls, config, self._seed)))
            except Exception as error:
                entry["error"] = brief(error)

    def _variant(self, cls: Any, variant: Variant) -> bool:
        """One model through the recipes; True when it was kept."""
        config, inputs, labels = self._found[cls.__name__]
        reached = self._recorder.reached
        try:
            config = copy.deepcopy(config)
            for name, value in variant.changes.items():
                setattr(config, name, value)
            model = construct(cls, config, self._seed, variant.arguments)
            randomise(model, self._seed)
            with self._recorder.paused():
                condition(model, {**inputs, **variant.extra})
        except Exception as error:
            self._note(cls, variant.name, "model", brief(error))
            return False
        if variant.name == "base":
            self._entry(cls).update(describe_weights(model))
        settings = copy.deepcopy(model.config)
        subject = Subject(model, {**inputs, **variant.extra}, labels, deadline=self._deadline)
        # Such a model predicts tokens only in its decoder variant.
        subject.bidirectional = self._reads_is_decoder and not getattr(config, "is_decoder", True)
        subject.unsaved = self._unsaved(cls, variant)
        self._recipes(cls, variant, subject)
        self._usual(cls, variant, subject)
        if not subject.cases or (variant.only_if_new and self._recorder.reached == reached):
            return False
        model.config = settings
        if variant.name == "base" and self.alone is not None:
            differs = difference(self.alone, model, inputs, self._seed)
            if differs:
                self._note(cls, variant.name, "joined", differs)
                return False
        if variant.name == "base":
            self._entry(cls)["needed"] = _described(subject.done.get("minimal", {}))
        else:  # a tensor that only another configuration has
            self._entry(cls)["buffers"] |= describe_weights(model)["buffers"]
        if any(not parameter.numel() for parameter in model.parameters()):
            self._note(cls, variant.name, "model", "not kept: a weight has no elements")  # which no checkpoint has
            return True
        kept = variant.keep and all(_is_saved(settings, name) for name in variant.changes)
        if kept and (variant.name == "base" or "default" in subject.done):
            self._save(cls, variant.name, model, subject.cases)
        return True

    def _usual(self, cls: Any, variant: Variant, subject: Subject) -> None:
        """Keep the variants in which PyTorch's default attention computes something else."""
        if variant.arguments:
            return
        try:
            with self._recorder.paused():
                apart = pt_usual.difference(subject)
        except Exception as error:
            self._note(cls, variant.name, "usual_attention", brief(error))
            return
        if apart is not None:
            self._entry(cls).setdefault("other_attention", {})[variant.name] = apart

    def _unsaved(self, cls: Any, variant: Variant) -> frozenset[str]:
        """Calls not worth comparing again: a head passes its inputs on to the body, which is compared by itself."""
        if variant.recipes is QUICK:
            return frozenset(FLAG_UNSAVED)
        return frozenset() if cls is self._body else frozenset(COMBINED)

    def _recipes(self, cls: Any, variant: Variant, subject: Subject) -> None:
        for recipe in variant.recipes:
            try:
                recipe(subject)
            except OutOfTime:
                self._note(cls, variant.name, recipe.__name__, "not run: out of time")
                break
            except Exception as error:
                self._note(cls, variant.name, recipe.__name__, brief(error))
        for case, reason in subject.dropped.items():
            self._note(cls, variant.name, case, reason)

    def _save(self, cls: Any, variant: str, model: Any, cases: list[Any]) -> None:
        if self._out is None:
            return
        folder = self._out / "classes" / cls.__name__ / variant
        for problem in save_model(model, folder):
            self._note(cls, variant, "weights", problem)
        save_cases(cases, folder)
        self._entry(cls)["cases"] += [f"{variant}/{case.name}" for case in cases]

    def _timed(self, cls: Any, variant: Variant) -> bool:
        """Run a variant unless the variants' time is used up."""
        if self._variant_time > VARIANT_SECONDS or time.process_time() > self._deadline:
            self._note(cls, variant.name, "model", "not run: out of time")
            return False
        started = time.process_time()
        try:
            return self._variant(cls, variant)
        finally:
            self._variant_time += time.process_time() - started

    def _decoders(self, classes: Sequence[Any]) -> None:
        """The same classes as decoders, alone and looking at an encoder."""
        for cls in classes:
            config, inputs, _ = self._found[cls.__name__]
            accepts = pt_inputs.signature(cls)
            if not self._reads_is_decoder or "past_key_values" not in accepts:
                continue
            if getattr(config, "is_decoder", None) is not False or getattr(config, "is_encoder_decoder", False):
                continue
            self._timed(cls, Variant("decoder", {"is_decoder": True}))
            width = pt_inputs.lookup(config, "hidden_size", "d_model", "n_embd")
            if "encoder_hidden_states" not in accepts or "add_cross_attention" not in self._source or width is None:
                continue
            main = inputs.get("input_ids")
            batch = int(main.shape[0]) if isinstance(main, torch.Tensor) else pt_inputs.DEFAULT.batch
            torch.manual_seed(7)
            extra = {"encoder_hidden_states": torch.randn(batch, 6, int(width))}
            if "encoder_attention_mask" in accepts:
                extra["encoder_attention_mask"] = pt_inputs.padding_mask(batch, 6)
            changes = {"is_decoder": True, "add_cross_attention": True}
            self._timed(cls, Variant("cross_attention", changes, extra))

    def _constructors(self, classes: Sequence[Any]) -> None:
        """Yes/no arguments of the constructors, for the type database only: no saved file records them."""
        for cls in classes:
            for name, parameter in inspect.signature(cls.__init__).parameters.items():
                if isinstance(parameter.default, bool):
                    arguments = {name: not parameter.default}
                    variant = Variant(f"init-{name}", arguments=arguments, only_if_new=True, keep=False)
                    self._timed(cls, variant)

    def _flags(self, classes: Sequence[Any]) -> None:
        """Configuration values that the file's conditions mention, one changed at a time."""
        config = self._found[classes[0].__name__][0]
        by_name = {cls.__name__: cls for cls in classes}
        base = _body_of(classes)
        values = {"problem_type": None, **vars(config), "num_labels": getattr(config, "num_labels", None)}
        kept = 0
        others = (flag for flag in flags_of_others(self._source, values) if flag.owner in by_name)
        for flag in (*find_flags(self._source, values), *others):
            order = [by_name[flag.owner]] if flag.owner in by_name else list(dict.fromkeys((base, *classes)))
            kept += any(self._flag(cls, flag) for cls in order[:MAX_CLASSES])
            if kept >= MAX_VARIANTS:
                break

    def _flag(self, cls: Any, flag: Any) -> bool:
        changes = {flag.name: flag.value}
        quick = Variant(flag.variant, changes, recipes=QUICK, only_if_new=True)
        if self._timed(cls, quick):
            return True
        if flag.length is None:
            return False
        extra = resized(self._found[cls.__name__][1], flag.length)
        return bool(extra) and self._timed(cls, Variant(flag.variant, changes, extra, recipes=QUICK, only_if_new=True))


def _described(inputs: dict[str, Any]) -> dict[str, list[Any]]:
    """dtype and shape of each tensor."""
    tensors = {name: value for name, value in inputs.items() if isinstance(value, torch.Tensor)}
    return {name: [str(value.dtype).removeprefix("torch."), list(value.shape)] for name, value in tensors.items()}
