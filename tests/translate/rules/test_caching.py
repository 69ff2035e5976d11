"""The API of caches by its methods, and the functions a port gets for it."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.frameworks import tensorflow
from tests.translate.checkouts import statements

FUNCTIONS = Path(__file__).resolve().parents[3] / "templates" / "model" / "functions"
IMPORTS = "from transformers.cache_utils import DynamicCache, HybridCache\n"


def written(text: str) -> str:
    return statements(IMPORTS + text, k="float32[4]", v="float32[4]", n="int").split("\n")[-1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("past = DynamicCache()", "past = []"),
        ("past = HybridCache(self.config, max_batch_size=n, device=None)", "past = []"),
        ("past = DynamicCache.from_legacy_cache(past)", "past = list(past)"),
        ("past = DynamicCache.from_legacy_cache(past_key_values=past)", "past = list(past)"),
        ("y = past.to_legacy_cache()", "y = tuple(past)"),
        ("y = past.get_seq_length()", "y = cache_length(past)"),
        ("y = past.get_seq_length(self.layer_idx)", "y = cache_length(past, self.layer_idx)"),
        ("y = past.get_usable_length(n, 1)", "y = cache_length(past, 1)"),
        ("y = past.get_max_cache_shape()", "y = None"),
        ("k, v = past.update(k, v, 1)", "k, v = update_cache(past, k, v, 1)"),
        ('k, v = past.update(k, v, 1, {"sin": k})', "k, v = update_cache(past, k, v, 1)"),
        (
            'k, v = past.update(k, v, 1, {"sliding_window": self.window})',
            "k, v = within_window(update_cache(past, k, v, 1), k, self.window)",
        ),
        ('options.update({"a": n})', 'options.update({"a": n})'),
    ],
)
def test_calls(before: str, after: str) -> None:
    assert written(before) == after


def test_options_may_have_a_name() -> None:
    text = 'options = {"sliding_window": n}\nk, v = past.update(k, v, 1, options)'
    assert written(text) == "k, v = within_window(update_cache(past, k, v, 1), k, n)"


def functions(*names: str) -> dict[str, Any]:
    found: dict[str, Any] = {"tf": tensorflow(), "math": math, "shape_list": lambda t: t.shape.as_list()}
    for name in names:
        exec((FUNCTIONS / f"{name}.py").read_text(encoding="utf-8"), found)
    return found


@pytest.mark.e2e
def test_a_cache_grows_and_a_tuple_is_only_read() -> None:
    f = functions("update_cache", "cache_length")
    new = f["tf"].ones([1, 2, 3, 4])
    cache: list[Any] = []
    for length in (3, 6):
        keys, values = f["update_cache"](cache, new, new, 0)
        assert keys.shape == values.shape == (1, 2, length, 4) and f["cache_length"](cache) == length
    assert f["cache_length"](cache, 1) == 0
    past = tuple(cache)
    assert f["update_cache"](past, new, new, 0)[0].shape == (1, 2, 9, 4) and past[0][0].shape == (1, 2, 6, 4)


_MODULE = """
import tensorflow as tf

def shape_list(tensor):
    return [tf.shape(tensor)[i] if d is None else d for i, d in enumerate(tensor.shape)]

"""


@pytest.mark.e2e
def test_a_single_token_sees_the_window_also_where_a_graph_does_not_know_that_it_is_one(tmp_path: Path) -> None:
    tf = tensorflow()
    file = tmp_path / "window.py"  # a graph takes its branches from a source that can be read
    file.write_text(_MODULE + (FUNCTIONS / "within_window.py").read_text(encoding="utf-8"), encoding="utf-8")
    within_window = runpy.run_path(str(file))["within_window"]
    keys = tf.reshape(tf.range(24.0), [1, 1, 6, 4])
    spec = tf.TensorSpec([None, 1, None, 4])

    @tf.function(input_signature=[spec, spec])
    def in_graph(states: Any, new: Any) -> Any:
        return within_window((states, states), new, 2)[0]

    for new, seen in ((keys[:, :, :1], 2), (keys[:, :, :3], 6)):
        expected = keys[:, :, -seen:].numpy().tolist()
        assert within_window((keys, keys), new, 2)[0].numpy().tolist() == expected
        assert in_graph(keys, new).numpy().tolist() == expected
    assert within_window((keys, keys), keys[:, :, :1], None)[0] is keys


FACTORS = {"long_factor": [1 + i / 2 for i in range(32)], "short_factor": [1 + i / 9 for i in range(32)]}
SCALING: dict[str, dict[str, Any]] = {
    "default": {},
    "linear": {"factor": 2.5},
    "dynamic": {"factor": 2.0},
    "yarn": {"factor": 4.0, "beta_fast": 16},
    "longrope": {"factor": 4.0, **FACTORS},
    "llama3": {
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 512,
    },
}


@pytest.mark.e2e
@pytest.mark.parametrize("kind", SCALING)
@pytest.mark.parametrize("length", [None, 10, 5000])
@pytest.mark.parametrize("original", [None, 512])
def test_frequencies_are_those_of_the_library(kind: str, length: int | None, original: int | None) -> None:
    library = pytest.importorskip("transformers.modeling_rope_utils", reason="no PyTorch side of Transformers")
    config = SimpleNamespace(
        hidden_size=256, num_attention_heads=4, max_position_embeddings=2048, rope_theta=10000.0, head_dim=64
    )
    config.rope_scaling = SCALING[kind] or None
    if original is not None:
        config.original_max_position_embeddings = original
    expected, factor = library.ROPE_INIT_FUNCTIONS[kind](config, "cpu", seq_len=length)
    tf = functions()["tf"]
    given = None if length is None else tf.constant(length)
    found, scaling = functions("rope_parameters")["rope_parameters"](kind, config, seq_len=given)
    assert abs(found.numpy() - expected.numpy()).max() < 1e-6
    assert abs(float(scaling) - factor) < 1e-6
