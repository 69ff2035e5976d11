"""Tied output layers, in the model itself and in a head below it."""

from __future__ import annotations

import re

from scaffold.core.translation import Translation
from tests.translate.checkouts import class_text, method_text


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("( ", "(").replace(" )", ")").replace(",)", ")")


def test_a_direct_head_computes_with_the_embeddings(ported: Translation) -> None:
    call = squeezed(method_text(ported.text, "TFQuokkaForCausalLM", "call"))
    embeddings = "self.quokka.embeddings.word_embeddings.embeddings"
    assert f"tf.matmul(self.quokka(input_ids, training=training)[0], {embeddings}, transpose_b=True)" in call
    assert "if self.lm_head is None else self.lm_head(" in call


def test_a_direct_head_has_a_layer_of_its_own_when_untied(ported: Translation) -> None:
    init = squeezed(method_text(ported.text, "TFQuokkaForCausalLM", "__init__"))
    assert "self.lm_head = (None if config.tie_word_embeddings else keras.layers.Dense(" in init
    assert 'name="lm_head"' in init
    assert 'if getattr(self, "lm_head", None) is not None:' in method_text(ported.text, "TFQuokkaForCausalLM", "build")


def test_pytorchs_keys_of_tied_weights_are_expected(ported: Translation) -> None:
    assert '_keys_to_ignore_on_load_unexpected = [r"lm_head.weight"]' in class_text(ported.text, "TFQuokkaForCausalLM")
    keys = '_keys_to_ignore_on_load_unexpected = [r"cls.decoder.weight", r"cls.decoder.bias"]'
    assert keys in class_text(ported.text, "TFQuokkaForMaskedLM")


def test_a_nested_head_is_given_the_embeddings(ported: Translation) -> None:
    init = squeezed(method_text(ported.text, "TFQuokkaForMaskedLM", "__init__"))
    assert (
        'TFQuokkaLMPredictionHead(config, input_embeddings=self.quokka.embeddings.word_embeddings, name="cls")' in init
    )
    head = method_text(ported.text, "TFQuokkaLMPredictionHead", "__init__")
    assert "input_embeddings: keras.layers.Layer" in head
    assert "self.input_embeddings = input_embeddings" in head


def test_the_shared_bias_is_added_once_whichever_layer_computes(ported: Translation) -> None:
    call = squeezed(method_text(ported.text, "TFQuokkaLMPredictionHead", "call"))
    product = r"tf\.matmul\(.*transpose_b=True\) if self\.decoder is None else self\.decoder\(hidden_states\)"
    assert re.search(rf"tf\.nn\.bias_add\({product}, self\.bias\)", call)
    assert "use_bias=False" in squeezed(method_text(ported.text, "TFQuokkaLMPredictionHead", "__init__"))


def test_embeddings_and_bias_can_be_resized(ported: Translation) -> None:
    head = class_text(ported.text, "TFQuokkaLMPredictionHead")
    for name in ("get_output_embeddings", "set_output_embeddings", "get_bias", "set_bias"):
        assert f"def {name}(" in head
    assert "return self.cls" in method_text(ported.text, "TFQuokkaForMaskedLM", "get_lm_head")


def test_heads_without_a_tie_have_nothing_of_it(ported: Translation) -> None:
    text = class_text(ported.text, "TFQuokkaForSequenceClassification")
    assert "tie_word_embeddings" not in text
    assert "_keys_to_ignore" not in text
