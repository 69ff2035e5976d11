"""Composites whose configuration is made of two others."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import pytest

WORKERS = Path(__file__).parents[2] / "scaffold/workers"

pytestmark = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")


class Config:
    model_type, pad_token_id, vocab_size, is_encoder_decoder = "part", None, 99, False

    def __init__(self, hidden_size: int = 64) -> None:
        self.hidden_size = hidden_size

    def to_dict(self) -> dict[str, int]:
        return vars(self)


class Encoder:
    main_input_name = "pixel_values"

    def forward(self, pixel_values: object = None) -> None: ...


class Decoder:
    main_input_name = "input_ids"

    def forward(self, input_ids: object = None, encoder_hidden_states: object = None) -> None: ...


class PairConfig(Config):
    @classmethod
    def from_encoder_decoder_configs(cls, encoder_config: Config, decoder_config: Config) -> PairConfig:
        pair = cls()
        pair.encoder, pair.decoder, pair.is_encoder_decoder = encoder_config, decoder_config, True
        return pair


class Pair:
    config_class, main_input_name = PairConfig, "pixel_values"

    def forward(self, pixel_values: object = None, decoder_input_ids: object = None) -> None: ...


def test_parts_are_of_types_that_take_what_the_composite_hands_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(WORKERS))
    library = types.SimpleNamespace(
        Encoder=Encoder, Decoder=Decoder, Other=Encoder, CONFIG_MAPPING={"e": Config, "d": Config, "o": Config}
    )
    monkeypatch.setitem(sys.modules, "transformers", library)
    import pt_pairs  # type: ignore[import-not-found]

    monkeypatch.setattr(
        pt_pairs.pt_parts, "made", lambda cls: {"encoder": ["AutoModel"], "decoder": ["AutoModelForCausalLM"]}
    )
    monkeypatch.setattr(
        pt_pairs.pt_parts, "names", lambda kind: {"d": "Decoder", "o": "Other", "e": "Encoder", "x": "Unknown"}
    )
    monkeypatch.setattr(pt_pairs.pt_parts, "tensorflow_classes", lambda: {"TFOther", "TFEncoder", "TFDecoder"})
    monkeypatch.setattr(pt_pairs.pt_parts, "called", lambda cls, attr: {"lengths"} if attr == "encoder" else set())
    monkeypatch.setattr(pt_pairs.pt_parts, "defined_beside", lambda name: {"lengths"} if name == "TFEncoder" else set())
    label, config, inputs = next(pt_pairs.candidates(Pair))
    assert label == "parts: encoder of type part, decoder of type part"
    assert config.encoder.hidden_size < 64 and config.decoder_start_token_id == 1
    assert set(inputs) == {"pixel_values", "decoder_input_ids"}
