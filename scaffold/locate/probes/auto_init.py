"""How `models/auto/__init__.py` exports the auto classes (matters only when a port adds a mapping)."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight

PATH = "src/transformers/models/auto/__init__.py"


def _detect(sight: Sight) -> Finding | None:
    star = sight.find(PATH, r"define_import_structure\(", "star")
    return star or sight.find(PATH, r"^_import_structure\s*=", "guards")


FACET = Facet(
    name="auto_init",
    title="exports of the auto classes",
    values={"guards": "listed behind `is_tf_available()`", "star": "derived from `__all__`"},
    detect=_detect,
)
