"""Where the TensorFlow files take Keras from."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    return sight.majority({"tf.keras": r"\btf\.keras\.layers\.Layer\b", "keras": r"(?<!\.)\bkeras\.layers\.Layer\b"})


FACET = Facet(
    name="keras_import",
    title="Keras import",
    values={
        "keras": "`from ...modeling_tf_utils import keras` (since 415e9a0980, 4.38)",
        "tf.keras": "`tf.keras`",
    },
    detect=_detect,
)
