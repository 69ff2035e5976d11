"""Pools of what a graph does not know the size of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.frameworks import tensorflow

FUNCTIONS = Path(__file__).resolve().parents[3] / "templates" / "model" / "functions"


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["avg_pool", "max_pool"])
@pytest.mark.parametrize("ceil_mode", [True, False])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (5, 3, 0)])
def test_windows_over_the_end_of_an_unknown_length(
    name: str, kernel: int, stride: int, padding: int, ceil_mode: bool
) -> None:
    tf = tensorflow()

    def sizes(tensor: Any) -> list[Any]:
        return [tf.shape(tensor)[axis] if size is None else size for axis, size in enumerate(tensor.shape)]

    found: dict[str, Any] = {"tf": tf, "shape_list": sizes}
    exec((FUNCTIONS / f"{name}.py").read_text(encoding="utf-8"), found)

    def pool(x: Any) -> Any:
        return found[f"_{name}"](x, [kernel], [stride], [padding], ceil_mode=ceil_mode)

    graph = tf.function(pool, input_signature=[tf.TensorSpec([None, 2, None])], autograph=False)
    for length in range(kernel, 9):
        x = tf.random.normal([1, 2, length])
        tf.debugging.assert_near(graph(x), pool(x))
