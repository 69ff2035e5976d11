"""What later releases leave to the library is written out in the modelling file, or said to be unclear."""

from __future__ import annotations

import ast

import pytest

from scaffold.core import longhand
from scaffold.core.longhand import accessors
from scaffold.core.longhand.splice import Source

LAYERS = """from torch import nn

from .modeling_outputs import SequenceClassifierOutputWithPast
from .models.auto import AutoModel
from .utils import can_return_tuple, logging

logger = logging.get_logger(__name__)


class GenericForSequenceClassification:
    base_model_prefix = "model"

    def __init__(self, config):
        super().__init__(config)
        # Similar to `self.model = AutoModel.from_config(config)` but with another name
        setattr(self, self.base_model_prefix, AutoModel.from_config(config))
        self.score = nn.Linear(config.hidden_size, config.num_labels)

    @can_return_tuple
    def forward(self, input_ids, **kwargs) -> SequenceClassifierOutputWithPast:
        outputs = getattr(self, self.base_model_prefix)(input_ids, **kwargs)
        if input_ids is None:
            logger.warning_once("no tokens")
        return SequenceClassifierOutputWithPast(logits=self.score(outputs.last_hidden_state))
"""

MODEL = """import torch
from torch import nn
from typing import Optional

from ...masking_utils import create_causal_mask, create_masks_for_generate
from ...modeling_layers import GenericForSequenceClassification
from ...modeling_outputs import BaseModelOutputWithPast
from ...modeling_utils import PreTrainedModel
from ...utils.generic import check_model_inputs


class LynxAttention(nn.Module):
    def forward(self, hidden_states, **kwargs):
        return hidden_states, hidden_states.softmax(-1)


class LynxLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.self_attn = LynxAttention()

    def forward(self, hidden_states, **kwargs) -> torch.Tensor:
        residual = hidden_states
        hidden_states, _ = self.self_attn(hidden_states, **kwargs)
        return residual + hidden_states


class LynxPreTrainedModel(PreTrainedModel):
    _can_record_outputs = {"hidden_states": LynxLayer, "attentions": LynxAttention}


class LynxModel(LynxPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.layers = nn.ModuleList([LynxLayer(config) for _ in range(2)])

    @check_model_inputs
    def forward(self, inputs_embeds, attention_mask: Optional[torch.Tensor] = None, use_cache=None, **kwargs):
        mask = create_causal_mask(
            config=self.config, input_embeds=inputs_embeds, attention_mask=attention_mask, cache_position=None
        )
        hidden_states = inputs_embeds
        for layer in self.layers:
            hidden_states = layer(hidden_states, attention_mask=mask, **kwargs)
        return BaseModelOutputWithPast(last_hidden_state=hidden_states)


class LynxForSequenceClassification(GenericForSequenceClassification, LynxPreTrainedModel): ...
"""


def written(*edits: tuple[str, str]) -> str:
    text = MODEL
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    source = Source("modeling_lynx.py", text)
    for rule in longhand.rules(Source(longhand.LAYERS, LAYERS)):
        source = rule(source)
    return source.text


def of(text: str, name: str) -> str:
    node = next(n for n in ast.parse(text).body if getattr(n, "name", "") == name)
    return ast.unparse(node)


def test_a_model_collects_its_outputs_and_asks_its_configuration() -> None:
    text = written()
    model = of(text, "LynxModel")
    assert "check_model_inputs" not in model and "_can_record_outputs" not in text
    assert "output_attentions: Optional[bool]=None" in model, "as the module writes what may be None"
    assert "use_cache = use_cache if use_cache is not None else self.config.use_cache" in model
    assert "all_self_attentions += (layer_outputs[1],)" in model
    assert "if not return_dict:" in model
    assert "return (residual + hidden_states, attn_weights)" in of(text, "LynxLayer")


def test_masks_take_the_keywords_of_the_release() -> None:
    text = written()
    assert "make_causal_mask(config=self.config, input_embeds=inputs_embeds" in of(text, "LynxModel")
    function = of(text, "make_causal_mask")
    assert "config, input_embeds, attention_mask, cache_position=None, past_key_values=None" in function
    text = written(
        ("create_causal_mask(\n", "create_causal_mask(\n# 5.x\n"), ("input_embeds=inputs", "inputs_embeds=inputs")
    )
    assert "config, inputs_embeds, attention_mask" in of(text, "make_causal_mask")
    keywords = '{"config": self.config, "input_embeds": inputs_embeds, "attention_mask": attention_mask}'
    called = "config=self.config, input_embeds=inputs_embeds, attention_mask=attention_mask, cache_position=None"
    text = written((called, f"**{keywords}"))
    assert "make_causal_mask(config, input_embeds, attention_mask, past_key_values=None" in of(text, "make_causal_mask")
    assert "from ...masking_utils import create_masks_for_generate\n" in text, "what no rule knows stays"
    with pytest.raises(longhand.Unclear, match="or_mask_function"):
        written(("cache_position=None\n", "or_mask_function=None\n"))


def test_a_generic_head_has_the_body_that_its_name_says() -> None:
    head = of(written(), "LynxForSequenceClassification")
    assert head.startswith("class LynxForSequenceClassification(LynxPreTrainedModel):")
    assert "self.model = LynxModel(config)" in head and "Similar to" not in head
    assert "self.model(input_ids, output_attentions=output_attentions" in head
    more = "class LynxTextModel(LynxModel):\n    pass\n\n\nclass LynxTextForX("
    text = written(("class LynxForSequenceClassification(", more))
    assert "self.model = LynxTextModel(config)" in of(text, "LynxTextForX")


def test_what_a_head_says_itself_is_kept() -> None:
    own = '):\n    """Sorts."""\n\n    base_model_prefix = "lynx"\n\n    def forward(self, x):\n        return x\n'
    head = of(written(("LynxPreTrainedModel): ...", f"LynxPreTrainedModel{own}")), "LynxForSequenceClassification")
    assert "Sorts." in head and "self.lynx = LynxModel(config)" in head
    assert head.count("def forward") == 1 and "return x" in head


def test_a_head_without_its_body_in_the_file_stays() -> None:
    text = written(("class LynxModel(", "class OtherModel("))
    assert "LynxForSequenceClassification(GenericForSequenceClassification, LynxPreTrainedModel)" in text


def test_a_model_that_collects_itself_loses_the_decorator_alone() -> None:
    text = written(
        ("use_cache=None, **kwargs", "output_attentions=None, output_hidden_states=None, **kwargs"),
        (
            "(last_hidden_state=hidden_states)",
            "(last_hidden_state=hidden_states, hidden_states=all_states, attentions=all_weights)",
        ),
    )
    model = of(text, "LynxModel")
    assert "check_model_inputs" not in model and "layer_outputs" not in model
    assert "return residual + hidden_states" in of(text, "LynxLayer"), "its layers are what they were"


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ('"attentions": LynxAttention', '"router_logits": LynxAttention', "router_logits"),
        ("hidden_states = layer(", "hidden_states, _ = layer(", "LynxModel.forward"),
        ("        hidden_states, _ = self.self_attn(", "        hidden_states, a, b = self.self_attn(", "LynxLayer"),
    ],
)
def test_what_cannot_be_followed_is_said(old: str, new: str, name: str) -> None:
    with pytest.raises(longhand.Unclear) as caught:
        written((old, new))
    assert name in caught.value.name and caught.value.line > 1 and caught.value.path == "modeling_lynx.py"


def test_an_older_file_stays_as_it_is() -> None:
    plain = Source("modeling_lynx.py", "import torch\n\n\nclass A(torch.nn.Module):\n    pass\n")
    for rule in longhand.rules(None):
        assert rule(plain) is plain


TIED = """from torch import nn


class LynxPreTrainedModel(PreTrainedModel):
    base_model_prefix = "lynx"


class LynxModel(LynxPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.embed_tokens = nn.Embedding(4, 4)


class LynxForCausalLM(LynxPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.lynx = LynxModel(config)
        self.lm_head = nn.Linear(4, 4)
"""


def accessible(*edits: tuple[str, str], library: str = accessors.MIXIN, name: str = "LynxForCausalLM") -> str:
    text = TIED
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    source = Source("modeling_lynx.py", text)
    for rule in longhand.rules(None, library):
        source = rule(source)
    return of(source.text, name)


def test_embeddings_that_the_library_finds_are_named() -> None:
    head = accessible()
    assert "def get_output_embeddings(self):\n        return self.lm_head" in head
    assert "def get_input_embeddings(self):\n        return self.lynx.embed_tokens" in head
    assert "def set_input_embeddings(self, value):\n        self.lynx.embed_tokens = value" in head
    body = accessible(name="LynxModel")
    assert "def get_input_embeddings(self):\n        return self.embed_tokens" in body and "output" not in body
    name = ('"lynx"\n', '"lynx"\n    _input_embed_layer = "tokens"\n')
    assert "return self.lynx.tokens" in accessible(name, ("self.embed_tokens = nn", "self.tokens = nn"))
    assert "return self.embed_tokens" in accessible(
        ("self.lm_head =", "self.embed_tokens = nn.Linear(4, 4)\n        self.lm_head =")
    )


@pytest.mark.parametrize(
    ("edits", "library"),
    [
        ([], "class PreTrainedModel"),
        ([("self.lm_head", "self.score")], accessors.MIXIN),
        ([("self.embed_tokens", "self.words")], accessors.MIXIN),
        ([('"lynx"\n', '"lynx"\n\n    def get_output_embeddings(self):\n        return None\n')], accessors.MIXIN),
    ],
    ids=["older library", "no output layer", "not found", "its own"],
)
def test_embeddings_that_the_library_does_not_find_stay(edits: list[tuple[str, str]], library: str) -> None:
    assert "get_output_embeddings" not in accessible(*edits, library=library)


def test_options_of_functions_have_no_type() -> None:
    text = "def eager(module, **kwargs: Unpack[TransformersKwargs]):\n    return other(**kwargs)\n"
    source = Source("modeling_lynx.py", text)
    for rule in longhand.rules(None):
        source = rule(source)
    assert source.text.startswith("def eager(module, **kwargs):")


def test_options_that_a_model_hands_on_have_the_name_that_the_library_knows() -> None:
    text = TIED + "\n    def forward(self, x, **loss_kwargs: Unpack[Options]):\n        "
    for body, name in (
        ("return self.lynx(x, **loss_kwargs)", "kwargs"),
        ("return self.loss_function(x, **loss_kwargs)", "loss_kwargs"),
        ("return self.lynx(x, a=loss_kwargs.get(1))", "loss_kwargs"),
    ):
        source = Source("modeling_lynx.py", text + body + "\n")
        for rule in longhand.rules(None):
            source = rule(source)
        assert f"**{name}: Unpack[Options]):" in of(source.text, "LynxForCausalLM"), body
        assert source.text.count("loss_kwargs") == (0 if name == "kwargs" else 2)
