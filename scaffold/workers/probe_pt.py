"""Run one PyTorch modelling file instrumented, on tiny models with random weights, and write what it did.

Usage: probe_pt.py --src CHECKOUT/src --tests CHECKOUT --module FOLDER.modeling_STEM --out DIR
       [--classes A,B] [--seed 0] [--budget SECONDS] [--no-cases]
Writes DIR/probe.json and DIR/classes/…; the format is in docs/architecture.md ("The probe's files"). Beside the documented
keys probe.json has `dropped` (class → variant → case → reason), `origin` (class → tests | configuration), `tests` (why the
checkout's tests were not used), `environment`, `seed` and `seconds`.
Ends with status 0 when the file was written, 3 when the modelling file cannot be imported.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import json
import os
import platform
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

# Scripted functions and compiled graphs would hide their bodies from the recorder.
os.environ.setdefault("PYTORCH_JIT", "0")
os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")

VARIANT_SECONDS = 40.0
MAX_VARIANTS = 12
CANNOT_IMPORT = 3


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Probe one PyTorch modelling file.")
    parser.add_argument("--src", type=Path, required=True)
    parser.add_argument("--tests", type=Path, required=True)
    parser.add_argument("--module", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--classes", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=150.0)
    parser.add_argument("--no-cases", action="store_true")
    return parser.parse_args()


class Probe:
    """The run over all public classes of one file."""

    def __init__(self, arguments: argparse.Namespace, module: Any, recorder: Any, origin: Any) -> None:
        self._arguments = arguments
        self._module = module
        self._recorder = recorder
        self._origin = origin
        self._started = time.monotonic()
        self._deadline = self._started + arguments.budget
        self._variant_time = 0.0
        self.entries: dict[str, dict[str, Any]] = {}
        self.dropped: dict[str, dict[str, dict[str, str]]] = {}
        self._source = Path(module.__file__).read_text(encoding="utf-8")
        self._reads_is_decoder = "config.is_decoder" in self._source
        self._found: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {}

    def run(self, classes: Sequence[Any], others: Sequence[Any]) -> None:
        """Every class in its base configuration, then the other configurations while there is time."""
        for cls in classes:
            self._base(cls)
        for cls in others:
            self._layer(cls)
        usable = [cls for cls in classes if cls.__name__ in self._found]
        if usable:
            self._decoders(usable)
            self._flags(usable)

    def _note(self, cls: Any, variant: str, case: str, reason: str) -> None:
        self.dropped.setdefault(cls.__name__, {}).setdefault(variant, {})[case] = reason

    def _entry(self, cls: Any, error: str | None) -> dict[str, Any]:
        return self.entries.setdefault(
            cls.__name__,
            {"parameters": {}, "buffers": {}, "tied": [], "modules": {}, "cases": [], "error": error},
        )

    def _base(self, cls: Any) -> None:
        from pt_recipes import RECIPES

        try:
            self._found[cls.__name__] = self._origin.find(cls)
        except Exception as error:
            self._entry(cls, f"{type(error).__name__}: {error}")
            return
        self._entry(cls, None)
        if not self._variant(cls, "base", {}, {}, RECIPES):
            self._entry(cls, None)["error"] = self.dropped[cls.__name__]["base"].get("default", "no case could be run")

    def _layer(self, cls: Any) -> None:
        """A public module that is no model: its parameters, where it takes just a configuration."""
        from pt_origin import construct
        from pt_weights import describe_weights

        for config, _, _ in list(self._found.values()):
            try:
                weights = describe_weights(construct(cls, config, self._arguments.seed))
            except Exception as error:
                self._entry(cls, f"{type(error).__name__}: {error}")
                return
            self.entries.pop(cls.__name__, None)
            self._entry(cls, None).update(weights)
            return

    def _variant(
        self,
        cls: Any,
        variant: str,
        changes: dict[str, Any],
        extra: dict[str, Any],
        recipes: Sequence[Callable[[Any], None]],
        only_if_new: bool = False,
    ) -> bool:
        """One model with one configuration through the recipes; saved when it has cases (and, if asked, taught something)."""
        from pt_origin import construct
        from pt_subject import OutOfTime, Subject, brief
        from pt_weights import describe_weights, randomise

        config, inputs, labels = self._found[cls.__name__]
        reached = self._recorder.reached
        try:
            config = copy.deepcopy(config)
            for name, value in changes.items():
                setattr(config, name, value)
            model = construct(cls, config, self._arguments.seed)
            randomise(model, self._arguments.seed)
        except Exception as error:
            self._note(cls, variant, "model", brief(error))
            return False
        settings = copy.deepcopy(model.config)
        subject = Subject(model, {**inputs, **extra}, labels, deadline=self._deadline)
        # Such a model predicts tokens only in its decoder variant.
        subject.bidirectional = self._reads_is_decoder and not getattr(config, "is_decoder", True)
        if variant == "base":
            self._entry(cls, None).update(describe_weights(model))
        for recipe in recipes:
            try:
                recipe(subject)
            except OutOfTime:
                self._note(cls, variant, recipe.__name__, "not run: out of time")
                break
            except Exception as error:
                self._note(cls, variant, recipe.__name__, brief(error))
        for case, reason in subject.dropped.items():
            self._note(cls, variant, case, reason)
        if not subject.cases or (only_if_new and self._recorder.reached == reached):
            return False
        model.config = settings
        self._save(cls, variant, model, subject.cases)
        return True

    def _save(self, cls: Any, variant: str, model: Any, cases: list[Any]) -> None:
        from pt_cases import save_cases, save_model

        if self._arguments.no_cases:
            return
        folder = self._arguments.out / "classes" / cls.__name__ / variant
        for problem in save_model(model, folder):
            self._note(cls, variant, "weights", problem)
        save_cases(cases, folder)
        self._entry(cls, None)["cases"] += [f"{variant}/{case.name}" for case in cases]

    def _timed(self, call: Callable[[], bool]) -> bool:
        """Run a variant unless the variants' time is used up."""
        if self._variant_time > VARIANT_SECONDS or time.monotonic() > self._deadline:
            return False
        started = time.monotonic()
        try:
            return call()
        finally:
            self._variant_time += time.monotonic() - started

    def _decoders(self, classes: Sequence[Any]) -> None:
        """The same classes as decoders, alone and looking at an encoder."""
        import pt_inputs
        import torch
        from pt_recipes import RECIPES

        for cls in classes:
            config, inputs, _ = self._found[cls.__name__]
            accepts = pt_inputs.signature(cls)
            if getattr(config, "is_decoder", None) is not False or "past_key_values" not in accepts:
                continue
            if not self._reads_is_decoder or getattr(config, "is_encoder_decoder", False):
                continue
            changes: dict[str, Any] = {"is_decoder": True}
            self._timed(lambda c=cls, x=dict(changes): self._variant(c, "decoder", x, {}, RECIPES))  # type: ignore[misc]
            width = pt_inputs.lookup(config, "hidden_size", "d_model", "n_embd")
            if "encoder_hidden_states" not in accepts or "add_cross_attention" not in self._source or width is None:
                continue
            main = inputs.get("input_ids")
            batch = int(main.shape[0]) if isinstance(main, torch.Tensor) else pt_inputs.DEFAULT.batch
            torch.manual_seed(7)
            extra = {"encoder_hidden_states": torch.randn(batch, 6, int(width))}
            if "encoder_attention_mask" in accepts:
                extra["encoder_attention_mask"] = pt_inputs.padding_mask(batch, 6)
            changes["add_cross_attention"] = True
            self._timed(
                lambda c=cls, x=dict(changes), e=extra: self._variant(c, "cross_attention", x, e, RECIPES)  # type: ignore[misc]
            )

    def _flags(self, classes: Sequence[Any]) -> None:
        """Configuration values that the file's conditions mention, one changed at a time."""
        from pt_recipes import QUICK
        from pt_variants import find_flags

        config = self._found[classes[0].__name__][0]
        names = [cls.__name__ for cls in classes]
        base = next((c for c in classes if not hasattr(c, "base_model_prefix") or c.__name__.endswith("Model")), classes[0])
        kept = 0
        values = {"problem_type": None, **vars(config), "num_labels": getattr(config, "num_labels", None)}
        for flag in find_flags(self._source, values):
            if kept >= MAX_VARIANTS:
                break
            order = [classes[names.index(flag.owner)]] if flag.owner in names else [base, *classes]
            for cls in list(dict.fromkeys(order))[:3]:
                changes = {flag.name: flag.value}
                if self._timed(
                    lambda c=cls, f=flag, x=changes: self._variant(c, f.variant, x, {}, QUICK, True)  # type: ignore[misc]
                ):
                    kept += 1
                    break


def _exported(package: Any, module_name: str) -> list[str]:
    """Names the model's package takes from the modelling module."""
    table = getattr(package, "_class_to_module", {})
    return [name for name, home in table.items() if home == module_name]


def _public(package: Any, module: Any) -> tuple[list[Any], list[Any]]:
    """The public model classes in file order, and other public modules with parameters."""
    import torch
    from transformers import PreTrainedModel

    short = module.__name__.rpartition(".")[2]
    names = _exported(package, short) or list(getattr(module, "__all__", ()))
    found = [v for name, v in vars(module).items() if name in names and isinstance(v, type)]
    found = [v for v in found if v.__module__ == module.__name__ and issubclass(v, torch.nn.Module)]
    models = [v for v in found if issubclass(v, PreTrainedModel) and PreTrainedModel not in v.__bases__]
    models += [v for v in found if PreTrainedModel in v.__bases__ and _has_forward(v)]
    order = {name: index for index, name in enumerate(vars(module))}
    models.sort(key=lambda cls: order[cls.__name__])
    others = [v for v in found if not issubclass(v, PreTrainedModel)]
    return models, others


def _has_forward(cls: Any) -> bool:
    import torch

    return cls.forward is not torch.nn.Module.forward and "forward" in vars(cls)


def _environment() -> dict[str, str]:
    import torch
    import transformers

    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "transformers": str(transformers.__version__),
    }


def _main() -> int:
    arguments = _arguments()
    started = time.monotonic()
    here = sys.path[0]
    sys.path[:1] = [here, str(arguments.src.resolve()), str(arguments.tests.resolve())]
    warnings.simplefilter("ignore")
    import pt_describe
    import pt_instrument
    import torch

    torch.set_num_threads(1)  # threads cost more than they give on matrices this small
    torch.use_deterministic_algorithms(True, warn_only=True)
    recorder = pt_instrument.Recorder(pt_describe.describe)
    name = f"transformers.models.{arguments.module}"
    pt_instrument.install(name, recorder)
    try:
        module = importlib.import_module(name)
    except Exception as error:
        traceback.print_exc()
        print(f"cannot import {name}: {type(error).__name__}: {error}", file=sys.stderr)
        return CANNOT_IMPORT
    return _probe(arguments, module, recorder, started)


def _probe(arguments: argparse.Namespace, module: Any, recorder: Any, started: float) -> int:
    from pt_origin import Origin
    from pt_tester import find_testers

    folder, _, stem = arguments.module.rpartition(".modeling_")
    arguments.out = arguments.out.resolve()
    os.chdir(arguments.tests)  # test modules open fixtures relative to the checkout
    testers, reason = find_testers(folder, stem, arguments.seed)
    auto = importlib.import_module("transformers.models.auto.modeling_auto")
    choices = getattr(auto, "MODEL_FOR_MULTIPLE_CHOICE_MAPPING_NAMES", {})
    origin = Origin(testers, arguments.seed, frozenset(choices.values()))
    package = importlib.import_module(f"transformers.models.{folder}")
    models, others = _public(package, module)
    wanted = {name for name in arguments.classes.split(",") if name}
    if wanted:
        models = [cls for cls in models if cls.__name__ in wanted]
        others = [cls for cls in others if cls.__name__ in wanted]
    arguments.out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(arguments.out / "classes", ignore_errors=True)
    probe = Probe(arguments, module, recorder, origin)
    probe.run(models, others)
    result = {
        "source_sha": sha256(Path(module.__file__).read_bytes()).hexdigest(),
        "seed": arguments.seed,
        "environment": _environment(),
        "sites": recorder.as_json(),
        "classes": probe.entries,
        "coverage": [recorder.reached, len(recorder.sites)],
        "unreached": recorder.unreached(),
        "dropped": probe.dropped,
        "origin": origin.used,
        "tests": reason,
        "seconds": round(time.monotonic() - started, 2),
    }
    partial = arguments.out / "probe.json.part"
    partial.write_text(json.dumps(result) + "\n", encoding="utf-8")
    partial.replace(arguments.out / "probe.json")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
