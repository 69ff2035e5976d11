"""Labels and the outputs they belong to."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, port

HEAD = """
class QuokkaForPreTraining(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)

    def forward(self, input_ids: torch.Tensor = None, labels=None, image_labels=None):
        scores, image_scores = self.quokka(input_ids)
        loss = None
        if labels is not None and image_labels is not None:
            loss_fct = nn.CrossEntropyLoss()
            loss = loss_fct(scores.view(-1, 9), labels.view(-1)) + loss_fct(image_scores.view(-1, 2), image_labels.view(-1))
        return QuokkaOutput(loss=loss, prediction_logits=scores, image_logits=image_scores)
"""


def test_several_labels_are_mapped_to_their_outputs(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, HEAD, exported=("QuokkaForPreTraining",)).text, "TFQuokkaForPreTraining")
    assert '_label_to_output_map = {"labels": "prediction_logits", "image_labels": "image_logits"}' in text


def test_what_the_library_knows_it_is_not_told(tmp_path: Path) -> None:
    head = HEAD.replace("image_labels", "next_sentence_label")
    text = class_text(port(tmp_path, head, exported=("QuokkaForPreTraining",)).text, "TFQuokkaForPreTraining")
    assert "_label_to_output_map" not in text
