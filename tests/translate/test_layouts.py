"""Channels-last shortcuts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.translate.checkouts import method_text, port

BODY = """

class QuokkaPatches(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.projection = nn.Conv2d(config.num_channels, config.hidden_size, kernel_size=4, stride=4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return {}
"""


def call(tmp_path: Path, text: str) -> str:
    return re.sub(r"\s+", " ", method_text(port(tmp_path, BODY.format(text)).text, "TFQuokkaPatches", "call"))


@pytest.mark.parametrize("turn", ["flatten(2).transpose(1, 2)", "flatten(start_dim=2).transpose(2, 1)"])
def test_patches_become_tokens_in_one_reshape(tmp_path: Path, turn: str) -> None:
    text = call(tmp_path, f"self.projection(x).{turn}")
    assert text.count("tf.transpose") == 1
    assert "tf.transpose(x, perm=(0, 2, 3, 1))" in text
    assert "[shape_list(x)[0], -1, self.projection.filters]" in text


@pytest.mark.parametrize("turn", ["flatten(1).transpose(1, 2)", "flatten(2).transpose(0, 1)", "flatten(2)"])
def test_any_other_turn_is_left_to_the_rules(tmp_path: Path, turn: str) -> None:
    assert ".filters" not in call(tmp_path, f"self.projection(x).{turn}")
