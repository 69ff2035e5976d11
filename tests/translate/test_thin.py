"""Public models that only wrap their main layer."""

from __future__ import annotations

from pathlib import Path

from tests.translate.checkouts import class_text, port

BODY = """
class QuokkaVisionEncoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, pixel_values):
        return self.proj(pixel_values)


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.vision_encoder = QuokkaVisionEncoder(config.vision_config)
        self.decoder = QuokkaVisionEncoder(config)

    def get_image_features(self, pixel_values):
        return self.vision_encoder(pixel_values)

    @torch.no_grad()
    def get_image_embeddings(self, pixel_values):
        return self.vision_encoder(pixel_values)

    def unfreeze_decoder(self):
        for param in self.decoder.parameters():
            param.requires_grad = True

    def encode(self, pixel_values):
        return F.dropout(self.vision_encoder(pixel_values), 0.1, training=self.training)

    @add_start_docstrings_to_model_forward("Nothing new.")
    def reorder(self, pixel_values):
        return pixel_values

    def forward(self, pixel_values):
        return self.decoder(self.vision_encoder(pixel_values))


class QuokkaForDetection(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.classifier = nn.Linear(config.hidden_size, 2)

    def forward(self, pixel_values):
        return self.classifier(self.quokka(pixel_values))


class QuokkaForSegmentation(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.detector = QuokkaForDetection(config)

    def forward(self, pixel_values):
        return self.detector(pixel_values)
"""
HEADS = ("QuokkaForDetection", "QuokkaForSegmentation")


def test_parts_with_a_configuration_of_their_own_are_reached_as_in_pytorch(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, BODY, exported=("QuokkaModel",)).text, "TFQuokkaModel")
    assert "    @property\n    def vision_encoder(self):\n        return self.quokka.vision_encoder\n" in text
    assert "def decoder(self)" not in text
    assert "return self.quokka.get_image_features(pixel_values=pixel_values)" in text
    assert "return self.quokka.get_image_embeddings(pixel_values=pixel_values)" in text


def test_what_users_call_on_the_model_is_handed_on(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, BODY, exported=("QuokkaModel",)).text, "TFQuokkaModel")
    assert "def unfreeze_decoder(self):\n        return self.quokka.unfreeze_decoder()\n" in text
    assert "return self.quokka.encode(pixel_values=pixel_values, training=training)" in text
    assert "def reorder(self" in text  # public in PyTorch, too


def test_a_head_that_is_part_of_another_has_its_weights_where_the_base_model_looks(tmp_path: Path) -> None:
    text = port(tmp_path, BODY, exported=("QuokkaModel", *HEADS)).text
    assert "QuokkaForDetectionMainLayer" not in text
    assert 'self.quokka = TFQuokkaMainLayer(config, name="quokka")' in class_text(text, "TFQuokkaForDetection")
    assert 'self.detector = TFQuokkaForDetection(config, name="detector")' in class_text(
        text, "TFQuokkaForSegmentation"
    )
