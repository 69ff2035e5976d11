"""Functional dropout through a layer."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import method_text, port, statements

BODY = """

class QuokkaThing(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dropout = config.dropout
        self.rate = config.rate

    def forward(self, x: torch.Tensor):
        {}
        return x
"""


def methods(tmp_path: Path, statement: str) -> tuple[str, str]:
    text = port(tmp_path, BODY.format(statement)).text
    return method_text(text, "TFQuokkaThing", "__init__"), method_text(text, "TFQuokkaThing", "call")


def test_the_rate_becomes_a_layer(tmp_path: Path) -> None:
    init, call = methods(tmp_path, "x = F.dropout(x, p=self.dropout, training=self.training)  # why")
    assert "self.dropout = keras.layers.Dropout(config.dropout)" in init
    assert "self.rate = config.rate" in init
    assert "x = self.dropout(x, training=training)  # why" in call
    assert "training: bool = False" in call


def test_a_rate_read_elsewhere_stays_a_number(tmp_path: Path) -> None:
    init, _ = methods(tmp_path, "x = F.dropout(x * self.dropout, p=self.dropout, training=self.training)")
    assert "self.dropout = config.dropout" in init


def test_positional_rates_too(tmp_path: Path) -> None:
    init, call = methods(tmp_path, "x = nn.functional.dropout(x, self.rate, training=self.training)")
    assert "self.rate = keras.layers.Dropout(config.rate)" in init
    assert "x = self.rate(x, training=training)" in call


def test_whether_a_layer_is_left_out_is_decided_in_python() -> None:
    text = "for layer in n:\n    p = torch.rand([])\n    if p < self.layerdrop:\n        continue\n    x = layer(x)"
    assert "p = random.uniform(0, 1)" in statements(text, x="float32[2]", n="list[2]")
    assert statements("p = torch.rand([])") == "p = tf.random.uniform([])"
