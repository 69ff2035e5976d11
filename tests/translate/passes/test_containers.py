"""Calls of nn.Sequential."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import method_text, port

BODY = """

class QuokkaThing(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.chain = nn.Sequential({layers})

    def forward(self, x: torch.Tensor):
        {use}
"""
LINEAR = "nn.Linear(4, 4), nn.Linear(4, 4)"


def call(tmp_path: Path, use: str, layers: str = LINEAR) -> str:
    return method_text(port(tmp_path, BODY.format(layers=layers, use=use)).text, "TFQuokkaThing", "call")


def test_an_assignment_becomes_a_loop_over_the_layers(tmp_path: Path) -> None:
    text = call(tmp_path, "x = self.chain(x)\n        return x")
    assert "    for layer_module in self.chain:\n        x = layer_module(x)\n    return x" in text


def test_another_name_is_bound_first(tmp_path: Path) -> None:
    text = call(tmp_path, "y = self.chain(x + 1)\n        return y")
    assert "    y = x + 1\n    for layer_module in self.chain:\n        y = layer_module(y)\n    return y" in text


def test_a_call_inside_an_expression_is_computed_before_it(tmp_path: Path) -> None:
    text = call(tmp_path, "return x + self.chain(x)")
    assert "chain_output = x\n" in text
    assert "    return x + chain_output" in text
