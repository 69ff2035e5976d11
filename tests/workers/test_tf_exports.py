"""Exports of one of the library's own models, in a child process as the verification makes them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from scaffold.core.child import WORKERS, run_worker

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="transformers is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="tensorflow is not installed"),
]

SCRIPT = f"""
import sys
sys.path.insert(0, {str(WORKERS)!r})
import legacy_keras
legacy_keras.prepare()
import numpy as np
import pytest
import tensorflow as tf
import tf_exports
from tf_cases import Case
from tf_compare import compare
from tf_exports import TOLERANCES, NotExported, _by_position, by_path, candidates, exported
from transformers import BertConfig, TFBertModel

model = TFBertModel(BertConfig(vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8))
ids = np.array([[1, 2, 3]], np.int64)
mask = np.array([[1, 1, 0]], np.int64)

# no case has what the signature takes, all together do
parts = [
    Case("base/minimal", "forward", {{}}, {{}}, {{"input_ids": ids}}, {{}}),
    Case("base/masked", "forward", {{}}, {{}}, {{"inputs_embeds": np.ones((1, 3, 8), np.float32), "attention_mask": mask}}, {{}}),
    Case("base/types", "forward", {{}}, {{}}, {{"input_ids": ids[:, ::-1], "token_type_ids": 1 - mask}}, {{}}),
]
for case in parts:
    with pytest.raises(NotExported, match="its signature takes attention_mask, input_ids, token_type_ids"):
        exported(model, "savedmodel", case.inputs, {{}})
*tried, whole = candidates(model, "savedmodel", parts)
assert tried == parts and list(whole.inputs) == ["attention_mask", "input_ids", "token_type_ids"]
assert (whole.inputs["input_ids"] == ids[:, ::-1]).all() and whole.inputs["token_type_ids"][0, 2] == 1
found = exported(model, "savedmodel", whole.inputs, {{}})
assert found and all(entry["ok"] for entry in compare({{k: whole.expected[k] for k in found}}, found, TOLERANCES["savedmodel"]))
found["last_hidden_state"] = found["last_hidden_state"] + 1e-3
assert not all(entry["ok"] for entry in compare({{k: whole.expected[k] for k in found}}, found, TOLERANCES["savedmodel"]))
assert list(candidates(model, "savedmodel", parts[:2])) == parts[:2]
shorter = Case("base/shorter", "forward", {{}}, {{}}, {{"input_ids": ids[:, :2], "token_type_ids": mask[:, :2]}}, {{}})
*tried, whole_again = candidates(model, "savedmodel", [shorter, *parts])  # the mask is of another length than these
assert [value.shape for value in whole_again.inputs.values()] == [(1, 3)] * 3
assert list(candidates(model, "savedmodel", [shorter, parts[1]])) == [shorter, parts[1]]
assert list(candidates(model, "tflite", parts)) == parts
empty = Case("base/empty", "forward", {{}}, {{}}, {{"input_ids": ids}}, {{"last_hidden_state": np.ones((1, 0, 8))}})
assert list(candidates(model, "tflite", [empty, *parts])) == [*parts, empty]

# a SavedModel serves single tensors: of a tuple stacked, or by number
served = {{"a": np.ones(2), "past": np.arange(8).reshape(2, 2, 2), "maps_0": np.zeros(1), "maps_1": np.ones(3)}}
served["key_1"] = np.eye(2)
expected = ["a", "past/0/1", "past/1/0", "maps/1", "key/1/1", "key/0/0", "lacking/0", "maps/part/1"]
assert {{path: value.tolist() for path, value in by_path(served, expected).items()}} == {{
    "a": [1, 1], "past/0/1": [2, 3], "past/1/0": [4, 5], "maps/1": [1, 1, 1], "key/1/1": [0, 1]
}}

found = exported(model, "tflite", whole.inputs, {{}})
assert all(entry["ok"] for entry in compare(whole.expected, found, TOLERANCES["tflite"]))

# a result that is drawn at random is no case
tf_exports.call = lambda model, inputs, training: {{"drawn": tf.random.normal([3])}}
assert list(candidates(model, "savedmodel", parts)) == parts

# a model without a signature: eleven outputs, told by their position
function = tf.function(lambda a, b: {{f"{{n:02}}": a * float(n) - b for n in range(11)}})
concrete = function.get_concrete_function(tf.TensorSpec([2], name="a"), tf.TensorSpec([2], name="b"))
converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
content = converter.convert()
interpreter = tf.lite.Interpreter(model_content=content, num_threads=1)
values = _by_position(interpreter, {{"b": np.ones(2, np.float32), "a": np.array([1, 2], np.float32)}})
assert [value.tolist() for value in values] == [[n - 1, 2 * n - 1] for n in range(11)]
"""


def test_a_model_is_exported_by_the_inputs_that_its_format_takes(tmp_path: Path) -> None:
    script = tmp_path / "check.py"
    script.write_text(SCRIPT, encoding="utf-8")
    result = run_worker(script, [], python=sys.executable, src=None, timeout=300)
    assert result.ok, result.stderr[-3000:]
