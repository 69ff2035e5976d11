"""Rotary embeddings whose frequencies depend on the input."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, method_text, port

ROTARY = """
from ...modeling_rope_utils import ROPE_INIT_FUNCTIONS


class QuokkaRotaryEmbedding(nn.Module):
    def __init__(self, config, device=None):
        super().__init__()
        self.rope_kwargs = {}
        self.rope_type = config.rope_type
        self.config = config
        self.rope_init_fn = ROPE_INIT_FUNCTIONS[self.rope_type]
        inv_freq, self.attention_scaling = self.rope_init_fn(self.config, device, **self.rope_kwargs)
        self.register_buffer("inv_freq", inv_freq, persistent=False)
        self.original_inv_freq = self.inv_freq

    def _dynamic_frequency_update(self, position_ids, device):
        seq_len = torch.max(position_ids) + 1
        if seq_len > self.max_seq_len_cached:
            inv_freq, self.attention_scaling = self.rope_init_fn(
                self.config, device, seq_len=seq_len, **self.rope_kwargs
            )
            self.register_buffer("inv_freq", inv_freq, persistent=False)

    def forward(self, x: torch.Tensor, position_ids: torch.Tensor):
        if "dynamic" in self.rope_type:
            self._dynamic_frequency_update(position_ids, device=x.device)
        return self.inv_freq * position_ids


class QuokkaScaledRotaryEmbedding(QuokkaRotaryEmbedding):
    def forward(self, x: torch.Tensor, position_ids: torch.Tensor):
        self.inv_freq = 1.0 / x
        return self.inv_freq * position_ids


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.rotary = QuokkaRotaryEmbedding(config)
        self.scaled = QuokkaScaledRotaryEmbedding(config)

    def forward(self, inputs_embeds: torch.Tensor):
        return self.rotary(inputs_embeds, inputs_embeds) + self.scaled(inputs_embeds, inputs_embeds)
"""


def test_the_table_becomes_one_function_of_the_type(tmp_path: Path) -> None:
    text = port(tmp_path, ROTARY, exported=("QuokkaModel",)).text
    assert "self.rope_init_fn = functools.partial(rope_parameters, self.rope_type)" in text
    assert text.count("def rope_parameters(") == 1 and "import functools" in text


def test_growing_frequencies_are_a_local(tmp_path: Path) -> None:
    text = port(tmp_path, ROTARY, exported=("QuokkaModel",)).text
    call = method_text(text, "TFQuokkaRotaryEmbedding", "call")
    assert "inv_freq = self.inv_freq\n" in call
    assert "inv_freq = self._dynamic_frequency_update(position_ids)" in call
    assert "return inv_freq * position_ids" in call
    assert "self.inv_freq = " not in class_text(text, "TFQuokkaScaledRotaryEmbedding")
    assert "return inv_freq * position_ids" in method_text(text, "TFQuokkaScaledRotaryEmbedding", "call")


def test_the_update_returns_what_it_computes(tmp_path: Path) -> None:
    update = method_text(
        port(tmp_path, ROTARY, exported=("QuokkaModel",)).text, "TFQuokkaRotaryEmbedding", "_dynamic_frequency_update"
    )
    assert "inv_freq, _ = self.rope_init_fn(self.config, seq_len=seq_len, **self.rope_kwargs)" in update
    assert update.endswith("return inv_freq")
