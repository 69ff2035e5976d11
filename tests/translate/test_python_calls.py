"""Calls of Python's own functions."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, port


def test_a_torch_function_with_some_arguments_given(tmp_path: Path) -> None:
    layer = """
class QuokkaMix(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.mix = partial(torch.tanh)
        self.square = partial(square, by=2)

    def forward(self, x: torch.Tensor):
        return self.square(self.mix(x))
"""
    text = class_text(port(tmp_path, layer).text, "TFQuokkaMix")
    assert "self.mix = lambda tensor: tf.tanh(tensor)" in text
    assert "self.square = partial(square, by=2)" in text


def test_a_tuple_of_a_tensor_is_its_rows(tmp_path: Path) -> None:
    layer = """
class QuokkaRows(nn.Module):
    def forward(self, x: torch.Tensor, sizes):
        x = torch.tanh(x)
        return tuple(x), list(x), tuple(sizes)
"""
    text = class_text(port(tmp_path, layer).text, "TFQuokkaRows")
    assert "return tuple(tf.unstack(x)), list(tf.unstack(x)), tuple(sizes)" in text
