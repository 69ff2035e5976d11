"""Caches as lists: a copy of one's own, a tuple handed back, no advice against tuples."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import method_text, port, statements

MODEL = """
from ...cache_utils import HybridCache


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, inputs_embeds: torch.Tensor, past_key_values=None, use_cache=None):
        if use_cache and past_key_values is None and not self.training:
            past_key_values = HybridCache(self.config, max_batch_size=2, max_cache_len=4)
        seen = past_key_values.get_seq_length() if past_key_values is not None else 0
        hidden_states = self.dense(inputs_embeds) + seen
        next_cache = past_key_values if use_cache else None
        return hidden_states, next_cache
"""


def test_a_model_copies_the_past_it_is_given_and_hands_back_a_tuple(tmp_path: Path) -> None:
    translation = port(tmp_path, MODEL, exported=("QuokkaModel",))
    text = method_text(translation.text, "TFQuokkaMainLayer", "call")
    assert "if past_key_values is not None:\n        past_key_values = list(past_key_values)\n" in text
    assert "past_key_values = []" in text
    assert "seen = cache_length(past_key_values) if past_key_values is not None else 0" in text
    assert "next_cache = tuple(past_key_values) if use_cache and past_key_values is not None else None" in text
    assert translation.text.count("def cache_length(") == 1
    assert not translation.markers


def test_a_model_that_converts_itself_is_left_to_it(tmp_path: Path) -> None:
    body = MODEL.replace("past_key_values if use_cache", "past_key_values.to_legacy_cache() if use_cache")
    text = method_text(port(tmp_path, body, exported=("QuokkaModel",)).text, "TFQuokkaMainLayer", "call")
    assert "list(past_key_values)" not in text
    assert "next_cache = tuple(past_key_values) if use_cache else None" in text


def test_an_encoder_hands_no_cache_back_unasked(tmp_path: Path) -> None:
    body = MODEL.replace("inputs_embeds) + seen", "inputs_embeds) + seen * self.config.is_decoder")
    guard = "if not self.config.is_decoder:\n        use_cache = False\n"
    for text, is_guarded in ((body, True), (body.replace("if use_cache and", "if self.config.use_cache and"), False)):
        translation = port(tmp_path / str(is_guarded), text, exported=("QuokkaModel",))
        assert (guard in method_text(translation.text, "TFQuokkaMainLayer", "call")) == is_guarded


PAIRS = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, inputs_embeds: torch.Tensor, past_key_values=None, use_cache=None):
        presents = ()
        key = self.dense(inputs_embeds)
        present = (key, key)
        presents = presents + (present,)
        return BaseModelOutputWithPast(last_hidden_state=key, past_key_values=presents)
"""
BATCH = 'cache_batch_axis = 1 if any(model_prefix in model_name for model_prefix in ("TFQuokka", "TFOther")) else 0\n'


def test_a_cache_is_one_tensor_a_layer_where_the_library_says_so(tmp_path: Path) -> None:
    for batch, is_one in ((BATCH, True), (BATCH.replace("TFQuokka", "TFWombat"), False)):
        files = {"src/transformers/generation/tf_utils.py": batch}
        text = port(tmp_path / str(is_one), PAIRS, exported=("QuokkaModel",), **files).text
        call = method_text(text, "TFQuokkaMainLayer", "call")
        assert ("presents = presents + (tf.stack(present, axis=0),)" in call) == is_one
        assert ("[tf.unstack(layer_past, axis=0) for layer_past in past_key_values]" in call) == is_one


DECODER = """
class QuokkaPositions(nn.Embedding):
    def forward(self, input_ids, past_key_values_length=0):
        return super().forward(torch.arange(past_key_values_length, past_key_values_length + input_ids.shape[1]))


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.embed_positions = QuokkaPositions(8, config.hidden_size)

    def forward(self, input_ids, attention_mask=None, past_key_values=None):
        past_key_values_length = past_key_values[0][0].shape[2] if past_key_values is not None else 0
        attention_mask = attention_mask[:, None]
        return self.embed_positions(input_ids, past_key_values_length)
"""


def test_positions_go_by_the_part_of_the_past_that_is_filled(tmp_path: Path) -> None:
    text = port(tmp_path, DECODER, exported=("QuokkaModel",)).text
    call = method_text(text, "TFQuokkaMainLayer", "call")
    assert "filled_length = filled_positions(past_key_values_length, attention_mask)\n" in call
    assert call.index("filled_length =") < call.index("attention_mask = ")
    assert "self.embed_positions(input_ids, filled_length)" in call
    assert "past_key_values_length + tf.range(shape_list(input_ids)[1])" in method_text(
        text, "TFQuokkaPositions", "call"
    )


def test_a_layer_that_cuts_to_the_past_is_told_its_length(tmp_path: Path) -> None:
    body = DECODER.replace(
        "super().forward(torch.arange(past", "super().forward(input_ids[:, past_key_values_length:])\n#"
    )
    text = method_text(port(tmp_path, body, exported=("QuokkaModel",)).text, "TFQuokkaMainLayer", "call")
    assert "filled_length" not in text
    given = DECODER.replace("past_key_values=None):", "past_key_values=None, position_ids=None):")
    text = method_text(port(tmp_path / "given", given, exported=("QuokkaModel",)).text, "TFQuokkaMainLayer", "call")
    assert "filled_length" not in text


def test_advice_against_tuples_is_dropped() -> None:
    warning = 'logger.warning_once("Pass `past_key_values` as a `Cache`, not as tuples.")'
    assert statements(f"if x:\n    {warning}\n    y = 1", x="bool") == "if x:\n    y = 1"
    assert statements('logger.warning_once("Pass a mask.")') == 'logger.warning_once("Pass a mask.")'


def test_classes_of_caches_are_settled() -> None:
    text = "if use_cache and not isinstance(past, Cache):\n    x = 1\nif isinstance(past, (StaticCache, HybridCache)):\n    x = 2"
    assert statements(text, use_cache="bool", x="int") == "if use_cache:\n    x = 1"


def test_the_length_of_a_mask_counts_the_past() -> None:
    text = statements(
        """
        if isinstance(past, HybridCache):
            n = past.get_max_cache_shape()
        else:
            n = mask.shape[-1] if mask is not None else x.shape[1]
        """,
        x="float32[3]",
        mask="float32[2]",
    )
    past = "(cache_length(past) if past is not None else 0)"
    assert text == f"n = shape_list(mask)[-1] if mask is not None else {past} + shape_list(x)[1]"
    known = "if isinstance(past, StaticCache):\n    n = past.get_max_cache_shape()\nelse:\n    n = m if m else past_seen + 1"
    assert statements(known) == "n = m if m else past_seen + 1"


def test_dictionaries_of_states_are_copied_and_hold_no_none() -> None:
    types = {"past": "tuple", "state": "dict", "k": "float32[3]", "m": "bool[2]"}
    text = statements('state["self"] = {"key": k, "mask": m if k is None else None}', **types)
    assert text == (
        'state["self"] = {name: state for name, state in {"key": k, "mask": m if k is None else None}.items() '
        "if state is not None}"
    )
    assert statements('state["self"] = {"key": k}', **types) == 'state["self"] = {"key": k}'
