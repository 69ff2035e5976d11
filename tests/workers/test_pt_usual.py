"""The attention that PyTorch takes by default, beside the eager one that is translated."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.test_pt_models import check

pytestmark = pytest.mark.e2e


def test_a_model_whose_attentions_differ_is_found(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
import pt_usual
from pt_origin import construct
from pt_subject import Subject
from pt_weights import randomise
from transformers import FalconConfig, FalconModel

def apart(**changes):
    config = FalconConfig(vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, **changes)
    model = construct(FalconModel, config, 0)
    randomise(model, 0)
    ids = torch.randint(1, 50, (2, 12))
    subject = Subject(model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)}, {}, deadline=time.process_time() + 60)
    subject.run("default", subject.inputs)
    return pt_usual.difference(subject)

assert apart() is None
assert apart(alibi=True) > 1e-3  # its eager code adds the bias twice
""",
    )
