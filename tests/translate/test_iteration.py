"""Loops over what the configuration alone decides are loops over Python's numbers."""

from __future__ import annotations

import pytest

from tests.translate.checkouts import statements


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rates = [x.item() for x in torch.linspace(0, r, n)]", "rates = np.linspace(0, r, n).tolist()"),
        (
            "rates = [x.item() for x in torch.linspace(start=0, end=r, steps=sum(d), device=x.device)]",
            "rates = np.linspace(0, r, sum(d)).tolist()",
        ),
        (
            "rates = [x.tolist() for x in torch.linspace(0, r, sum(d)).split(d)]",
            "rates = [x.tolist() for x in np.split(np.linspace(0, r, sum(d)), np.cumsum(d)[:-1])]",
        ),
        (
            "rates = [x.tolist() for x in torch.Tensor(np.linspace(0, r, sum(d))).split(d)]",
            "rates = [x.tolist() for x in np.split(np.linspace(0, r, sum(d)), np.cumsum(d)[:-1])]",
        ),
    ],
)
def test_numbers_read_from_a_range_are_pythons(before: str, after: str) -> None:
    """A tensor of float32 for a rate of dropping paths meets halves under mixed precision."""
    assert statements(before, r="float", n="int", d="list") == after


def test_a_range_up_to_a_tensor_is_a_tensor() -> None:
    text = statements("rates = [x.item() for x in torch.linspace(0, m, n)]", m="float32[0]", n="int")
    assert "tf.unstack(tf.linspace(0.0, m, n))" in text
