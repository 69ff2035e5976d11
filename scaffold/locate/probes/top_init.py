"""How `src/transformers/__init__.py` lists what the library exports."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight

PATH = "src/transformers/__init__.py"


def _detect(sight: Sight) -> Finding | None:
    # since transformers 54a123f068 (4.52) the models' names are read from their `__all__`
    derived = sight.find(PATH, r"^\s*\w+\s*=\s*define_import_structure\(", "derived", "read from each model's __all__")
    return derived or sight.find(PATH, r"^    if not is_tf_available\(\):", "lists", "names written out twice")


FACET = Facet(
    name="top_init",
    title="exports of the package",
    values={
        "lists": "every public class is named twice: in `_import_structure` and under TYPE_CHECKING",
        "derived": "the names come from each model file's `__all__`; nothing to register",
    },
    detect=_detect,
)
