"""Run one PyTorch modelling file instrumented, on tiny models with random weights, and write what it did.

Usage: probe_pt.py --src CHECKOUT/src --tests CHECKOUT --module FOLDER.modeling_STEM --out DIR
       [--source FILE] [--classes A,B] [--seed 0] [--budget SECONDS] [--no-cases]
Writes DIR/probe.json and DIR/classes/…; the format is in docs/architecture.md ("The probe's files"). Beside the documented
keys probe.json has `dropped` (class → variant → case → reason), `origin` (class → tests | configuration), `tests` (why the
checkout's tests were not used), `environment`, `seed` and `seconds`. The budget is of processor time.
Ends with status 0 when the file was written, 3 when the modelling file cannot be imported.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import shutil
import sys
import time
import traceback
import warnings
from hashlib import sha256
from pathlib import Path
from typing import Any

# Scripted functions and compiled graphs would hide their bodies from the recorder.
os.environ.setdefault("PYTORCH_JIT", "0")
# transformers would import TensorFlow beside PyTorch, which costs seconds and is of no use here
os.environ.setdefault("USE_TF", "0")
os.environ.setdefault("USE_JAX", "0")
os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")

CANNOT_IMPORT = 3


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Probe one PyTorch modelling file.")
    parser.add_argument("--src", type=Path, required=True)
    parser.add_argument("--tests", type=Path, required=True)
    parser.add_argument("--module", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--source", type=Path, help="text to run in the module's place: itself and its parts joined")
    parser.add_argument("--classes", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=150.0)
    parser.add_argument("--no-cases", action="store_true")
    return parser.parse_args()


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
    pt_instrument.install(name, recorder, arguments.source)
    try:
        module = importlib.import_module(name)
    except Exception as error:
        traceback.print_exc()
        print(f"cannot import {name}: {type(error).__name__}: {error}", file=sys.stderr)
        return CANNOT_IMPORT
    return _probe(arguments, module, recorder, started)


def _probe(arguments: argparse.Namespace, module: Any, recorder: Any, started: float) -> int:
    from pt_joined import load_alone
    from pt_origin import Origin
    from pt_run import Probe
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
    source = arguments.source or Path(module.__file__)
    probe = Probe(source, recorder, origin, arguments)
    if arguments.source is not None:
        probe.alone = load_alone(module)
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
