"""What generation needs of a decoder."""

from __future__ import annotations

import ast
from pathlib import Path

from scaffold.core.typedb import Observation, TypeDB, TypeInfo
from scaffold.translate import translate
from tests.translate.checkouts import BASE, HEAD, checkout, class_text, method_text, port

DECODER = """

class QuokkaForCausalLM(QuokkaPreTrainedModel{mixin}):
    def forward(self, input_ids: torch.Tensor = None, attention_mask=None{more}, past_key_values=None, use_cache=None):
        return input_ids
{method}
"""


def ported(tmp_path: Path, mixin: str = ", GenerationMixin", more: str = "", method: str = "") -> str:
    return port(tmp_path, DECODER.format(mixin=mixin, more=more, method=method)).text


def returned(text: str) -> set[str]:
    function = ast.parse(method_text(text, "TFQuokkaForCausalLM", "prepare_inputs_for_generation"))
    node = next(n.value for n in ast.walk(function) if isinstance(n, ast.Return))
    assert isinstance(node, ast.Dict)
    return {str(ast.literal_eval(k)) for k in node.keys if k is not None}


def test_a_decoder_gets_the_method_that_pytorch_inherits(tmp_path: Path) -> None:
    text = ported(tmp_path)
    assert {"input_ids", "attention_mask", "past_key_values", "use_cache"} <= returned(text)
    assert "position_ids" not in returned(text)
    assert "input_ids = input_ids[:, -1:]" in method_text(text, "TFQuokkaForCausalLM", "prepare_inputs_for_generation")


def test_what_has_no_cache_does_not_generate_in_a_graph(tmp_path: Path) -> None:
    assert "supports_xla_generation" not in ported(tmp_path / "cache")
    body = DECODER.format(mixin=", GenerationMixin", more="", method="").replace(", past_key_values=None", "")
    assert "    supports_xla_generation = False\n" in port(tmp_path / "none", body).text
    assert "supports_xla_generation" not in port(tmp_path / "no", body.replace(", GenerationMixin", "")).text


def test_a_past_of_dictionaries_is_not_padded(tmp_path: Path) -> None:
    body = DECODER.format(mixin=", GenerationMixin", more="", method="").replace(
        "return input_ids", "return past_key_values[0]"
    )
    source = HEAD + BASE + body
    place = source.split("\n").index("        return past_key_values[0]") + 1
    types = TypeDB({(place, 15, place, 33): TypeInfo((Observation("dict"),))})
    located = checkout(tmp_path, source, exported=("QuokkaForCausalLM",))
    assert "    supports_xla_generation = False\n" in translate(located, types).text


def test_positions_only_where_the_model_takes_them(tmp_path: Path) -> None:
    text = ported(tmp_path, more=", position_ids=None")
    assert "position_ids" in returned(text)


def test_masks_of_the_heads_are_handed_on(tmp_path: Path) -> None:
    assert "head_mask" in returned(ported(tmp_path, more=", head_mask=None"))


def test_without_the_mixin_there_is_none(tmp_path: Path) -> None:
    method = "    def prepare_inputs_for_generation(self, input_ids):\n        return {}\n"
    assert "prepare_inputs_for_generation" not in ported(tmp_path, mixin="", method=method)


def test_a_models_own_method_is_translated(tmp_path: Path) -> None:
    method = (
        "\n    def prepare_inputs_for_generation(self, input_ids, past_key_values=None, **kwargs):\n"
        "        if past_key_values is not None:\n"
        "            past_length = past_key_values[0][0].shape[2]\n"
        "            if input_ids.shape[1] > past_length:\n                remove_prefix_length = past_length\n"
        "            else:\n                remove_prefix_length = input_ids.shape[1] - 1\n"
        "            input_ids = input_ids[:, remove_prefix_length:]\n"
        '        return {"input_ids": input_ids, "odd": torch.tanh(input_ids)}\n'
    )
    text = ported(tmp_path, method=method)
    assert returned(text) == {"input_ids", "odd"}
    own = method_text(text, "TFQuokkaForCausalLM", "prepare_inputs_for_generation")
    assert "input_ids = input_ids[:, -1:]" in own
    assert "past_length" not in own
    assert class_text(text, "TFQuokkaForCausalLM").count("def prepare_inputs_for_generation") == 1


def test_a_method_about_cache_objects_is_replaced(tmp_path: Path) -> None:
    method = "    def prepare_inputs_for_generation(self, input_ids, cache_position=None):\n        return {}\n"
    assert {"input_ids", "past_key_values"} <= returned(ported(tmp_path, method=method))


def test_a_mask_of_the_heads_loses_its_beams(tmp_path: Path) -> None:
    text = ported(tmp_path, more=", head_mask=None")
    assert "head_mask = head_mask[:, 0]" in method_text(text, "TFQuokkaForCausalLM", "prepare_inputs_for_generation")


def test_token_types_from_the_keywords_lose_the_axis_of_beams(tmp_path: Path) -> None:
    head = """
class QuokkaForCausalLM(QuokkaPreTrainedModel, GenerationMixin):
    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)

    def forward(self, input_ids: torch.Tensor = None, token_type_ids: torch.Tensor = None):
        return self.quokka(input_ids)

    def prepare_inputs_for_generation(self, input_ids, **kwargs):
        token_type_ids = kwargs.get("token_type_ids", None)
        return {"input_ids": input_ids, "token_type_ids": token_type_ids}
"""
    text = method_text(
        port(tmp_path, head, exported=("QuokkaForCausalLM",)).text,
        "TFQuokkaForCausalLM",
        "prepare_inputs_for_generation",
    )
    assert "token_type_ids = tf.reshape(token_type_ids, [-1, shape_list(token_type_ids)[-1]])" in text


IMAGES = """
class QuokkaForCausalLM(QuokkaPreTrainedModel, GenerationMixin):
    def __init__(self, config):
        super().__init__(config)
        self.dense = nn.Linear(2, 2)

    def forward(self, input_ids, past_key_values=None, pixel_values=None):
        return self.dense(pixel_values)

    def prepare_inputs_for_generation(self, input_ids, past_key_values=None, **kwargs):
        return {"input_ids": input_ids, "pixel_values": kwargs.get("pixel_values", None)}
"""


def test_images_among_the_keywords_lose_the_axis_of_beams(tmp_path: Path) -> None:
    source = HEAD + BASE + IMAGES
    place = source.split("\n").index("        return self.dense(pixel_values)") + 1
    types = TypeDB({(place, 26, place, 38): TypeInfo((Observation("tensor", "float32", 4),))})
    located = checkout(tmp_path, source, exported=("QuokkaForCausalLM",))
    text = method_text(translate(located, types).text, "TFQuokkaForCausalLM", "prepare_inputs_for_generation")
    assert "if pixel_values is not None and len(pixel_values.shape) > 4:" in text
    assert 'kwargs["pixel_values"] = tf.reshape(pixel_values, [-1] + shape_list(pixel_values)[-3:])' in text


def test_a_part_whose_generate_is_called_stays_a_model(tmp_path: Path) -> None:
    outer = """
class QuokkaForOddity(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.text_model = QuokkaForCausalLM(config)

    def forward(self, x):
        return self.text_model(x)

    def generate(self, x):
        return self.text_model.generate(x)
"""
    text = port(tmp_path, IMAGES + outer, exported=("QuokkaForOddity",)).text
    assert "class TFQuokkaForCausalLM(TFQuokkaPreTrainedModel" in text
    assert 'self.text_model = TFQuokkaForCausalLM(config, name="text_model")' in text


def test_the_position_of_the_last_token_goes_by_the_mask(tmp_path: Path) -> None:
    method = """
    def prepare_inputs_for_generation(self, input_ids, past_key_values=None, attention_mask=None, **kwargs):
        position_ids = None
        if past_key_values is not None:
            position_ids = create_position_ids_from_input_ids(input_ids, padding_idx=self.config.pad_token_id)[:, -1:]
            input_ids = input_ids[:, -1:]
        return {"input_ids": input_ids, "position_ids": position_ids}
"""
    text = " ".join(
        method_text(ported(tmp_path, method=method), "TFQuokkaForCausalLM", "prepare_inputs_for_generation").split()
    )
    counted = "tf.reduce_sum(attention_mask, axis=-1, keepdims=True) + self.config.pad_token_id"
    assert f"position_ids = ( {counted} )" in text or f"position_ids = {counted}" in text


UPDATE = """
    def _update_model_kwargs_for_generation(self, outputs, model_kwargs, is_encoder_decoder, **kwargs):
        model_kwargs = super()._update_model_kwargs_for_generation(
            outputs=outputs, model_kwargs=model_kwargs, is_encoder_decoder=is_encoder_decoder, **kwargs
        )
        model_kwargs["{key}"] = outputs.{key}
        return model_kwargs
"""


def test_what_was_computed_of_images_is_not_handed_from_step_to_step(tmp_path: Path) -> None:
    name = "_update_model_kwargs_for_generation"
    assert name not in ported(tmp_path / "images", method=UPDATE.format(key="image_hidden_states"))
    assert f"def {name}" in ported(tmp_path / "other", method=UPDATE.format(key="audio_state"))


LENGTHS = """
class QuokkaForCausalLM(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.dense = nn.Linear(2, 2)

    def forward(self, states: torch.Tensor):
        return self.dense(states)

    def generate(self, states, **generate_kwargs):
        inputs_embeds = self.dense(states)
        generate_kwargs["max_length"] = generate_kwargs.get("max_length", 20) + states.shape[1] - 1
        generate_kwargs["min_length"] = generate_kwargs.get("min_length", 0) + states.shape[1]
        generate_kwargs["top_k"] = 2
        return self.dense.generate(inputs_embeds=inputs_embeds, **generate_kwargs)
"""


def test_lengths_do_not_count_the_embeddings(tmp_path: Path) -> None:
    text = method_text(port(tmp_path, LENGTHS).text, "TFQuokkaForCausalLM", "generate")
    generate = " ".join(text.split())
    assert "+ shape_list(states)[1] - 1 - shape_list(inputs_embeds)[1]" in generate
    assert 'generate_kwargs.get("min_length", 0) + shape_list(states)[1] - shape_list(inputs_embeds)[1], 0' in generate
    assert 'generate_kwargs["top_k"] = 2' in generate
