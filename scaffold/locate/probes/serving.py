"""Who knows a model's dummy inputs and serving signature: the library's base class, or each model."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight

PATH = "src/transformers/modeling_tf_utils.py"


def _detect(sight: Sight) -> Finding | None:
    # since transformers 814de8fac7 (4.30) TFPreTrainedModel infers `input_signature`
    inferred = sight.find(PATH, r"^    def input_signature\(self\)", "input_signature", "inferred by TFPreTrainedModel")
    return inferred or sight.find(PATH, r"^    def serving\(self, inputs\)", "methods", "no `input_signature` to infer")


FACET = Facet(
    name="serving",
    title="dummy inputs and serving",
    values={
        "input_signature": "inferred by the base class, with a property where it cannot (since 4.30)",
        "methods": "`dummy_inputs`, `serving` and `serving_output` in the models",
    },
    detect=_detect,
)
