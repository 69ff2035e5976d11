"""Record one case of each class with a checkpoint's weights, in the form of the probe's cases.

Usage: compare_checkpoint.py --src SRC --module FOLDER.modeling_STEM --classes PT,… --checkpoint DIR --out CASES
CASES gets `<PTClass>/base/` as in docs/architecture.md ("The probe's files"), and `problems.json`: class → why there is none.
Weights that the checkpoint lacks (a head) are drawn anew, the same ones on every run.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import warnings
from pathlib import Path
from typing import Any


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--src", type=Path, required=True)
    parser.add_argument("--module", required=True)
    parser.add_argument("--classes", required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def _record(cls: Any, checkpoint: Path, folder: Path, choices: bool) -> None:
    """Save the model, inputs that it runs on, and its outputs."""
    import pt_inputs
    import torch
    from pt_cases import Case, finite, flatten, plain, portable_outputs, save_cases, structure
    from pt_origin import prefer_eager

    torch.manual_seed(0)
    config = prefer_eager(cls.config_class.from_pretrained(str(checkpoint)))
    model = cls.from_pretrained(str(checkpoint), config=config).eval()
    failures = []
    for inputs in pt_inputs.candidates(cls, config, choices):
        try:
            with torch.no_grad():
                outputs = model(**inputs, return_dict=True)
            value, _ = portable_outputs(outputs)
            arrays = {**dict(flatten("in", plain(inputs))), **dict(flatten("out", value))}
            finite(arrays)
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")
            continue
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder, safe_serialization=True, max_shard_size="1000GB")
        case = Case("checkpoint", "forward", {"return_dict": True}, {}, list(inputs), structure(outputs), arrays)
        save_cases([case], folder)
        return
    raise RuntimeError(failures[0] if failures else "no inputs are known for its parameters")


def main() -> int:
    """Exit status 0 when every class was tried."""
    options = _arguments()
    sys.path[:1] = [sys.path[0], str(options.src.resolve())]
    warnings.simplefilter("ignore")
    module = importlib.import_module(f"transformers.models.{options.module}")
    auto = importlib.import_module("transformers.models.auto.modeling_auto")
    choices = set(getattr(auto, "MODEL_FOR_MULTIPLE_CHOICE_MAPPING_NAMES", {}).values())
    problems: dict[str, str] = {}
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.classes.split(","):
        try:
            _record(getattr(module, name), options.checkpoint, options.out / name / "base", name in choices)
        except Exception as error:
            problems[name] = f"{type(error).__name__}: {error}"
    (options.out / "problems.json").write_text(json.dumps(problems), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
