"""Calls of nn.Sequential."""

from __future__ import annotations

from pathlib import Path

from scaffold.translate import markers
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


def test_layers_called_differently_go_one_by_one(tmp_path: Path) -> None:
    text = call(tmp_path, "x = self.chain(x)\n        return x", "nn.Linear(4, 8), nn.GELU(), nn.Dropout(0.1)")
    assert "training: bool = False" in text
    steps = ["x = self.chain[0](x)", "x = self.chain[1](x)", "x = self.chain[2](x, training=training)"]
    assert "".join(f"    {step}\n" for step in steps) in text
    assert "for layer_module" not in text


def test_convolutions_are_turned_to_channels_last_and_back(tmp_path: Path) -> None:
    text = call(tmp_path, "x = self.chain(x)\n        return x", "nn.Conv1d(4, 8, 3), nn.ReLU()")
    assert "x = tf.transpose(self.chain[0](tf.transpose(x, perm=(0, 2, 1))), perm=(0, 2, 1))" in text
    assert "x = self.chain[1](x)" in text
    assert not markers.parse(text)  # nothing is known of the rank of x here, and Keras refuses another one


def test_a_chain_of_dropouts_loops_with_training(tmp_path: Path) -> None:
    text = call(tmp_path, "return self.chain(x)", "*[nn.Dropout(0.1) for _ in range(3)]")
    assert "        chain_output = layer_module(chain_output, training=training)\n" in text


def test_members_are_built_with_their_own_shapes(tmp_path: Path) -> None:
    body = BODY.format(layers="nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 2)", use="return self.chain(x)")
    build = method_text(port(tmp_path, body).text, "TFQuokkaThing", "build")
    assert "self.chain[0].build([None, None, 4])" in build
    assert "self.chain[2].build([None, None, 8])" in build
    assert "self.chain[1]" not in build


TABLE = """

class QuokkaThing(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.table = {{}}
        for i in range({range}):
            self.table[i] = {value}, config.size

    def forward(self, x: torch.Tensor, i: int):
        return x * self.table[i][0]
"""


def test_a_table_by_numbers_from_zero_is_a_list(tmp_path: Path) -> None:
    text = port(tmp_path, TABLE.format(range="config.depth", value="(i, 1)")).text
    assert "self.table = []" in text
    assert "self.table.append(((i, 1), config.size))" in text
    others = [
        TABLE.format(range="1, config.depth", value="i"),
        TABLE.format(range="config.depth", value="i").replace("[i][0]", ".get(i)[0]"),
    ]
    assert all("self.table = {}" in port(tmp_path, other).text for other in others)
