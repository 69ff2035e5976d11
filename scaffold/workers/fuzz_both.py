"""Answer one question after another: does this class, with this configuration and these inputs, agree with PyTorch?

`python fuzz_both.py SPEC` with SPEC a JSON object (`folder`, `module`, `tf_module`, `pairs`, `config` or null). First line out:
`{"values": …, "flags": […], "activations": […]}`, what may be changed. Then, for each line on standard input (`pt`, `tf`,
`changes`, `batch`, `length`, `mask`, `integers`, `seed`, `limit`), one line out: `status` `ok`, `differs`, `error` (TensorFlow
raised) or `refused` (PyTorch does not take it), `worst` and `where`. Weights are random, halved where PyTorch itself rounds too
much as the probe does it, and go from PyTorch to TensorFlow by the library's loader.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import inspect
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

#: The mildest first; those that take no parameters and are smooth or piecewise linear.
_ACTIVATIONS = ("gelu", "relu", "gelu_new", "silu", "tanh", "gelu_pytorch_tanh", "quick_gelu", "gelu_fast", "mish")

_FORGET_AFTER = 20


class RefusedError(Exception):
    """PyTorch itself does not take this configuration or these inputs."""


def base_config(config: Mapping[str, Any] | None, cls: Any) -> Any:
    """The configuration that cases start from: the recorded one, else the class with its sizes shrunk."""
    from pt_config import candidates

    if config is not None:
        return cls.from_dict(dict(config))
    return next(iter(candidates(cls)))[1]


def make_inputs(cls: Any, config: Any, case: Mapping[str, Any], model: Any) -> tuple[dict[str, Any], Any]:
    """(inputs, outputs) of the first set of inputs that PyTorch takes, its mask as the case wants it."""
    import torch
    from pt_inputs import Dims, candidates

    last: Exception | None = None
    torch.manual_seed(case["seed"])
    for inputs in candidates(cls, config, "MultipleChoice" in cls.__name__, dims=Dims(case["batch"], case["length"])):
        _mask(inputs, case["mask"])
        try:
            return inputs, run_pt(model, inputs)
        except Exception as error:
            last = error
    raise RefusedError(f"{type(last).__name__}: {last}")


def run_pt(model: Any, inputs: Mapping[str, Any]) -> Any:
    """PyTorch's outputs, hidden states among them."""
    import torch

    known = "output_hidden_states" in inspect.signature(type(model).forward).parameters
    with torch.no_grad():
        return model(**inputs, **({"output_hidden_states": True} if known else {}))


def _mask(inputs: dict[str, Any], kind: str) -> None:
    """Change the attention mask in place: none, all ones, padded at the right or left, or with holes."""
    import torch

    for name in [name for name in inputs if name.endswith("attention_mask")]:
        mask = torch.ones_like(inputs[name])
        length = mask.shape[-1]
        if kind == "none":
            del inputs[name]
            continue
        if kind == "right":
            mask[-1:, ..., (length + 1) // 2 :] = 0
        elif kind == "left":
            mask[-1:, ..., : length // 2] = 0
        elif kind == "holes":
            mask[..., 1::3] = 0
        inputs[name] = mask


def run_tf(model: Any, inputs: Mapping[str, Any], integers: str) -> dict[str, NDArray[Any]]:
    """TensorFlow's outputs by path."""
    import tensorflow as tf
    from tf_compare import arrays, flatten
    from tf_model import call

    given = {}
    for name, tensor in inputs.items():
        values = tensor.numpy()
        given[name] = tf.constant(values, dtype=integers if np.issubdtype(values.dtype, np.integer) else None)
    parameters = inspect.signature(model.call).parameters
    options = {"output_hidden_states": True} if "output_hidden_states" in parameters else {}
    return dict(arrays(flatten(call(model, given, training=False, **options))))


class Subject:
    """The two modules, the configuration class and the values that cases change."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        package = f"transformers.models.{spec['folder']}"
        self.pt = importlib.import_module(f"{package}.{spec['module']}")
        self.tf = importlib.import_module(f"{package}.{spec['tf_module']}")
        first = getattr(self.pt, spec["pairs"][0][0])
        self.config_class = first.config_class
        self.config = base_config(spec["config"], self.config_class)

    def describe(self) -> dict[str, Any]:
        """What may be changed: the configuration's plain values, and those that the file's conditions ask for."""
        from pt_variants import find_flags

        values = {n: v for n, v in self.config.to_dict().items() if isinstance(v, bool | int | float | str)}
        source = Path(str(self.pt.__file__)).read_bytes()
        flags = [[flag.name, flag.value] for flag in find_flags(source, values) if flag.name in values]
        return {"values": values, "flags": flags, "activations": self._activations()}

    @staticmethod
    def _activations() -> list[str]:
        from transformers.activations import ACT2FN
        from transformers.activations_tf import ACT2FN as TF_ACT2FN

        return [name for name in _ACTIVATIONS if name in ACT2FN and name in TF_ACT2FN]

    def run(self, case: Mapping[str, Any]) -> dict[str, Any]:
        """One case's verdict."""
        from convert_check import compare
        from pt_conditioning import condition
        from pt_config import fit_token_ids
        from pt_weights import randomise
        from tf_compare import arrays, flatten
        from tf_model import describe
        from transformers.modeling_tf_pytorch_utils import load_pytorch_model_in_tf2_model

        try:
            config = self.config_class.from_dict({**self.config.to_dict(), **case["changes"]})
            config._attn_implementation = "eager"
            fit_token_ids(config)
            pt = getattr(self.pt, case["pt"])(config).eval()
            randomise(pt, case["seed"])
            inputs, expected = make_inputs(type(pt), config, case, pt)
            if condition(pt, inputs):
                expected = run_pt(pt, inputs)
        except Exception as error:  # whatever PyTorch raises, it is PyTorch's word on the case
            return {"status": "refused", "error": f"{type(error).__name__}: {error}"[:400]}
        try:
            tf = load_pytorch_model_in_tf2_model(getattr(self.tf, case["tf"])(config), pt)
            result = compare(run_tf(tf, inputs, case["integers"]), dict(arrays(flatten(expected))))
        except Exception as error:
            return {"status": "error", "error": describe(error)}
        worst = max(result["outputs"] or 0.0, result["hidden_states"] or 0.0)
        bad = worst > case["limit"] or bool(result["absent"])
        shapes = {name: list(value.shape) for name, value in inputs.items()}
        where = result["absent"][0] if result["absent"] else result["worst"]
        return {"status": "differs" if bad else "ok", "worst": min(worst, 1e30), "where": where, "inputs": shapes}


def serve(spec: Mapping[str, Any], answers: TextIO) -> None:
    """Answer until standard input ends; what the libraries print goes to standard error."""
    subject = Subject(spec)
    print(json.dumps(subject.describe()), file=answers, flush=True)
    for number, line in enumerate(sys.stdin, 1):
        print(json.dumps(subject.run(json.loads(line))), file=answers, flush=True)
        if number % _FORGET_AFTER == 0:
            forget()


def forget() -> None:
    """Let Keras drop what it keeps of every model that was ever made, gigabytes after some hundred cases."""
    import tensorflow as tf

    tf.keras.backend.clear_session()
    gc.collect()


def main() -> None:
    """Keep standard output for the answers."""
    import legacy_keras

    legacy_keras.prepare()
    answers = os.fdopen(os.dup(1), "w")
    with contextlib.redirect_stdout(sys.stderr):
        os.dup2(2, 1)
        serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), answers)


if __name__ == "__main__":
    main()
