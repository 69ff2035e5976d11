"""Kernels that a file compiles for itself."""

from __future__ import annotations

from pathlib import Path

from scaffold.translate import markers
from tests.translate.checkouts import class_text, port

BODY = """
Kernel = None


def load_kernels():
    from torch.utils.cpp_extension import load

    global Kernel
    Kernel = load("Kernel", ["kernel.cu"])


class QuokkaThing(nn.Module):
    def __init__(self, config):
        super().__init__()
        if is_torch_cuda_available() and Kernel is None:
            load_kernels()
        self.dense = nn.Linear(4, 4)

    def forward(self, x):
        if Kernel is None:
            return self.dense(x)
        return Kernel.run(x)
"""


def test_they_never_run(tmp_path: Path) -> None:
    text = port(tmp_path, BODY).text
    assert not markers.parse(text)
    assert "load_kernels" not in text
    assert "Kernel" not in class_text(text, "TFQuokkaThing")


NEEDED = """
Kernel = None


def load_kernels():
    global Kernel
    Kernel = load("Kernel", ["kernel.cu"])


def helper(x):
    return x + 1


class QuokkaHash(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return Kernel.hash(helper(x))

    @staticmethod
    def backward(ctx, grad):
        return grad


class QuokkaThing(nn.Module):
    def __init__(self, config):
        super().__init__()
        if is_torch_cuda_available() and Kernel is None:
            load_kernels()
        self.fast = config.fast

    def forward(self, x):
        return QuokkaHash.apply(x) if self.fast else x
"""


def test_what_cannot_do_without_one_says_so(tmp_path: Path) -> None:
    text = port(tmp_path, "from torch.utils.cpp_extension import load\n" + NEEDED).text
    assert not markers.parse(text)
    assert 'raise NotImplementedError("The kernel `Kernel` exists for PyTorch alone.")' in text
    assert "load_kernels" not in text and "def helper" not in text
