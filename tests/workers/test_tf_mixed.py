"""What fails in mixed precision, and whose failure it is: asked of small Keras models in a child process."""

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
from legacy_keras import library_keras
from tf_mixed import mixed_precision
from tf_model import CheckFailed, CheckSkipped, outputs

keras = library_keras()

class Port(keras.Model):
    def __init__(self, config):
        super().__init__()
        self.config, self.dense = config, keras.layers.Dense(3, name="dense")

    def call(self, x, mask=None, training=False):
        return {{"y": self.finished(self.dense(x), training)}}

    def finished(self, y, training):
        return y * tf.cast(tf.constant([1, 0, 1]), y.dtype)

class Promoting(Port):
    def finished(self, y, training):
        return y * tf.cast(tf.constant([1, 0, 1]), tf.float32)

class Infinite(Port):
    def finished(self, y, training):
        return y / 0.0 if training else y

class Longer(Port):
    def finished(self, y, training):
        return tf.tile(y, [2, 1]) if training else y

class Lacking(Port):
    def finished(self, y, training):
        return tf.linalg.inv(tf.matmul(y, y, transpose_b=True))

def verdict(cls):
    model, inputs = cls({{}}), {{"x": tf.random.normal([3, 4])}}
    reference = outputs(model, inputs)
    try:
        return mixed_precision(model, inputs, {{}}, reference)
    finally:
        assert keras.mixed_precision.global_policy().name == "float32"

assert verdict(Port) is None
with pytest.raises(tf.errors.InvalidArgumentError, match="bfloat16"):
    verdict(Promoting)
with pytest.raises(CheckFailed, match="y is not finite"):
    verdict(Infinite)
with pytest.raises(CheckFailed, match="y has the shape"):
    verdict(Longer)
with pytest.raises(CheckSkipped, match="TensorFlow has no kernel"):
    verdict(Lacking)
"""


def test_what_a_port_is_to_blame_for(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    outcome = run_worker(script, [], python=sys.executable, src=None, timeout=300)
    assert outcome.ok, outcome.stderr[-2000:]
