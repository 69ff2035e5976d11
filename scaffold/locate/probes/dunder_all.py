"""Whether the TensorFlow files end with an `__all__`."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    return sight.majority({"present": r"^__all__\s*="})


FACET = Facet(
    name="dunder_all",
    title="__all__ in model files",
    values={"present": "the model's `__init__` exports what `__all__` lists (since 4.48)"},
    detect=_detect,
)
