"""Tied output layers, in the model itself and in a head below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scaffold.core.translation import Translation
from tests.translate.checkouts import class_text, method_text, port


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("( ", "(").replace(" )", ")").replace(",)", ")")


def test_a_direct_head_computes_with_the_embeddings(ported: Translation) -> None:
    call = squeezed(method_text(ported.text, "TFQuokkaForCausalLM", "call"))
    embeddings = "self.quokka.embeddings.word_embeddings.embeddings"
    table = f"tf.cast({embeddings}, self.compute_dtype)"  # a policy of mixed precision leaves it as it is
    assert f"tf.matmul(self.quokka(input_ids, training=training)[0], {table}, transpose_b=True)" in call
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
    assert 'self.bias = tf.Variable(value["bias"], name=self.bias.name.split(":")[0])' in head


def test_an_untied_layer_is_resized_as_itself(ported: Translation) -> None:
    below = squeezed(method_text(ported.text, "TFQuokkaLMPredictionHead", "set_output_embeddings"))
    assert "if self.decoder is None: self.input_embeddings.embeddings = value" in below
    assert "self.decoder = resized_dense(self.decoder, self.input_embeddings.input_dim)" in below
    direct = squeezed(method_text(ported.text, "TFQuokkaForCausalLM", "set_output_embeddings"))
    assert "self.lm_head = resized_dense(self.lm_head, self.get_input_embeddings().input_dim)" in direct


def test_heads_without_a_tie_have_nothing_of_it(ported: Translation) -> None:
    text = class_text(ported.text, "TFQuokkaForSequenceClassification")
    assert "tie_word_embeddings" not in text
    assert "_keys_to_ignore" not in text


AUTO = """MODEL_FOR_CAUSAL_LM_MAPPING_NAMES = OrderedDict(
    [
        ("quokka", "QuokkaForCausalLM"),
    ]
)
MODEL_FOR_PRETRAINING_MAPPING_NAMES = OrderedDict(
    [
        ("quokka", "QuokkaDoubleHeads"),
    ]
)
"""

HEADS = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.wte = nn.Embedding(config.vocab_size, config.hidden_size)

    def get_input_embeddings(self):
        return self.wte

    def forward(self, input_ids):
        return self.wte(input_ids)
""" + "".join(
    f"""

class {name}(QuokkaPreTrainedModel):
    _tied_weights_keys = ["lm_head.weight"]

    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def get_output_embeddings(self):
        return self.lm_head

    def set_output_embeddings(self, value):
        self.lm_head = value

    def forward(self, input_ids):
        return self.lm_head(self.quokka(input_ids))
"""
    for name in ("QuokkaForCausalLM", "QuokkaDoubleHeads")
)


def test_a_tied_layer_of_no_language_model_is_named(tmp_path: Path) -> None:
    auto = {"src/transformers/models/auto/modeling_auto.py": AUTO}
    exported = ("QuokkaModel", "QuokkaForCausalLM", "QuokkaDoubleHeads")
    text = port(tmp_path, HEADS, exported=exported, **auto).text
    assert "get_lm_head" not in class_text(text, "TFQuokkaForCausalLM")
    both = class_text(text, "TFQuokkaDoubleHeads")
    assert "return self.get_output_embeddings()" in both and "def get_bias(self) -> None:" in both


OLD = """

class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)

    def get_input_embeddings(self):
        return self.word_embeddings

    def forward(self, input_ids):
        return self.word_embeddings(input_ids)


class QuokkaForCausalLM(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def get_output_embeddings(self):
        return self.lm_head

    def forward(self, input_ids):
        return self.lm_head(self.quokka(input_ids))
"""


@pytest.mark.parametrize(
    ("known", "tied"), [("class PreTrainedModel: ...", True), ("_tied_weights_keys = None", False)]
)
def test_a_release_without_the_declaration_ties_what_the_method_returns(tmp_path: Path, known: str, tied: bool) -> None:
    """Before 4.30 PyTorch ties every output layer that `get_output_embeddings` returns."""
    text = squeezed(port(tmp_path, OLD, **{"src/transformers/modeling_utils.py": known}).text)
    assert ("self.lm_head = (None if config.tie_word_embeddings else" in text) == tied


RESERVED = """
class QuokkaModel(QuokkaPreTrainedModel):
    config_class = QuokkaTextConfig

    def __init__(self, config):
        super().__init__(config)
        self.words = nn.Embedding(config.vocab_size, config.hidden_size)

    def get_input_embeddings(self):
        return self.words

    def forward(self, input_ids):
        return self.words(input_ids)


class QuokkaForCausalLM(QuokkaPreTrainedModel):
    _tied_weights_keys = ["output.weight"]

    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.output = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def get_output_embeddings(self):
        return self.output

    def forward(self, input_ids):
        return self.output(self.quokka(input_ids))
"""


def test_a_tied_layer_of_a_name_that_keras_has_is_asked_for_by_its_own(tmp_path: Path) -> None:
    text = port(tmp_path, RESERVED, exported=("QuokkaModel", "QuokkaForCausalLM")).text
    assert "if self.quokka_output is None" in method_text(text, "TFQuokkaForCausalLM", "call")
    assert "return self.quokka_output if" in method_text(text, "TFQuokkaForCausalLM", "get_output_embeddings")


def test_a_tied_layer_keeps_a_bias_of_its_own(tmp_path: Path) -> None:
    body = RESERVED.replace(", bias=False", "").replace(".output", ".head").replace('"output.', '"head.')
    text = port(tmp_path, body, exported=("QuokkaModel", "QuokkaForCausalLM")).text
    init = squeezed(method_text(text, "TFQuokkaForCausalLM", "__init__"))
    tied = 'TFQuokkaTiedDense(config.vocab_size, self.quokka.words, name="head") if config.tie_word_embeddings'
    assert f"self.head = ({tied} else keras.layers.Dense(" in init
    assert "return self.head(self.quokka(" in method_text(text, "TFQuokkaForCausalLM", "call")
    assert 'return {"bias": self.head.bias}' in method_text(text, "TFQuokkaForCausalLM", "get_bias")
    assert 'getattr(self.head, "input_embeddings"' in method_text(text, "TFQuokkaForCausalLM", "get_output_embeddings")
    assert text.count("class TFQuokkaTiedDense(") == 1
    resized = "self.head = resized_dense(self.head, self.get_input_embeddings().input_dim)"
    assert resized in method_text(text, "TFQuokkaForCausalLM", "set_output_embeddings")


def test_a_head_below_the_model_keeps_its_bias_too(tmp_path: Path) -> None:
    body = (
        RESERVED.replace(".output", ".head")
        .replace('"output.', '"head.')
        .replace("nn.Linear(config.hidden_size, config.vocab_size, bias=False)", "QuokkaHead(config)")
    )
    body = body.replace("return self.head\n", "return self.head.decoder\n") + HEAD
    text = port(tmp_path, body, exported=("QuokkaModel", "QuokkaForCausalLM")).text
    init = squeezed(method_text(text, "TFQuokkaHead", "__init__"))
    assert (
        'TFQuokkaTiedDense(config.vocab_size, self.input_embeddings, use_bias=config.use_bias, name="decoder")' in init
    )
    assert "return self.decoder(" in method_text(text, "TFQuokkaHead", "call")
    assert "return self.head" in method_text(text, "TFQuokkaForCausalLM", "get_lm_head")


HEAD = """

class QuokkaHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size, bias=config.use_bias)

    def forward(self, hidden_states):
        return self.decoder(hidden_states)
"""


def test_a_bias_beside_the_tied_layer_is_the_heads(tmp_path: Path) -> None:
    body = RESERVED.replace(".output", ".head").replace('"output.', '"head.')
    body = body.replace("nn.Linear(config.hidden_size, config.vocab_size, bias=False)", "QuokkaHead(config)")
    body = body.replace("return self.head\n", "return self.head.decoder\n")
    plain = HEAD.replace("bias=config.use_bias", "bias=False")
    beside = plain.replace(
        "bias=False)", "bias=False)\n        self.bias = nn.Parameter(torch.zeros(config.vocab_size))"
    )
    for head, bias in ((beside, '{"bias": self.bias}'), (plain, "None")):
        text = port(tmp_path / bias[:4], body + head, exported=("QuokkaModel", "QuokkaForCausalLM")).text
        assert f"return {bias}" in method_text(text, "TFQuokkaHead", "get_bias")


WEIGHT = HEAD.replace(
    "self.decoder(hidden_states)", "hidden_states.matmul(self.decoder.weight.t()) + self.decoder.bias"
)


def test_the_weight_of_a_tied_layer_is_the_embeddings(tmp_path: Path) -> None:
    body = RESERVED.replace(".output", ".head").replace('"output.', '"head.')
    body = body.replace("nn.Linear(config.hidden_size, config.vocab_size, bias=False)", "QuokkaHead(config)")
    body = body.replace("return self.head\n", "return self.head.decoder\n") + WEIGHT
    exported = ("QuokkaModel", "QuokkaForCausalLM")
    own = squeezed(method_text(port(tmp_path / "own", body, exported=exported).text, "TFQuokkaHead", "call"))
    table = "tf.cast(self.input_embeddings.embeddings, self.compute_dtype)"
    assert f'({table} if hasattr(self.decoder, "input_embeddings") else tf.transpose(self.decoder.kernel))' in own
    body = body.replace("bias=config.use_bias)", "bias=False)\n        self.bias = nn.Parameter(torch.zeros(3))")
    body = body.replace("zeros(3))", "zeros(3))\n        self.decoder.bias = self.bias")
    shared = squeezed(method_text(port(tmp_path / "shared", body, exported=exported).text, "TFQuokkaHead", "call"))
    assert f"({table} if self.decoder is None else tf.transpose(self.decoder.kernel))" in shared
    assert "+ self.bias" in shared


def test_a_thin_model_keeps_its_own_configuration_class(tmp_path: Path) -> None:
    text = port(tmp_path, RESERVED, exported=("QuokkaModel", "QuokkaForCausalLM")).text
    assert "config_class = QuokkaTextConfig" in class_text(text, "TFQuokkaModel")


def test_who_has_a_tied_layer_and_never_calls_it_expects_its_weight(tmp_path: Path) -> None:
    heads = """
class QuokkaHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size)

    def forward(self, x):
        return self.decoder(x)


class QuokkaForMaskedLM(QuokkaPreTrainedModel):
    _tied_weights_keys = ["cls.decoder.weight"]

    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.cls = QuokkaHead(config)

    def get_output_embeddings(self):
        return self.cls.decoder

    def forward(self, input_ids):
        return self.cls(self.quokka(input_ids))


class QuokkaForRegions(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.cls = QuokkaHead(config)

    def forward(self, input_ids):
        return self.quokka(input_ids)
"""
    model = RESERVED[: RESERVED.index("class QuokkaForCausalLM")]
    names = ("QuokkaModel", "QuokkaForMaskedLM", "QuokkaForRegions")
    text = class_text(port(tmp_path, model + heads, exported=names).text, "TFQuokkaForRegions")
    assert r'_keys_to_ignore_on_load_unexpected = [r"cls.decoder.weight"]' in text


BY_METHODS = """
class QuokkaDecoder(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.words = nn.Embedding(config.vocab_size, config.hidden_size)

    def get_input_embeddings(self):
        return self.words

    def forward(self, input_ids):
        return self.words(input_ids)


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.decoder = QuokkaDecoder(config)

    def get_input_embeddings(self):
        return self.get_decoder().get_input_embeddings()

    def get_decoder(self):
        return self.decoder

    def forward(self, input_ids):
        return self.decoder(input_ids)


class QuokkaForCausalLM(QuokkaPreTrainedModel):
    _tied_weights_keys = ["lm_head.weight"]

    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def get_decoder(self):
        return self.quokka.get_decoder()

    def get_output_embeddings(self):
        return self.lm_head

    def tie_weights(self):
        output_embeddings = self.get_output_embeddings()
        word_embeddings = self.get_decoder().get_input_embeddings()
        self._tie_or_clone_weights(output_embeddings, word_embeddings)

    def forward(self, input_ids):
        return self.lm_head(self.quokka(input_ids))
"""
_SHARED_WORDS = "self.quokka.decoder.words.embeddings, self.compute_dtype), transpose_b=True) if self.lm_head is None"


def test_a_tie_that_methods_lead_to(tmp_path: Path) -> None:
    text = port(tmp_path, BY_METHODS, exported=("QuokkaModel", "QuokkaForCausalLM")).text
    call = squeezed(method_text(text, "TFQuokkaForCausalLM", "call"))
    assert _SHARED_WORDS in call


def test_a_model_may_ask_a_part_for_its_embeddings(tmp_path: Path) -> None:
    forward = "    def forward(self, input_ids):\n        return self.lm_head(self.quokka(input_ids))\n"
    body = BY_METHODS.partition("    def tie_weights")[0] + forward
    text = port(tmp_path, body, exported=("QuokkaModel", "QuokkaForCausalLM")).text
    assert _SHARED_WORDS in squeezed(method_text(text, "TFQuokkaForCausalLM", "call"))
