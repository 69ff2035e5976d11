"""How the TensorFlow files normalise the inputs of `call`."""

from __future__ import annotations

from scaffold.core.layout import Finding
from scaffold.locate.facet import Facet, Sight


def _detect(sight: Sight) -> Finding | None:
    return sight.majority({"unpack_inputs": r"^\s*@unpack_inputs", "input_processing": r"=\s*input_processing\("})


FACET = Facet(
    name="call_inputs",
    title="inputs of call",
    values={
        "unpack_inputs": "the decorator `@unpack_inputs` (since 4.18)",
        "input_processing": "a call of `input_processing(…)` at the top of each method",
    },
    detect=_detect,
)
