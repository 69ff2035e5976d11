"""Models that are made of others by configuration: constructors, calls, names of weights, what generation hands on."""

from __future__ import annotations

from pathlib import Path

from scaffold.core.typedb import Observation, ProbedClass, TypeDB, TypeInfo
from scaffold.translate import translate
from scaffold.translate.sources import Source
from tests.translate.checkouts import BASE, HEAD, checkout, class_text, method_text, port

MODEL = """
from ..auto import AutoModel, AutoModelForCausalLM


class QuokkaForConditionalGeneration(QuokkaPreTrainedModel, GenerationMixin):
    def __init__(self, config):
        super().__init__(config)
        self.vision_tower = AutoModel.from_config(config.vision_config)
        language_model = AutoModelForCausalLM.from_config(config=config.text_config)
        if language_model._tied_weights_keys is not None:
            self._tied_weights_keys = [f"language_model.{k}" for k in language_model._tied_weights_keys]
        if language_model._no_split_modules is not None:
            self._no_split_modules.extend(language_model._no_split_modules)
        self.language_model = language_model

    def get_input_embeddings(self):
        return self.language_model.get_input_embeddings()

    def resize_token_embeddings(self, new_num_tokens=None):
        return self.language_model.resize_token_embeddings(new_num_tokens)

    def forward(
        self,
        input_ids: torch.LongTensor = None,
        pixel_values: torch.FloatTensor = None,
        attention_mask: torch.Tensor = None,
        past_key_values: List[torch.FloatTensor] = None,
        cache_position: torch.LongTensor = None,
    ):
        image = self.vision_tower(pixel_values, output_hidden_states=True)
        embeds = self.get_input_embeddings()(input_ids)
        cache_position = torch.arange(attention_mask.shape[1])
        return self.language_model(inputs_embeds=embeds, attention_mask=attention_mask, cache_position=cache_position)

    def prepare_inputs_for_generation(self, input_ids, pixel_values=None, cache_position=None, **kwargs):
        return self.language_model.prepare_inputs_for_generation(input_ids, cache_position=cache_position)
"""
NAME = "TFQuokkaForConditionalGeneration"


def test_parts_are_made_of_their_configuration_and_built(tmp_path: Path) -> None:
    text = port(tmp_path, MODEL, exported=("QuokkaForConditionalGeneration",)).text
    init = method_text(text, NAME, "__init__")
    assert 'self.vision_tower = _part_model(config.vision_config, "AutoModel", name="vision_tower")' in init
    assert '_part_model(config.text_config, "AutoModelForCausalLM", name="language_model")' in init
    assert "_tied_weights_keys" not in init
    assert "_no_split_modules" not in init
    build = method_text(text, NAME, "build")
    assert "self.vision_tower.build(None)" in build
    assert "self.language_model.build(None)" in build
    assert "def _part_model(" in text
    assert "from ..auto.modeling_auto import" in text


def test_calls_of_parts_are_those_of_tensorflow_models(tmp_path: Path) -> None:
    call = method_text(port(tmp_path, MODEL, exported=("QuokkaForConditionalGeneration",)).text, NAME, "call")
    assert "self.vision_tower(pixel_values, output_hidden_states=True, training=training)" in call
    assert "_embed_tokens(self.get_input_embeddings(), input_ids)" in call
    assert "cache_position" not in call.partition("):")[2]
    joined = " ".join(call.split())
    assert "inputs_embeds=embeds, attention_mask=attention_mask, input_ids=None, training=training" in joined


def test_names_of_weights_and_what_is_called_on_loading(tmp_path: Path) -> None:
    text = port(tmp_path, MODEL, exported=("QuokkaForConditionalGeneration",)).text
    renaming = method_text(text, NAME, "tf_to_pt_weight_rename")
    assert "for part in (self.vision_tower,):" in renaming  # a model with a head has PyTorch's names
    base = class_text(text, "TFQuokkaPreTrainedModel")
    assert "base_model_prefix" not in base
    assert "self.build_in_name_scope()" in base
    assert "return {}" in base
    assert "raise NotImplementedError" in method_text(text, NAME, "resize_token_embeddings")
    assert "training" not in method_text(text, NAME, "get_input_embeddings")


def test_images_are_handed_on_with_the_prompt_only(tmp_path: Path) -> None:
    text = port(tmp_path, MODEL, exported=("QuokkaForConditionalGeneration",)).text
    prepared = method_text(text, NAME, "prepare_inputs_for_generation")
    assert 'pixel_values = kwargs.get("pixel_values") if past_key_values is None else None' in prepared
    assert '"pixel_values": pixel_values,' in prepared


INNER = """
class QuokkaTower(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.dense = nn.Linear(2, 2)

    def forward(self, x):
        return self.dense(x)


class QuokkaForOddity(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.tower = QuokkaTower._from_config(config.tower_config, attn_implementation="eager")

    def forward(self, x):
        return self.tower(x)
"""


def test_a_model_of_the_file_is_made_by_its_constructor(tmp_path: Path) -> None:
    text = port(tmp_path, INNER, exported=("QuokkaForOddity",)).text
    assert 'self.tower = TFQuokkaTower(config.tower_config, name="tower")' in text
    assert "self.tower.build(None)" in method_text(text, "TFQuokkaForOddity", "build")


OLD = """
class QuokkaForOddity(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.dense = nn.Linear(2, 2)

    def merge(self, x):
        return torch.unsupported(x)

    def forward(self, x: torch.Tensor, y: torch.Tensor):
        old_way = (x == 3).sum(1).max() < self.config.length
        if old_way:
            logger.warning_once("This is deprecated.")
            if x.shape[1] != 1:
                y = self.merge(y)
            else:
                y = y + 1
        elif y is not None:
            n = (x == 3).sum().item()
            if n != self.config.length:
                raise ValueError(f"bad {n}")
        return self.dense(y)
"""


def _seen(source: str) -> TypeDB:
    """What a probe sees of a run that never merges: every tensor, and the test of the length."""
    import ast

    sites = {}
    for node in ast.walk(Source(source).tree):
        text = ast.unparse(node) if isinstance(node, ast.expr) else ""
        kind = {"x": "int64", "y": "float32", "(x == 3).sum(1).max() < self.config.length": "bool", "x == 3": "bool"}
        if text in kind and not (text == "y" and "merge" in source.split("\n")[node.lineno - 1]):  # type: ignore[attr-defined]
            rank = 0 if "<" in text else 2
            position = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
            sites[position] = TypeInfo((Observation("tensor", kind[text], rank),))
    return TypeDB(sites)


def test_the_old_way_is_settled_by_lengths_in_a_graph_and_refused_where_it_never_ran(tmp_path: Path) -> None:
    source = HEAD + BASE + OLD
    located = checkout(tmp_path, source, exported=("QuokkaForOddity",))
    text = translate(located, _seen(source)).text
    call = " ".join(method_text(text, "TFQuokkaForOddity", "call").split())
    assert "if tf.executing_eagerly() else not (x.shape[1] != 1)" in call
    assert "if shape_list(x)[1] != 1: raise ValueError(" in call
    assert "def merge" not in text
    assert "else: y = y + 1" in call
    assert "tf.debugging.assert_equal( n, self.config.length" in call or "tf.debugging.assert_equal(n, self" in call


def test_a_part_that_generates_goes_on_from_embeddings(tmp_path: Path) -> None:
    generating = (
        MODEL
        + """
    def generate(self, embeds):
        return self.language_model.generate(inputs_embeds=embeds)
"""
    )
    text = port(tmp_path, generating, exported=("QuokkaForConditionalGeneration",)).text
    assert '_generating_part(config.text_config, "AutoModelForCausalLM", name="language_model")' in text
    assert "class _GenerationFromEmbeddings:" in text
    assert 'kwargs["input_ids"] = tf.cast(kwargs["input_ids"], tf.int32)' in text
    assert "_generating_part" not in port(tmp_path, MODEL, exported=("QuokkaForConditionalGeneration",)).text


def test_weights_that_a_part_shares_may_all_be_in_a_checkpoint(tmp_path: Path) -> None:
    shared = ("language_model.lm_head.weight", "language_model.model.embed.weight")
    probed = ProbedClass("QuokkaForConditionalGeneration", tied=(shared,))
    located = checkout(tmp_path, HEAD + BASE + MODEL, exported=("QuokkaForConditionalGeneration",))
    text = translate(located, TypeDB(classes={probed.name: probed})).text
    assert 'r"language_model.lm_head.weight"' in class_text(text, NAME)
