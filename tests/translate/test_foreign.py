"""Parts that are classes of another model's file, and models that are made of models."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, port

FOLDER = "src/transformers/models/numbat"
FILES = {
    "src/transformers/models/auto/modeling_tf_auto.py": "class TFAutoModel:\n    pass\n",
    f"{FOLDER}/configuration_numbat.py": "class NumbatConfig:\n    pass\n",
    f"{FOLDER}/modeling_numbat.py": """
from .configuration_numbat import NumbatConfig


class NumbatTextModel(nn.Module):
    def forward(self, input_ids=None, labels=None, reduction="mean"):
        return input_ids
""",
    f"{FOLDER}/modeling_tf_numbat.py": """
class TFNumbatTextMainLayer(keras.layers.Layer):
    pass


class TFNumbatTextModel(TFPreTrainedModel):
    def call(self, input_ids=None, labels=None, training=False):
        return input_ids
""",
}

BODY = """
from ..auto.configuration_auto import AutoConfig
from ..auto.modeling_auto import AutoModel
from ..numbat.modeling_numbat import NumbatConfig, NumbatTextModel


class QuokkaForText(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.text = NumbatTextModel(config.text_config)

    def forward(self, input_ids=None, labels=None):
        return self.text(input_ids=input_ids, labels=labels, reduction="mean")


class QuokkaModel(PreTrainedModel):
    config_class = QuokkaConfig
    base_model_prefix = "quokka"

    def __init__(self, config: Optional[QuokkaConfig] = None, decoder: Optional[PreTrainedModel] = None):
        super().__init__(config)
        if decoder is None:
            if isinstance(config.decoder, NumbatConfig):
                decoder = NumbatTextModel(config.decoder)
            else:
                decoder = AutoModel.from_config(config.decoder)
        self.decoder = decoder

    @classmethod
    def from_parts(cls, path, **kwargs) -> PreTrainedModel:
        kwargs_decoder = {k[len("decoder_") :]: v for k, v in kwargs.items() if k.startswith("decoder_")}
        for key in kwargs_decoder.keys():
            del kwargs["decoder_" + key]
        if kwargs_decoder.pop("small", False):
            return cls(decoder=NumbatTextModel.from_pretrained(path))
        decoder = AutoModel.from_pretrained(path, **kwargs_decoder)
        return cls(decoder=decoder, **kwargs)

    def forward(self, input_ids=None, attention_mask=None):
        outputs = self.decoder(input_ids=input_ids)
        del attention_mask
        return outputs
"""


def test_a_part_of_another_file_is_named_and_called_as_its_twin_wants(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, BODY, exported=("QuokkaModel", "QuokkaForText"), **FILES).text, "TFQuokkaForText")
    assert 'self.text = TFNumbatTextModel(config.text_config, name="text")' in text
    assert "self.text(input_ids=input_ids, labels=labels, training=training)" in text  # PyTorch's default reduction


def test_a_model_made_of_models(tmp_path: Path) -> None:
    translation = port(tmp_path, BODY, exported=("QuokkaModel", "QuokkaForText"), **FILES)
    text = class_text(translation.text, "TFQuokkaModel")
    assert not translation.markers
    assert "from ..numbat.configuration_numbat import NumbatConfig\n" in translation.text
    header = text[text.index("def __init__(") : text.index("super().__init__")]
    assert header.index("config: Optional[QuokkaConfig] = None") < header.index("*inputs")  # the first argument
    assert "decoder: Optional[TFPreTrainedModel] = None" in header
    assert 'decoder = TFNumbatTextModel(config.decoder, name="decoder")' in text
    assert "TFNumbatTextModel.from_pretrained(path)" in text  # so it is no main layer anywhere
    assert 'TFAutoModel.from_pretrained(path, **kwargs_decoder, name="decoder")' in text
    assert 'del kwargs["decoder_" + key]' in text and "del attention_mask" not in text
    assert "self.decoder(input_ids=input_ids, training=training)" in text


PAIR = """
from ..auto.modeling_auto import AutoModel, AutoModelForCausalLM


class QuokkaModel(PreTrainedModel):
    config_class = QuokkaConfig
    base_model_prefix = "quokka"

    def __init__(self, config):
        super().__init__(config)
        self.encoder = AutoModel.from_config(config.encoder)
        self.decoder = AutoModelForCausalLM.from_config(config.decoder)

    def forward(self, pixel_values=None, decoder_input_ids=None, return_dict=None):
        return_dict = return_dict if return_dict is not None else self.config.use_return_dict
        states = self.encoder(pixel_values=pixel_values)[0]
        return self.decoder(input_ids=decoder_input_ids, encoder_hidden_states=states)
"""


def test_an_encoder_and_a_decoder_know_what_they_take(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, PAIR, exported=("QuokkaModel",)).text, "TFQuokkaModel")
    assert 'own = f"decoder_{name}" if part is self.decoder else name' in text
    assert text.count("def dummy_inputs(self):") == 1
    named = port(
        tmp_path / "named",
        PAIR.replace("QuokkaModel", "QuokkaEncoderDecoderModel"),
        exported=("QuokkaEncoderDecoderModel",),
    )
    kept = "return_dict = return_dict if return_dict is not None else self.config.use_return_dict"
    assert kept in named.text and kept not in text  # the library fills the flags of models with other names
    signature = text[text.index("def input_signature") : text.index("def dummy_inputs")]
    assert "self.encoder" not in signature  # which the library asks for before there are parts
