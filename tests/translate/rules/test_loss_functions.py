"""The emitted loss functions take labels as a user hands them over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.frameworks import tensorflow

FUNCTIONS = Path(__file__).resolve().parents[3] / "templates" / "model" / "functions"


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "labels"),
    [("nll_loss", [2, -100]), ("cross_entropy", [2, -100]), ("cross_entropy", [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])],
)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_labels_are_tensors_arrays_or_lists(name: str, labels: list[Any], dtype: str) -> None:
    tf = tensorflow()
    found: dict[str, Any] = {"tf": tf, "shape_list": lambda tensor: list(tensor.shape)}
    exec(f"from __future__ import annotations\n{(FUNCTIONS / f'{name}.py').read_text(encoding='utf-8')}", found)
    logits = tf.math.log(tf.constant([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]], dtype))
    losses = [found[f"_{name}"](logits, make(labels)) for make in (tf.constant, np.array, list)]
    assert all(loss.dtype == dtype and float(loss) == float(losses[0]) for loss in losses)


def test_rows_without_labels_have_a_loss_of_blanks() -> None:
    tf = tensorflow()
    found: dict[str, Any] = {"tf": tf, "shape_list": lambda tensor: list(tensor.shape)}
    exec(f"from __future__ import annotations\n{(FUNCTIONS / 'ctc_loss.py').read_text(encoding='utf-8')}", found)
    chances = np.random.default_rng(0).dirichlet(np.ones(5), size=(4, 2)).astype("f")
    nothing, lengths = tf.zeros((0,), tf.int32), tf.constant([4, 3])
    loss = found["_ctc_loss"](tf.math.log(chances), nothing, lengths, tf.constant([0, 0]), reduction="none")
    np.testing.assert_allclose(loss, [-np.log(chances[:n, k, 0]).sum() for k, n in enumerate((4, 3))], rtol=1e-5)
