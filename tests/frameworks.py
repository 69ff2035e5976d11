"""TensorFlow for the tests that run in this process: imported and configured once, whichever test asks first."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import pytest


@cache
def tensorflow() -> Any:
    """The module, on one thread and without an accelerator; skips the test where it is not installed."""
    # Threads by the environment: the calls of tf.config are refused once anything at all in this process has run TensorFlow.
    threads = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    quiet = {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    os.environ.update(threads, **quiet, TF_USE_LEGACY_KERAS="1")
    return pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
