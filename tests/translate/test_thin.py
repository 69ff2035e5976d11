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

    def forward(self, pixel_values):
        return self.decoder(self.vision_encoder(pixel_values))
"""


def test_parts_with_a_configuration_of_their_own_are_reached_as_in_pytorch(tmp_path: Path) -> None:
    text = class_text(port(tmp_path, BODY, exported=("QuokkaModel",)).text, "TFQuokkaModel")
    assert "    @property\n    def vision_encoder(self):\n        return self.quokka.vision_encoder\n" in text
    assert "def decoder(self)" not in text
    assert "return self.quokka.get_image_features(pixel_values=pixel_values)" in text
    assert "return self.quokka.get_image_embeddings(pixel_values=pixel_values)" in text
