"""The first tensor beyond tolerance."""

from __future__ import annotations

import pytest

from scaffold.core.reports import CaseReport, HeadReport
from scaffold.verify import localise
from tests.verify.reports import BROKEN, PASSING, comparison


@pytest.mark.parametrize(
    ("tensors", "first"),
    [
        (("logits", "hidden_states/2", "hidden_states/10", "attentions/2"), "hidden_states/2"),
        (("loss", "logits"), "logits"),
        (("decoder_hidden_states/0", "encoder_hidden_states/3"), "encoder_hidden_states/3"),
        (("logits", "attentions/0", "hidden_states/1"), "attentions/0"),
    ],
)
def test_order(tensors: tuple[str, ...], first: str) -> None:
    case = CaseReport(case="base/full", mode="eager", comparisons=tuple(comparison(t, 1.0) for t in tensors))
    found = localise(HeadReport(tf_class="TFX", pt_class="X", cases=(case,)))
    assert found is not None and found.comparison.tensor == first and first in found.render()


def test_the_case_with_hidden_states_is_preferred_and_eager_before_graph() -> None:
    bad, deep = (comparison("logits", 1.0),), (comparison("logits", 1.0), comparison("hidden_states/0", 1.0))
    cases = (
        CaseReport(case="a", mode="eager", comparisons=bad),
        CaseReport(case="b", mode="graph", comparisons=(*deep, comparison("hidden_states/1", 1.0))),
        CaseReport(case="c", mode="eager", comparisons=deep),
    )
    found = localise(HeadReport(tf_class="TFX", pt_class="X", cases=cases))
    assert found is not None and (found.case, found.mode) == ("c", "eager")


def test_nothing_diverges() -> None:
    assert localise(PASSING) is None
    assert localise(BROKEN) is None
