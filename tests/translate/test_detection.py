"""What losses of object detection are made of: assignments, places in tensors, lengths of tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scaffold.translate import markers
from tests.frameworks import tensorflow
from tests.translate.checkouts import class_text, port, statements

FUNCTION = Path(__file__).resolve().parents[2] / "templates" / "model" / "functions" / "linear_sum_assignment.py"
BODY = """
from scipy.optimize import linear_sum_assignment


class QuokkaMatcher(nn.Module):
    def __init__(self):
        super().__init__()

    @torch.no_grad()
    def forward(self, cost):
        return linear_sum_assignment(cost)
"""


def test_the_assignment_is_scipys(tmp_path: Path) -> None:
    text = port(tmp_path, BODY).text
    assert "return _linear_sum_assignment(cost)" in class_text(text, "TFQuokkaMatcher")
    assert not markers.parse(text)


def test_it_runs_in_a_graph() -> None:
    pytest.importorskip("scipy")
    tf = tensorflow()
    space = {"tf": tf}
    exec(FUNCTION.read_text(encoding="utf-8"), space)
    cost = np.array([[4.0, 1.0, 3.0], [2.0, 0.0, 5.0]], dtype=np.float32)
    rows, columns = tf.function(space["_linear_sum_assignment"])(tf.constant(cost))
    assert rows.shape == columns.shape == (2,)
    assert (rows.numpy().tolist(), columns.numpy().tolist()) == ([0, 1], [1, 0])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("n = len(x)", "n = shape_list(x)[0]"),
        ("n = len([x])", "n = len([x])"),
        ("idx = (i, j)\ny = x[idx]", "idx = (i, j)\ny = tf.gather_nd(x, tf.stack(idx, axis=-1))"),
        (
            "idx = (i, j)\nx[idx] = v",
            "idx = (i, j)\nx = tf.tensor_scatter_nd_update(x, tf.stack(idx, axis=-1), tf.cast(v, x.dtype))",
        ),
    ],
)
def test_places_and_lengths(before: str, after: str) -> None:
    types = {"x": "float32[3]", "v": "float32[2]", "i": "int64[1]", "j": "int64[1]", "idx": "tuple[2]"}
    assert statements(before, **types) == after
