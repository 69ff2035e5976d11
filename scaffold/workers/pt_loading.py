"""A PyTorch model with the weights that the probe saved: by the library, or without it where a release's own loading is broken.

4.51 names accelerate's `init_empty_weights` (`modeling_utils.py`, `get_init_context`) whether or not accelerate is installed, so
without that package it loads no PyTorch model at all.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import torch


def load_pt(cls: Any, folder: Path, config: Any) -> Any:
    """`cls.from_pretrained`; where that names what is not there, the class made of the configuration with the saved state."""
    try:
        return cls.from_pretrained(str(folder), config=config)
    except NameError:
        return _built(cls, folder, config)


def _built(cls: Any, folder: Path, config: Any) -> Any:
    """Ties are made anew: a file has one name of a shared weight. ValueError when a weight gets no value, or a value is left."""
    model = cls(config)
    pickled = folder / "pytorch_model.bin"
    if pickled.is_file():
        state = torch.load(pickled, map_location="cpu", weights_only=True)
    else:
        from safetensors.torch import load_file

        state = load_file(folder / "model.safetensors")
    missing, unexpected = model.load_state_dict(state, strict=False)
    model.tie_weights()
    now = model.state_dict(keep_vars=True)
    given = {now[name].data_ptr() for name in state if name in now}
    left = [name for name in missing if name in now and now[name].data_ptr() not in given]
    if left or unexpected:
        raise ValueError(f"the saved weights are not the model's: {', '.join([*left, *unexpected])[:200]}")
    return model.eval()


def accepted(model: Any, flags: dict[str, Any]) -> dict[str, Any]:
    """The flags without a `return_dict` that the model's `forward` does not take, as a vocoder's does not."""
    parameters = inspect.signature(model.forward).parameters
    any_name = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return {name: v for name, v in flags.items() if name != "return_dict" or name in parameters or any_name}
