"""Two tied output layers in one model: of words, which the library resizes, and of something else."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, port

BODY = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.words = nn.Embedding(config.vocab_size, config.hidden_size)
        self.entities = nn.Embedding(config.entity_vocab_size, config.hidden_size)

    def get_input_embeddings(self):
        return self.words

    def forward(self, input_ids):
        return self.words(input_ids) + self.entities(input_ids)


class QuokkaWordHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def forward(self, x):
        return self.decoder(x)


class QuokkaEntityHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.decoder = nn.Linear(config.hidden_size, config.entity_vocab_size, bias=False)

    def forward(self, x):
        return self.decoder(x)


class QuokkaForMaskedLM(QuokkaPreTrainedModel):
    _tied_weights_keys = ["lm_head.decoder.weight", "entity_head.decoder.weight"]

    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.lm_head = QuokkaWordHead(config)
        self.entity_head = QuokkaEntityHead(config)

    def tie_weights(self):
        super().tie_weights()
        self._tie_or_clone_weights(self.entity_head.decoder, self.quokka.entities)

    def get_output_embeddings(self):
        return self.lm_head.decoder

    def forward(self, input_ids):
        x = self.quokka(input_ids)
        return self.lm_head(x), self.entity_head(x)
"""


def test_resized_words_leave_the_other_head_as_it_is(tmp_path: Path) -> None:
    text = port(tmp_path, BODY, exported=("QuokkaModel", "QuokkaForMaskedLM")).text
    model = class_text(text, "TFQuokkaForMaskedLM")
    assert "self.lm_head.input_embeddings = value" in model and "self.entity_head.input_embeddings" not in model
    assert "return self.lm_head\n" in model and "return self.entity_head\n" not in model
    assert "input_embeddings=self.quokka.entities" in model
    assert "set_output_embeddings" not in class_text(text, "TFQuokkaEntityHead")
