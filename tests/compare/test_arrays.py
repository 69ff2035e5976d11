"""Arrays that lie differently, pad differently or hide with another number are compared for what they say."""

from __future__ import annotations

import numpy as np
import pytest
from compare_arrays import difference, lay, orders

rng = np.random.default_rng(0)


@pytest.mark.parametrize("axes", [(0, 2, 3, 1), (0, 1, 2, 3), (0, 3, 1, 2)])
def test_another_order_of_axes_is_found(axes: tuple[int, ...]) -> None:
    pt = rng.normal(size=(2, 3, 5, 7)).astype("f")
    found = difference(pt, pt.transpose(axes))
    assert found.ok and (found.axes or (0, 1, 2, 3)) == axes
    assert not difference(pt, pt.transpose(axes) + 1e-4).ok


def test_equal_shapes_of_rank_three_are_not_turned() -> None:
    pt = rng.normal(size=(2, 4, 4)).astype("f")
    assert not difference(pt, pt.transpose(0, 2, 1)).ok
    assert difference(pt, pt.transpose(0, 2, 1), free=True).ok


def test_a_border_is_allowed_only_where_it_may_be() -> None:
    pt = rng.normal(size=(2, 3, 8, 8)).astype("f")
    tf = np.pad(pt.transpose(0, 2, 3, 1), [(0, 0), (1, 1), (1, 1), (0, 0)])
    assert difference(pt, tf, padded=True).ok
    assert difference(pt, tf).error == np.inf
    placed = lay(pt, tf)
    assert placed is not None and np.array_equal(placed, tf)


def test_numbers_that_hide_are_equal() -> None:
    pt = np.array([0.5, np.finfo("f").min, -np.inf], "f")
    assert difference(pt, np.array([0.5, -1e4, -1e9], "f")).ok
    assert not difference(pt, np.array([0.5, -100.0, -1e9], "f")).ok


def test_the_scale_is_that_of_the_tensor() -> None:
    pt = np.array([1000.0, 0.0], "f")
    assert difference(pt, np.array([1000.0, 1e-3], "f")).ok
    assert not difference(pt / 1000, np.array([1.0, 1e-3], "f")).ok


def test_the_note_names_the_worst_element() -> None:
    assert difference(np.zeros((2, 2)), np.array([[0, 0], [3, 0]])).note.startswith("at [1, 0]: TensorFlow 3")


def test_a_mask_of_another_kind_is_left_alone() -> None:
    assert lay(np.ones((2, 2), bool), np.zeros((2, 2), "f")) is None
    assert list(orders((2, 3), (3, 2))) == [(1, 0)]
