"""Whether TensorFlow files declare a list of pretrained checkpoints."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    # since transformers 39114c0383 (4.40) the lists lie in one deprecated module, which got no new ones
    moved = sight.find(
        "src/transformers/models/deprecated/_archive_maps.py", r"^TF_\w+_PRETRAINED_MODEL_ARCHIVE_LIST", "moved"
    )
    return moved or sight.majority({"lists": r"^TF_\w+_PRETRAINED_MODEL_ARCHIVE_LIST\s*="})


FACET = Facet(
    name="archive_lists",
    title="checkpoint lists",
    values={
        "lists": "`TF_…_PRETRAINED_MODEL_ARCHIVE_LIST` in each model file, exported and with a dummy (to 4.39)",
        "moved": "kept for old callers in `models/deprecated/_archive_maps.py`; nothing to register (4.40)",
    },
    detect=_detect,
)
