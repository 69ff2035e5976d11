"""Which Keras TensorFlow takes, settled before it is imported, and which the library builds its models with.

Scaffold sets TF_USE_LEGACY_KERAS for every worker: from TensorFlow 2.16 on `tf.keras` is Keras 3 without it. Older releases
have Keras 2 of their own; 2.15 looks for the separate package all the same where the variable is set, and either fails
without it or, with one of another release, builds models under doubled names.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
from typing import Any

_NAMES = ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tensorflow-intel")


#: What a worker started by hand lacks; scaffold sets all of it (core/child.py).
_DEFAULTS = {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}


def prepare() -> None:
    """The environment of a worker that imports TensorFlow."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    settle()


def settle() -> None:
    """Take the variable away where the installed TensorFlow has no use for it."""
    if _release() < (2, 16) or importlib.util.find_spec("tf_keras") is None:
        os.environ.pop("TF_USE_LEGACY_KERAS", None)


def library_keras() -> Any:
    """The Keras of the library's models: its own name for it since 415e9a0980 (4.38), `tf.keras` before."""
    import tensorflow as tf
    import transformers.modeling_tf_utils as library

    return getattr(library, "keras", None) or tf.keras


def _release() -> tuple[int, ...]:
    """Major and minor number of the installed TensorFlow; a high one where that is not known."""
    for name in _NAMES:
        try:
            return tuple(int(number) for number in re.findall(r"\d+", importlib.metadata.version(name))[:2])
        except importlib.metadata.PackageNotFoundError:
            continue
    return (99, 0)
