"""Where the padding of the past stands in XLA's generation."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import method_text, port
from tests.translate.test_generation import DECODER

UPDATE = "_update_model_kwargs_for_xla_generation"
WINDOW = "        window = self.config.sliding_window\n"
BIASED = """
class QuokkaAttention(nn.Module):
    def forward(self, scores, position_bias=None, past_key_value=None):
        return scores + position_bias
"""
BODY = DECODER.format(mixin=", GenerationMixin", more="", method="")


def test_xla_pads_the_past_of_a_windowed_decoder_in_front(tmp_path: Path) -> None:
    assert UPDATE not in port(tmp_path / "none", BODY).text
    text = port(tmp_path / "window", BODY.replace("        return", f"{WINDOW}        return")).text
    update = method_text(text, "TFQuokkaForCausalLM", UPDATE)
    assert "[padding, 0]" in update and "NotImplementedError" not in update


def test_xla_stops_at_the_window_where_keys_are_cut(tmp_path: Path) -> None:
    body = BODY.replace(" return", ' x = {"sliding_window": self.config.sliding_window}\n        return')
    update = method_text(port(tmp_path, body).text, "TFQuokkaForCausalLM", UPDATE)
    assert "if self.config.sliding_window is not None and max_length > self.config.sliding_window:" in update


def test_the_past_of_attention_with_a_bias_by_position_is_padded_in_front(tmp_path: Path) -> None:
    update = method_text(port(tmp_path / "bias", BIASED + BODY).text, "TFQuokkaForCausalLM", UPDATE)
    assert 'model_kwargs["attention_mask"]' in update
    without_past = BIASED.replace(", past_key_value=None", "")
    assert UPDATE not in port(tmp_path / "encoder", without_past + BODY).text


def test_of_an_encoder_decoder_only_the_decoders_own_states(tmp_path: Path) -> None:
    inputs = "attention_mask=None, decoder_input_ids=None, decoder_attention_mask=None, encoder_outputs=None"
    body = BODY.replace("attention_mask=None", inputs)
    update = method_text(port(tmp_path / "bias", BIASED + body).text, "TFQuokkaForCausalLM", UPDATE)
    assert "*layer_past[2:]" in update and 'model_kwargs["decoder_attention_mask"]' in update
    assert UPDATE not in port(tmp_path / "none", body.replace("        return", f"{WINDOW}        return")).text
