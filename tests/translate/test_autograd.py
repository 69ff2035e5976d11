"""Functions with a gradient of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frameworks import tensorflow
from tests.translate.checkouts import port

GRADIENT = """
class QuokkaSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, mask, dim):
        ctx.dim = dim
        ctx.scale = 2.0
        output = torch.softmax(input * ctx.scale + mask, ctx.dim)
        ctx.save_for_backward(output)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        return softmax_back(grad_output), None, None


class QuokkaChoice:
    def __init__(self):
        self.mask = 0


class QuokkaGate(nn.Module):
    def forward(self, hidden_states: torch.Tensor):
        return QuokkaSoftmax.apply(hidden_states, QuokkaChoice().mask, -1)
"""


def test_a_function_with_a_gradient_of_its_own_is_its_value(tmp_path: Path) -> None:
    text = port(tmp_path, GRADIENT).text
    assert "return _quokka_softmax(hidden_states, QuokkaChoice().mask, -1)" in text
    assert "def _quokka_softmax(input, mask, dim):" in text and "ctx" not in text and "backward" not in text
    assert "output = stable_softmax(logits=input * scale + mask, axis=dim)" in text
    assert "class QuokkaChoice:\n    def __init__(self):\n        self.mask = 0\n" in text


CLIPPED = """
def to_contiguous(x):
    if not x.is_contiguous():
        x = x.contiguous()
    return x


class QuokkaScale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: torch.Tensor, by: torch.Tensor, config):
        power = config["power"]
        scaled = x * by**power
        ctx.save_for_backward(x, by)
        ctx.config = config
        return scaled * 2

    @staticmethod
    def backward(ctx, grad):
        grad = to_contiguous(grad)
        x, by = ctx.saved_tensors
        config = ctx.config
        power = config["power"]
        # no more than that
        clipped = torch.clamp(grad, max=power)
        return clipped * by, None, None


class QuokkaGate(nn.Module):
    def forward(self, hidden_states: torch.Tensor, by: torch.Tensor):
        return QuokkaScale.apply(hidden_states, by, {"power": 2})
"""


def function(text: str) -> str:
    return text[text.index("def _quokka_scale") :].split("\n\n\n")[0]


def test_a_gradient_of_torch_functions_is_written_out(tmp_path: Path) -> None:
    text = port(tmp_path, CLIPPED).text
    assert "return _quokka_scale(hidden_states, by, " in text and "to_contiguous" not in text
    assert (
        function(text)
        == '''def _quokka_scale(x: tf.Tensor, by: tf.Tensor, config):
    """The value and the gradient that `QuokkaScale` has in PyTorch."""

    @tf.custom_gradient
    def quokka_scale(x):
        power = config["power"]
        scaled = x * by**power

        def backward(grad):
            # no more than that
            clipped = tf.minimum(grad, power)
            return clipped * by

        return scaled * 2, backward

    return quokka_scale(x)'''
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("clipped = torch.clamp(grad, max=power)", "clipped = helper(grad)"),  # something of the file
        ("clipped = torch.clamp(grad, max=power)", "clipped = torch.no_such_function(grad)"),
        ("clipped = torch.clamp(grad, max=power)", "clipped = grad * ctx.other"),
        ("x, by = ctx.saved_tensors", "by, x = ctx.saved_tensors"),
        ("# no more than that", "by = by + 1"),
        ("return scaled * 2", "by = by + 1\n        return scaled * 2"),
        ("scaled = x * by**power", "if power == 1:\n            return x\n        scaled = x * by**power"),
        ("return clipped * by, None, None", "return clipped * by"),
    ],
)
def test_other_gradients_are_left_to_tensorflow(tmp_path: Path, before: str, after: str) -> None:
    found = function(port(tmp_path, CLIPPED.replace(before, after)).text)
    assert "TensorFlow finds its gradient itself." in found and "custom_gradient" not in found and "TODO" not in found


@pytest.mark.e2e
def test_the_gradient_is_the_one_that_is_written_out(tmp_path: Path) -> None:
    tf = tensorflow()
    found = {"tf": tf}
    exec(function(port(tmp_path, CLIPPED).text), found)
    x, by = tf.constant([1.0, 2.0]), tf.constant([3.0, 0.5])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = found["_quokka_scale"](x, by, {"power": 2}) * tf.constant([1.0, 7.0])
    assert y.numpy().tolist() == [18.0, 7.0]
    assert tape.gradient(y, x).numpy().tolist() == [3.0, 1.0]
