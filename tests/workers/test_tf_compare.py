"""The comparison of flat output tables."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scaffold.workers.tf_compare import compare, compare_arrays, flatten, unflatten


def test_flatten_numbers_tuples_and_skips_none() -> None:
    nested = {"logits": 1, "past": ((2, 3), (4, None)), "loss": None}
    assert flatten(nested) == {"logits": 1, "past/0/0": 2, "past/0/1": 3, "past/1/0": 4}


def test_unflatten_reverses_flatten() -> None:
    nested = {"input_ids": 1, "past": ((2, 3), (4, None, 5)), "encoder_outputs": {"last": 6}}
    assert unflatten(flatten(nested)) == nested


def test_unflatten_orders_more_than_ten_items_by_number() -> None:
    assert unflatten({f"x/{i}": i for i in reversed(range(12))}) == {"x": tuple(range(12))}


@pytest.mark.parametrize(
    ("pt", "tf", "ok"),
    [
        (1.0, 1.0 + 9e-6, True),
        (1.0, 1.0 + 2e-5, False),
        (1000.0, 1000.009, True),  # relative above 1
        (1000.0, 1000.02, False),
        (0.001, 0.001 + 9e-6, True),  # absolute below 1
        (math.nan, math.nan, True),
        (math.nan, 1.0, False),
        (1.0, math.nan, False),
        (-math.inf, -math.inf, True),
        (-math.inf, math.inf, False),
        (-math.inf, -3.4e38, False),
        (-3.4e38, -3.4e38, True),
    ],
)
def test_limit(pt: float, tf: float, ok: bool) -> None:
    entry = compare_arrays("x", np.array([[0.0, pt]]), np.array([[0.0, tf]]))
    assert entry["ok"] is ok
    assert ok or "at [0, 1]" in entry["note"]


def test_integers_must_be_equal_however_large() -> None:
    assert not compare_arrays("ids", np.array([5_000_000]), np.array([5_000_001]))["ok"]
    assert compare_arrays("ids", np.array([7], dtype="int64"), np.array([7], dtype="int32"))["ok"]
    assert not compare_arrays("ids", np.array([7]), np.array([7.0]))["ok"]


def test_shape_mismatch_fails_even_when_it_would_broadcast() -> None:
    entry = compare_arrays("x", np.zeros((2, 1)), np.zeros((2, 2)))
    assert not entry["ok"] and entry["max_scaled"] == math.inf and "[2, 2]" in entry["note"]


def test_an_output_that_tensorflow_lacks_fails() -> None:
    entries = compare({"logits": np.zeros(2), "loss": np.zeros(())}, {"logits": np.zeros(2)})
    assert [(e["tensor"], e["ok"]) for e in entries] == [("logits", True), ("loss", False)]


def test_an_additional_output_is_noted_but_one_layer_too_many_fails() -> None:
    pt = {"hidden_states/0": np.zeros(2)}
    extra = compare(pt, {"hidden_states/0": np.zeros(2), "pooler_output": np.zeros(2)})
    assert [(e["tensor"], e["ok"]) for e in extra] == [("hidden_states/0", True), ("pooler_output", True)]
    layer = compare(pt, {"hidden_states/0": np.zeros(2), "hidden_states/1": np.zeros(2)})
    assert not layer[-1]["ok"]


def test_a_loss_that_comes_first_in_a_tuple_may_be_a_vector_of_one() -> None:
    (entry, _) = compare({"0": np.array(2.0), "1": np.zeros(2)}, {"0": np.array([2.0]), "1": np.zeros(2)})
    assert entry["ok"]
    (entry, other) = compare({"0": np.array(2.0), "1": np.array(1.0)}, {"0": np.array([2.1]), "1": np.array([1.0])})
    assert not entry["ok"] and not other["ok"]


def test_a_loss_per_example_is_averaged() -> None:
    (entry,) = compare({"loss": np.array(2.0)}, {"loss": np.array([1.0, 3.0])})
    assert entry["ok"] and "mean of 2" in entry["note"]
    assert not compare({"logits": np.array(2.0)}, {"logits": np.array([1.0, 3.0])})[0]["ok"]


def test_a_stacked_cache_is_taken_apart() -> None:
    pt = {"past/0/0": np.zeros(3), "past/0/1": np.ones(3)}
    assert [e["ok"] for e in compare(pt, {"past/0": np.stack([np.zeros(3), np.ones(3)])})] == [True, True]
    assert not all(e["ok"] for e in compare(pt, {"past/0": np.zeros((2, 3))}))


def test_a_bare_tensor_stands_for_the_only_output() -> None:
    assert compare({"sequences": np.array([1])}, {"": np.array([1])})[0]["ok"]
