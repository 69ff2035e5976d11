"""TensorFlow for the tests that run in this process: imported and configured once, whichever test asks first."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import pytest


@cache
def tensorflow() -> Any:
    """The module, on one thread and without an accelerator; skips the test where it is not installed."""
    os.environ.update(
        TF_USE_LEGACY_KERAS="1", CUDA_VISIBLE_DEVICES="", TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0"
    )
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    # Refused once TensorFlow has run something, so it cannot be left to each module that needs it.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return tf
