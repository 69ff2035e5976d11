"""torch's loss modules as functions.

Source: `torch.nn.modules.loss`, whose forwards call these functions.
"""

from __future__ import annotations

#: torch's loss modules by their functional forms.
_FUNCTIONS = {
    "CrossEntropyLoss": "cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "BCELoss": "binary_cross_entropy",
    "MSELoss": "mse_loss",
    "L1Loss": "l1_loss",
    "SmoothL1Loss": "smooth_l1_loss",
    "HuberLoss": "huber_loss",
    "NLLLoss": "nll_loss",
    "KLDivLoss": "kl_div",
}


#: Modules without weights that models also make and call in one breath: `nn.Softmax(dim=-1)(scores)`.
_INLINE = {
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "ReLU": "relu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
}


def inline_function(qualname: str | None) -> str | None:
    """`torch.nn.Softmax` → `torch.nn.functional.softmax`, and every loss module."""
    if qualname is None or not qualname.startswith("torch.nn."):
        return None
    function = _INLINE.get(qualname.split(".")[-1])
    return f"torch.nn.functional.{function}" if function else loss_function(qualname)


def loss_function(qualname: str | None) -> str | None:
    """`torch.nn.CrossEntropyLoss` → `torch.nn.functional.cross_entropy`."""
    if qualname is None or not qualname.startswith("torch.nn."):
        return None
    function = _FUNCTIONS.get(qualname.split(".")[-1])
    return f"torch.nn.functional.{function}" if function else None
