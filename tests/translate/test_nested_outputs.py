"""Models whose outputs hold the outputs of their parts."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, port

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
    assert 'output["past_key_values"] = tuple(tf.nest.flatten(output["past_key_values"]))' in base
