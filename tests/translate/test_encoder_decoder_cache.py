"""The cache of a decoder that looks at an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.translate.checkouts import statements

TEMPLATE = Path(__file__).resolve().parents[2] / "templates/model/functions/encoder_decoder_cache.py"


def made(past: Any) -> Any:
    names: dict[str, Any] = {}
    exec(TEMPLATE.read_text(encoding="utf-8"), names)
    return names["EncoderDecoderCache"](past)


def test_what_was_passed_comes_out_again() -> None:
    past = (("k0", "v0", "ck0", "cv0"), ("k1", "v1", "ck1", "cv1"))
    cache = made(past)
    assert tuple(cache) == past
    assert (len(cache), cache[1], cache.is_updated) == (2, ("k1", "v1"), {0: True, 1: True})


def test_without_an_encoder_the_pairs_are_all() -> None:
    cache = made((("k", "v"),))
    assert (tuple(cache), cache.cross_attention_cache, cache.is_updated) == ((("k", "v"),), [], {})
    assert tuple(made(None)) == ()


def test_its_methods_and_lists_in_a_model() -> None:
    text = statements(
        "from transformers.cache_utils import EncoderDecoderCache\n"
        "past = EncoderDecoderCache.from_legacy_cache(past)\n"
        "n = past.get_seq_length()\n"
        "k = past.cross_attention_cache.key_cache[i]\n"
        "v = past.cross_attention_cache.value_cache[i]\n"
        "past = past.to_legacy_cache()",
        i="int",
    )
    assert "past = EncoderDecoderCache(past)\nn = cache_length(past)\n" in text
    assert "k = past.cross_attention_cache[i][0]\nv = past.cross_attention_cache[i][1]\npast = tuple(past)" in text
