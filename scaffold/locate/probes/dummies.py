"""Whether `utils/dummy_tf_objects.py` holds a stand-in for every TensorFlow class."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight

PATH = "src/transformers/utils/dummy_tf_objects.py"


def _detect(sight: Sight) -> Finding | None:
    # since transformers 54a123f068 (4.52) the file keeps generic objects only; TFPreTrainedModel is one of them
    full = sight.find(PATH, r"^class TF(?!PreTrainedModel\b)\w+Model\(metaclass=DummyObject\)", "full")
    return full or sight.find(PATH, r"DummyObject", "generic", "no model class in it")


FACET = Facet(
    name="dummies",
    title="dummy objects",
    values={
        "full": "one dummy for each exported object, in the order of the main `__init__`",
        "generic": "only objects that belong to no model; nothing to register",
    },
    detect=_detect,
)
