"""Record PyTorch cases of tiny models in the probe's format: a script for the tests that need real frameworks.

`python make_cases.py OUT SRC SPEC.json`, where SPEC is `{"module": "bert.modeling_bert", "config": "BertConfig", "config_module":
"bert.configuration_bert", "arguments": {…}, "classes": {PTClass: {"base": [{"name", "inputs": {name: spec}, "flags", "mode",
"kwargs"}]}}}` and an input spec is `["ids", shape, high]`, `["ones", shape]`, `["floats", shape]` or `["labels", shape, high]`.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def flatten(value: Any, prefix: str) -> dict[str, Any]:
    if value is None:
        return {}
    if hasattr(value, "to_legacy_cache"):
        value = value.to_legacy_cache()
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, tuple | list):
        pairs = list(enumerate(value))
    else:
        return {prefix: value.detach().numpy()}
    return {path: leaf for key, child in pairs for path, leaf in flatten(child, f"{prefix}/{key}").items()}


def main(out: Path, spec: dict[str, Any]) -> None:
    import numpy as np
    import torch

    module = importlib.import_module(f"transformers.models.{spec['module']}")
    config_class = getattr(importlib.import_module(f"transformers.models.{spec['config_module']}"), spec["config"])
    generator = np.random.default_rng(0)

    def make(kind: str, shape: list[int], high: int = 2) -> Any:
        if kind == "ones":
            return np.ones(shape, dtype="int64")
        if kind == "floats":
            return generator.standard_normal(shape).astype("float32")
        return generator.integers(1 if kind == "ids" else 0, high, shape)

    for name, variants in spec["classes"].items():
        for variant, cases in variants.items():
            torch.manual_seed(0)
            config = config_class(**{**spec["arguments"], **spec.get("variants", {}).get(variant, {})})
            config._attn_implementation = "eager"
            model = getattr(module, name)(config).eval()
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.add_(torch.randn_like(parameter) * 0.1)
            folder = out / "classes" / name / variant
            model.save_pretrained(folder)
            model.save_pretrained(folder / "bin", safe_serialization=False)
            entries = []
            for case in cases:
                inputs = {k: make(*v) for k, v in case["inputs"].items()}
                tensors = {k: torch.from_numpy(v) for k, v in inputs.items()}
                flags, kwargs = case.get("flags", {}), case.get("kwargs", {})
                with torch.no_grad():
                    run = model.generate if case.get("mode") == "generate" else model
                    result = run(**tensors, **flags, **kwargs)
                result = {"sequences": result} if torch.is_tensor(result) else result
                arrays = {f"in/{k}": v for k, v in inputs.items()} | flatten(result, "out")
                np.savez(folder / f"{case['name']}.npz", **arrays)
                entries.append({"mode": "forward", "flags": flags, "kwargs": kwargs, **case, "inputs": sorted(inputs)})
            (folder / "cases.json").write_text(json.dumps(entries))


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[2])
    main(Path(sys.argv[1]), json.loads(Path(sys.argv[3]).read_text()))
