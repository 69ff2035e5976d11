"""Keras under the name that the release's files have for it."""

from __future__ import annotations

import re

#: Not after a dot (`tf.keras.` is right already), in a path or in an address.
_KERAS = re.compile(r"(?<![\w./\"'])keras\.(?=[A-Za-z_])")


def tf_keras(text: str) -> str:
    """`tf.keras.` for `keras.`, in code and prose; the import that is unused then goes with the other unused ones."""
    return _KERAS.sub("tf.keras.", text)
