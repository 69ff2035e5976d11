"""Whether TensorFlow files declare a list of pretrained checkpoints."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    return sight.majority({"lists": r"\bTF_\w+_PRETRAINED_MODEL_ARCHIVE_LIST\b"})


FACET = Facet(
    name="archive_lists",
    title="checkpoint lists",
    values={"lists": "`TF_…_PRETRAINED_MODEL_ARCHIVE_LIST`, exported and with a dummy (to 4.40)"},
    detect=_detect,
)
