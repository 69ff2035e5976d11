"""Whether layers build their children themselves."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    # since transformers 050e0b44f6 (4.37) no forward call happens before weights are loaded
    return sight.majority(
        {
            "explicit": r"^    def build\(self, input_shape=None\)",
            "implicit": r"^class TF\w+\((?:tf\.)?keras\.layers\.Layer\)",
        }
    )


FACET = Facet(
    name="build_style",
    title="building of layers",
    values={
        "explicit": "`build(self, input_shape=None)` in every layer and model",
        "implicit": "weights come into being when the model is called on its dummy inputs",
    },
    detect=_detect,
)
