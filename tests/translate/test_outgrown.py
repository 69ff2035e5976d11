"""A past whose keys change when the text outgrows a length."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.translate.markers import parse
from tests.translate.checkouts import method_text, port

MODEL = """

class QuokkaForCausalLM(QuokkaPreTrainedModel, GenerationMixin):
    def forward(self, input_ids: torch.Tensor = None, attention_mask=None, past_key_values=None, use_cache=None):
        return input_ids

    def prepare_inputs_for_generation(self, input_ids, past_key_values=None, cache_position=None, **kwargs):
        if past_key_values and self.config.rope_scaling and {condition}:
            past_length = cache_position[0]
            if past_length <= self.config.original_length:
                past_key_values = None
        return super().prepare_inputs_for_generation(input_ids, past_key_values=past_key_values, **kwargs)
"""


def prepared(tmp_path: Path, condition: str) -> str:
    text = port(tmp_path, MODEL.format(condition=condition)).text
    return method_text(text, "TFQuokkaForCausalLM", "prepare_inputs_for_generation")


@pytest.mark.parametrize("grown", [">= self.config.original_length + 1", "> self.config.original_length"])
def test_the_step_that_crosses_the_length_is_refused(tmp_path: Path, grown: str) -> None:
    text = prepared(tmp_path, f"input_ids.shape[1] {grown}")
    assert "if past_key_values is not None and self.config.rope_scaling:\n" in text
    assert "limit = self.config.original_length\n" in text
    assert "if crosses and past_length + shape_list(input_ids)[-1] > limit:\n" in text
    assert text.index("raise NotImplementedError") < text.index("input_ids[:, -1:]")
    assert not parse(text)


def test_a_past_dropped_for_another_reason_is_marked(tmp_path: Path) -> None:
    text = prepared(tmp_path, "input_ids.shape[0] > 3")
    assert [m.code for m in parse(text)] == ["TFP122"] and "NotImplementedError" not in text
