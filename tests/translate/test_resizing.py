"""A bias over the vocabulary is resized by the library, and what holds the embedding layer gets the new one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.frameworks import tensorflow
from tests.translate.checkouts import class_text, method_text, port

EMBEDS = """
class {name}(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.words = nn.Embedding(config.vocab_size, config.hidden_size)

    def get_input_embeddings(self):
        return self.words

    def set_input_embeddings(self, value):
        self.words = value

    def forward(self, input_ids):
        return self.words(input_ids)
"""

MODEL = (
    EMBEDS.format(name="QuokkaModel")
    + """

class QuokkaForCausalLM(QuokkaPreTrainedModel):
    _tied_weights_keys = ["lm_head.weight"]

    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.register_buffer("final_logits_bias", torch.zeros((1, config.vocab_size)))
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size)

    def resize_token_embeddings(self, new_num_tokens, pad_to_multiple_of=None):
        new_embeddings = super().resize_token_embeddings(new_num_tokens, pad_to_multiple_of)
        self._resize_final_logits_bias(new_embeddings.weight.shape[0])
        return new_embeddings

    def _resize_final_logits_bias(self, new_num_tokens):
        extra_bias = torch.zeros((1, new_num_tokens - self.final_logits_bias.shape[-1]))
        self.register_buffer("final_logits_bias", torch.cat([self.final_logits_bias, extra_bias], dim=1))

    def get_output_embeddings(self):
        return self.lm_head

    def forward(self, input_ids):
        return self.lm_head(self.quokka(input_ids)) + self.final_logits_bias
"""
)
EXPORTED = ("QuokkaModel", "QuokkaForCausalLM")


def test_a_buffer_that_pytorch_resizes_is_a_bias_of_the_librarys(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, MODEL, exported=EXPORTED).text, "TFQuokkaForCausalLM")
    assert "def resize_token_embeddings" not in text and "def _resize_final_logits_bias" not in text
    assert '"final_logits_bias": self.final_logits_bias}' in text
    assert 'self.final_logits_bias.assign(value["final_logits_bias"])' in text


def test_a_model_that_is_built_again_keeps_its_weights(tmp_path: Path) -> None:
    build = method_text(port(tmp_path, MODEL, exported=EXPORTED).text, "TFQuokkaForCausalLM", "build")
    assert build.index("if self.built:") < build.index("self.own_weights.add_weight(")
    assert build.count("if self.built:") == 1


def test_a_layer_that_holds_the_embeddings_gets_the_new_ones(tmp_path: Path) -> None:
    text = port(tmp_path, MODEL, exported=EXPORTED).text
    follows = method_text(text, "TFQuokkaForCausalLM", "set_input_embeddings")
    assert "super().set_input_embeddings(value)" in follows
    assert 'if hasattr(self.lm_head, "input_embeddings"):' in follows
    assert "self.lm_head.input_embeddings = value" in follows


def test_a_resizing_that_touches_no_buffer_stays(tmp_path: Path) -> None:
    body = MODEL.replace('self.register_buffer("final_logits_bias", torch.cat', "print(torch.cat").replace(
        "=1))", "=1))"
    )
    assert "def resize_token_embeddings" in port(tmp_path, body, exported=EXPORTED).text


def test_a_layer_that_is_resized_with_the_embeddings(tmp_path: Path) -> None:
    body = MODEL.replace(
        "        self._resize_final_logits_bias(new_embeddings.weight.shape[0])\n",
        "        self.lm_head = self._get_resized_lm_head(self.lm_head, new_num_tokens=new_num_tokens, transposed=True)\n",
    ).replace('self.register_buffer("final_logits_bias", torch.cat', "print(torch.cat")
    text = port(tmp_path, body, exported=EXPORTED).text
    assert "self.lm_head = resized_dense(self.lm_head, new_num_tokens=new_num_tokens, transposed=True)" in text
    assert text.count("def resized_dense(") == 1


BELOW = (
    EMBEDS.format(name="QuokkaWords")
    + """

class QuokkaEncoder(QuokkaPreTrainedModel):
    base_model_prefix = "words_model"

    def __init__(self, config):
        super().__init__(config)
        self.words_model = QuokkaWords(config)

    def forward(self, input_ids):
        return self.words_model(input_ids)


class QuokkaForRegions(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaEncoder(config)

    def forward(self, input_ids):
        return self.quokka(input_ids)
"""
)


def test_a_model_that_is_a_layer_finds_the_embeddings_below_it(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, BELOW, exported=("QuokkaForRegions",)).text, "TFQuokkaEncoder")
    assert "return self.words_model.get_input_embeddings()" in text
    assert "self.words_model.set_input_embeddings(value)" in text


SCALED = """
class QuokkaScaledEmbedding(nn.Embedding):
    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int, embed_scale: Optional[float] = 1.0):
        super().__init__(num_embeddings, embedding_dim, padding_idx)
        self.embed_scale = embed_scale

    def forward(self, input_ids: torch.Tensor):
        return super().forward(input_ids) * self.embed_scale


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.words = QuokkaScaledEmbedding(config.vocab_size, config.hidden_size, 1, embed_scale=2.0)

    def forward(self, input_ids):
        return self.words(input_ids)
"""


def test_a_resized_embedding_keeps_its_scale(tmp_path: Path) -> None:
    method = "_v2_get_resized_embeddings"
    text = port(tmp_path / "scaled", SCALED, exported=("QuokkaModel",)).text
    resized = " ".join(method_text(text, "TFQuokkaPreTrainedModel", method).split())
    assert "if not isinstance(old_embeddings, TFQuokkaScaledEmbedding): return new_embeddings" in resized
    assert "num_embeddings=new_num_tokens, embedding_dim=old_embeddings.output_dim, padding_idx=None," in resized
    assert "embed_scale=old_embeddings.embed_scale, name=new_embeddings.name" in resized


def test_an_embedding_of_positions_is_not_resized(tmp_path: Path) -> None:
    offset = SCALED.replace("(input_ids) * self.embed_scale", "(input_ids + self.embed_scale)")
    assert "_v2_get_resized_embeddings" not in port(tmp_path, offset, exported=("QuokkaModel",)).text


@pytest.mark.e2e
def test_a_resized_layer_keeps_the_whole_names_of_its_weights() -> None:
    tf = tensorflow()
    file = Path(__file__).resolve().parents[2] / "templates" / "model" / "functions" / "resized_dense.py"
    found: dict[str, Any] = {"tf": tf, "keras": tf.keras}
    exec("from __future__ import annotations\n" + file.read_text(encoding="utf-8"), found)
    head = tf.keras.layers.Dense(3, name="decoder")
    with tf.name_scope("model"), tf.name_scope("head"), tf.name_scope("decoder"):
        head.build([None, None, 2])
    with tf.name_scope("elsewhere"):
        larger = found["resized_dense"](head, 5)
    assert [(w.name, tuple(w.shape)) for w in larger.weights] == [
        ("model/head/decoder/kernel:0", (2, 5)),
        ("model/head/decoder/bias:0", (5,)),
    ]
