"""How the TensorFlow files write optional arguments in type hints."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    # since transformers f8b2574416 (4.30)
    return sight.majority(
        {"future": r"^from __future__ import annotations$", "typing": r"^from typing import .*\bOptional\b"}
    )


FACET = Facet(
    name="annotations",
    title="type hints",
    values={
        "future": "`tf.Tensor | None`, with `from __future__ import annotations` (since 4.30)",
        "typing": "`Optional[tf.Tensor]`",
    },
    detect=_detect,
)
