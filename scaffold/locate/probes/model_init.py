"""How the model's own `__init__.py` exports its modules."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    path = f"{sight.names.package_path}/__init__.py"
    # since transformers f24f084329 (4.45) for a few models, 8e806a336f (4.48) for nearly all
    star = sight.find(path, r"define_import_structure\(", "star", "exports follow each module's __all__")
    return star or sight.find(path, r"^_import_structure\s*=", "guards", "names listed behind is_…_available()")


FACET = Facet(
    name="model_init",
    title="exports of the model's folder",
    values={
        "guards": "`_import_structure` blocks behind `is_tf_available()`, in two halves",
        "star": "one `from .modeling_tf_… import *` line, and an `__all__` in the TensorFlow file",
    },
    detect=_detect,
)
