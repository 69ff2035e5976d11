"""Public methods of a model are recorded with what they need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.test_pt_models import check

pytestmark = pytest.mark.e2e


def test_methods_get_inputs_and_outputs_by_their_names(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
from pt_methods import public_methods
from pt_subject import Subject

class Codec(Toy):
    def forward(self, input_ids, return_dict=True):
        return ModelOutput(codes=input_ids * 2)
    def decode(self, codes, scale=1.0):
        return (codes / 2 * scale,)
    def compare(self, input_ids, query_input_ids):
        return ModelOutput(alike=(input_ids == query_input_ids).float())
    def needs(self, something_else):
        raise AssertionError("was called")
    def freeze_all(self):
        raise AssertionError("was called")
    def _own(self, input_ids):
        raise AssertionError("was called")

ids = torch.randint(1, 20, (2, 3))
subject = Subject(Codec(Config()).eval(), {"input_ids": ids}, {}, deadline=time.process_time() + 60)
public_methods(subject)
found = {case.name: case for case in subject.cases}
assert set(found) == {"method_decode", "method_compare"} and not subject.dropped, subject.dropped
assert found["method_decode"].inputs == ["codes"] and found["method_decode"].mode == "method"
assert found["method_compare"].kwargs == {"method": "compare"} and found["method_compare"].flags == {}
""",
    )
