"""Whether the checkout has the TensorFlow auto classes' tables."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight

PATH = "src/transformers/models/auto/modeling_tf_auto.py"


def _detect(sight: Sight) -> Finding | None:
    return sight.find(PATH, r"^TF_MODEL_MAPPING_NAMES\s*=", "mapping_names")


FACET = Facet(
    name="tf_auto",
    title="auto classes",
    values={"mapping_names": "`TF_…_MAPPING_NAMES` tables from model type to class name"},
    detect=_detect,
)
