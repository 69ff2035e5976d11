"""Give a PyTorch model weights that hide nothing: no zero bias, no unit norm, activations of order one.

Source of truth: fan-in scaling keeps the variance of a layer's output near that of its input.
"""

from __future__ import annotations

import math
from typing import Any

import torch

_BUFFER_NOISE = 0.1


_NORMS = (torch.nn.GroupNorm, torch.nn.LayerNorm, torch.nn.modules.batchnorm._NormBase)


def is_norm(module: Any) -> bool:
    """True for a normalisation, by its class or its name."""
    return isinstance(module, _NORMS) or "norm" in type(module).__name__.lower() and not list(module.children())


def _fan_in(module: Any, parameter: Any) -> int:
    if type(module).__name__ == "Conv1D":  # transformers' transposed linear layer
        return int(parameter.shape[0])
    if isinstance(module, (torch.nn.ConvTranspose1d, torch.nn.ConvTranspose2d, torch.nn.ConvTranspose3d)):
        return int(parameter.shape[0] * math.prod(parameter.shape[2:]) // math.prod(module.stride)) or 1
    return int(math.prod(parameter.shape[1:])) or 1


def _fresh(module: Any, name: str, parameter: Any) -> Any:
    """New values for one parameter, by the kind of layer that owns it."""
    noise = torch.randn(parameter.shape, dtype=torch.float32)
    layer = isinstance(module, (torch.nn.Linear, torch.nn.modules.conv._ConvNd)) or type(module).__name__ == "Conv1D"
    if name == "bias":
        return 0.1 * noise
    if is_norm(module):
        return 1.0 + 0.1 * noise if name == "weight" or _constant(parameter, 1.0) else 0.1 * noise
    if layer and name == "weight":
        return noise / math.sqrt(_fan_in(module, parameter))
    if isinstance(module, torch.nn.Embedding):
        return 0.5 * noise
    return _raw(parameter, noise)


def _constant(parameter: Any, value: float) -> bool:
    return bool((parameter == value).all())


def _raw(parameter: Any, noise: Any) -> Any:
    """A parameter that is no known layer's: keep its character, remove its regularity."""
    old = parameter.detach().float()
    flat = old.flatten()
    if flat.numel() == 0:
        return old
    if bool((flat == flat[0]).all()):  # a constant: layer scale, logit scale, empty tokens
        return old + 0.1 * noise * max(1.0, abs(float(flat[0])))
    if float(flat.std()) < 0.1 and abs(float(flat.mean())) < 0.1:
        return 0.2 * noise
    return old * (1.0 + 0.1 * noise)


def _fill(buffer: Any) -> None:
    """Values for a buffer of zeros or ones: a checkpoint has some, as of the entries of a codebook, and a port must load them."""
    if buffer.is_floating_point() and buffer.numel() > 1:
        if _constant(buffer, 0.0):
            buffer.copy_(0.5 * torch.randn_like(buffer))
        elif _constant(buffer, 1.0):
            buffer.copy_(0.5 + torch.rand_like(buffer))


def randomise(model: Any, seed: int) -> None:
    """Replace every trainable parameter, the running statistics and constant buffers, then tie again what the model ties."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                # What is not trained is computed (sinusoids): changing it would contradict the code that computes it.
                if parameter.requires_grad and parameter.is_floating_point():
                    parameter.copy_(_fresh(module, name, parameter).to(parameter.dtype))
            for name, buffer in module.named_buffers(recurse=False):
                if name == "running_mean":
                    buffer.copy_(_BUFFER_NOISE * torch.randn_like(buffer))
                elif name == "running_var":
                    buffer.copy_(0.5 + torch.rand_like(buffer))
                elif name not in module._non_persistent_buffers_set:
                    _fill(buffer)
    if hasattr(model, "tie_weights"):
        model.tie_weights()


def describe_weights(model: Any) -> dict[str, Any]:
    """Parameter and buffer shapes by state-dict name, groups of names that share storage, and every module's class."""
    parameters = dict(model.named_parameters(remove_duplicate=False))
    state = model.state_dict(keep_vars=True)
    groups: dict[tuple[int, tuple[int, ...]], list[str]] = {}
    for name, tensor in state.items():
        if isinstance(tensor, torch.Tensor) and tensor.numel():
            groups.setdefault((tensor.data_ptr(), tuple(tensor.shape)), []).append(name)
    return {
        "parameters": {name: list(t.shape) for name, t in state.items() if name in parameters},
        "buffers": {
            name: list(t.shape) for name, t in state.items() if name not in parameters and isinstance(t, torch.Tensor)
        },
        "tied": [names for names in groups.values() if len(names) > 1],
        "modules": {
            path: type(module).__name__ for path, module in model.named_modules(remove_duplicate=False) if path
        },
    }
