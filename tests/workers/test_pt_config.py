"""Shrinking keeps the relations between sizes that models divide by."""

from __future__ import annotations

from typing import Any

import pytest

from scaffold.workers.pt_config import candidates, fit_token_ids, shrink, shrunk_values


class Config:
    """What shrinking uses of a configuration class."""

    model_type = "fake"

    def to_dict(self) -> dict[str, Any]:
        return {k: v.to_dict() if isinstance(v, Config) else v for k, v in vars(self).items()}


class TextConfig(Config):
    def __init__(
        self,
        vocab_size: int = 30522,
        hidden_size: int = 768,
        embedding_size: int = 768,
        num_hidden_layers: int = 12,
        num_attention_heads: int = 12,
        num_key_value_heads: int = 4,
        intermediate_size: int = 3072,
        head_dim: int = 64,
        max_position_embeddings: int = 512,
        type_vocab_size: int = 2,
        hidden_act: str = "gelu",
        layer_norm_eps: float = 1e-12,
        pad_token_id: int = 0,
        eos_token_id: int = 50256,
        bos_token_id: int = 50255,
    ) -> None:
        for name, value in list(locals().items()):
            if name != "self":
                setattr(self, name, value)


class StagedConfig(Config):
    def __init__(
        self,
        image_size: int = 224,
        patch_size: int = 4,
        num_channels: int = 3,
        embed_dim: int = 96,
        depths: tuple[int, ...] = (2, 2, 6, 2),
        num_heads: tuple[int, ...] = (3, 6, 12, 24),
        hidden_sizes: tuple[int, ...] = (96, 192, 384, 768),
        window_size: int = 7,
        **kwargs: Any,
    ) -> None:
        for name, value in list(locals().items()):
            if name not in ("self", "kwargs"):
                setattr(self, name, value)
        self.hidden_size = embed_dim * 2 ** (len(depths) - 1)


class BothConfig(Config):
    def __init__(self, text_config: Any = None, vision_config: Any = None, projection_dim: int = 512) -> None:
        self.text_config = TextConfig(**(text_config or {}))
        self.vision_config = StagedConfig(**(vision_config or {}))
        self.projection_dim = projection_dim


def test_text_sizes() -> None:
    config = shrink(TextConfig)
    assert config.hidden_size == config.embedding_size == 32
    assert config.hidden_size % config.num_attention_heads == 0
    assert config.head_dim * config.num_attention_heads == config.hidden_size
    assert config.num_attention_heads % config.num_key_value_heads == 0
    assert config.num_key_value_heads < config.num_attention_heads
    assert config.intermediate_size > config.hidden_size
    assert config.num_hidden_layers == 2
    assert config.vocab_size == 99
    assert config.max_position_embeddings >= 64
    assert (config.type_vocab_size, config.hidden_act, config.pad_token_id) == (2, "gelu", 0)


def test_special_tokens_fit_and_stay_distinct() -> None:
    config = shrink(TextConfig)
    assert len({config.pad_token_id, config.eos_token_id, config.bos_token_id}) == 3
    assert max(config.eos_token_id, config.bos_token_id) < config.vocab_size


def test_token_ids_that_fit_are_left_alone() -> None:
    config = TextConfig(vocab_size=10, eos_token_id=3, bos_token_id=2)
    fit_token_ids(config)
    assert (config.eos_token_id, config.bos_token_id) == (3, 2)


def test_stages_keep_number_and_divisibility() -> None:
    config = shrink(StagedConfig)
    assert len(config.depths) == len(config.hidden_sizes) == 4
    assert max(config.depths) <= 2
    for stage, heads in enumerate(config.num_heads):
        assert (config.embed_dim * 2**stage) % heads == 0
        assert config.hidden_sizes[stage] % heads == 0
    assert config.image_size % config.patch_size == 0
    assert config.image_size // config.patch_size >= 2 ** (len(config.depths) - 1)
    assert config.num_channels == 3
    assert config.hidden_size == config.embed_dim * 8, "what the constructor derives is derived again"


def test_parts_are_shrunk_too() -> None:
    config = shrink(BothConfig)
    assert config.text_config.hidden_size == 32
    assert config.vision_config.embed_dim < 96
    assert config.projection_dim < 512


def test_kept_groups_are_kept() -> None:
    values = vars(TextConfig())
    changed = shrunk_values(values, frozenset({"sizes", "heads"}))
    assert not {"hidden_size", "num_attention_heads", "intermediate_size", "head_dim"} & set(changed)
    assert changed["num_hidden_layers"] == 2


def test_candidates_start_small_and_differ() -> None:
    found = list(candidates(TextConfig))
    assert found[0][0] == frozenset()
    plain = [config.to_dict() for _, config in found]
    assert all(plain.count(one) == 1 for one in plain)
    assert any(config.hidden_size == 768 for _, config in found), "a model may insist on its sizes"


def test_a_constructor_that_rejects_is_skipped() -> None:
    class Picky(TextConfig):
        def __init__(self, hidden_size: int = 768, num_hidden_layers: int = 12) -> None:
            if hidden_size != 768:
                raise ValueError("hidden_size must be 768")
            super().__init__(hidden_size=hidden_size, num_hidden_layers=num_hidden_layers)

    found = list(candidates(Picky))
    assert found
    assert all(config.hidden_size == 768 for _, config in found)
    assert found[0][1].num_hidden_layers == 2


@pytest.mark.parametrize("name", ["patch_size", "window_size", "conv_kernel_size", "num_channels", "chunk_size"])
def test_these_are_no_widths(name: str) -> None:
    changed = shrunk_values({"hidden_size": 768, name: 65}, frozenset({"images"}))
    assert name not in changed


def test_vocabularies_hold_the_codes_that_a_part_writes_into_texts() -> None:
    class Codes(Config):
        def __init__(self, vocab_size: int = 8194, fixing_codes: tuple[int, ...] = (83, 248), **kwargs: Any) -> None:
            self.vocab_size, self.fixing_codes = vocab_size, fixing_codes

    class Pair(Config):
        def __init__(self, text: Any = None, codes: Any = None, **kwargs: Any) -> None:
            self.text = TextConfig(**text) if isinstance(text, dict) else text or TextConfig()
            self.codes = Codes(**codes) if isinstance(codes, dict) else codes or Codes()

    assert (shrink(Codes).vocab_size, shrink(TextConfig).vocab_size) == (249, 99)
    pair = shrink(Pair)
    assert (pair.codes.vocab_size, pair.text.vocab_size) == (249, 249)
