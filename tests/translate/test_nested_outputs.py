"""Models whose outputs hold the outputs of their parts."""

from __future__ import annotations

from pathlib import Path

from scaffold.core.typedb import Observation, TypeDB, TypeInfo
from scaffold.translate import translate
from tests.translate.checkouts import BASE, HEAD, checkout, class_text, port

BODY = """
@dataclass
class QuokkaOutput(ModelOutput):
    logits: Optional[torch.FloatTensor] = None
    text_model_output: BaseModelOutput = None


class QuokkaModel(QuokkaPreTrainedModel):
    def forward(self, input_ids):
        return QuokkaOutput(logits=input_ids, text_model_output=BaseModelOutput(input_ids))


class QuokkaForText(QuokkaPreTrainedModel):
    def forward(self, input_ids):
        return QuokkaOutput(logits=input_ids)
"""


def test_a_saved_model_serves_tensors_alone(tmp_path: Path) -> None:
    text = port(tmp_path, BODY, exported=("QuokkaModel", "QuokkaForText")).text
    assert "def serving_output(self, output):" in class_text(text, "TFQuokkaModel")
    assert "serving_output" not in class_text(text, "TFQuokkaForText")


PAST = """
class QuokkaModel(QuokkaPreTrainedModel):
    def forward(self, input_ids):
        return Seq2SeqModelOutput(past_key_values=((input_ids,),), encoder_last_hidden_state=input_ids)
"""


def test_a_past_of_two_lengths_is_served_in_parts(tmp_path: Path) -> None:
    base = class_text(port(tmp_path, PAST, exported=("QuokkaModel",)).text, "TFQuokkaPreTrainedModel")
    assert "for number, states in enumerate(zip(*map(tf.nest.flatten, past))):" in base


MAPS = """
class QuokkaBackbone(QuokkaPreTrainedModel):
    def forward(self, pixel_values):
        maps = (pixel_values, pixel_values[:, :, ::2])
        return BackboneOutput(feature_maps=maps, hidden_states=maps)
"""


def test_a_tuple_of_tensors_is_served_by_number(tmp_path: Path) -> None:
    source = HEAD + BASE + MAPS
    line = source.split("\n").index("        return BackboneOutput(feature_maps=maps, hidden_states=maps)") + 1
    seen = TypeInfo((Observation("tuple", rank=2),))
    sites = {(line, start, line, start + 4): seen for start in (43, 63)}
    located = checkout(tmp_path, source, exported=("QuokkaBackbone",))
    text = class_text(translate(located, TypeDB(sites)).text, "TFQuokkaBackbone")
    assert 'for number, tensor in enumerate(output["feature_maps"]):' in text
    assert 'output["hidden_states"]' not in text
    assert "serving_output" not in translate(located, TypeDB()).text
