"""`torch.gather` of whole rows."""

from __future__ import annotations

import pytest

from tests.translate.checkouts import statements

TYPES = {"x": "float32[3]", "i": "int64[2]", "n": "int", "p": "int64[3]"}
ROWS = "y = tf.gather(x, p[..., 0], axis=1, batch_dims=1)"


@pytest.mark.parametrize(
    "text",
    [
        "p = i.unsqueeze(-1).expand(-1, -1, x.size(-1))",
        "p = i.unsqueeze(2).repeat(1, 1, x.shape[2])",
        "_, _, n = x.size()\np = i.unsqueeze(-1).repeat(1, 1, n)",
        "n = x.shape[-1]\np = i.unsqueeze(-1).expand(i.size(0), 1, n)\nif p.device != x.device:\n    p = p.to(x.device)",
    ],
)
def test_an_index_that_is_stretched_over_the_last_axis_takes_rows(text: str) -> None:
    assert statements(f"{text}\ny = torch.gather(x, 1, p)", **TYPES).split("\n")[-1] == ROWS


@pytest.mark.parametrize(
    "text",
    [
        "p = i.unsqueeze(-1).expand(-1, -1, n)",  # perhaps not the whole row
        "p = i.unsqueeze(1).expand(-1, x.shape[-1], -1)",
        "p = i.unsqueeze(-1).repeat(1, 1, x.shape[1])",
        "p = i.unsqueeze(-1).repeat(1, 1, x.shape[-1])\np = p + 1",
        "if n:\n    p = i.unsqueeze(-1).repeat(1, 1, x.shape[-1])",
    ],
)
def test_others_take_single_elements(text: str) -> None:
    last = " ".join(statements(f"{text}\ny = torch.gather(x, 1, p)", **TYPES).split())
    assert "tf.linalg.matrix_transpose(p)" in last and "[..., 0]" not in last


def test_an_index_that_is_stretched_in_place_of_a_name() -> None:
    text = "y = x.gather(dim=1, index=i.unsqueeze(-1).repeat(1, 1, x.shape[-1]))"
    assert statements(text, **TYPES) == "y = tf.gather(x, i, axis=1, batch_dims=1)"
    assert "matrix_transpose" in statements(text.replace("repeat(1, 1", "repeat(1, 2"), **TYPES)
