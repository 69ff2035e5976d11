"""Functions that draw a mask in NumPy stay what they are, and are called when the graph runs."""

from __future__ import annotations

import ast

from scaffold.translate.in_numpy import draws_a_mask

MASK = '''
def mask_indices(shape, prob: float, attention_mask: Optional[torch.LongTensor] = None) -> np.ndarray:
    """Random spans."""
    lengths = attention_mask.sum(-1).detach().tolist()
    return np.zeros(shape, dtype=bool) | (np.random.rand(*shape) < prob)
'''


def only(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def test_what_draws_a_mask() -> None:
    assert draws_a_mask(only(MASK))
    assert not draws_a_mask(only(MASK.replace("np.random.rand(*shape)", "0.5"))), "it draws nothing"
    assert not draws_a_mask(only(MASK.replace("np.zeros(", "torch.zeros("))), "it computes in PyTorch"
    assert not draws_a_mask(only(MASK.replace(" -> np.ndarray", "")))
