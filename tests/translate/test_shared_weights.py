"""A constructor that takes the weight of a layer it is handed: the port shares the layer, where that is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.translate.checkouts import method_text, port

MODEL = """
class QuokkaScaledEmbedding(nn.Embedding):
    def __init__(self, rows: int, width: int, scale: float = 1.0):
        super().__init__(rows, width)
        self.scale = scale

    def forward(self, ids: torch.Tensor):
        return super().forward(ids) * self.scale


class QuokkaEncoder(nn.Module):
    def __init__(self, config, embed_tokens=None):
        super().__init__()
        self.embed_tokens = OWN(config.vocab_size, config.hidden_size)
        if embed_tokens is not None:
            self.embed_tokens.weight = embed_tokens.weight

    def forward(self, ids: torch.Tensor):
        return self.embed_tokens(ids)


class QuokkaStack(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.shared = SHARED(config.vocab_size, config.hidden_size)
        self.encoder = QuokkaEncoder(config, self.shared)

    def forward(self, ids: torch.Tensor):
        return self.encoder(ids)
"""


@pytest.mark.parametrize("own", ["QuokkaScaledEmbedding", "nn.Embedding"])
@pytest.mark.parametrize("shared", ["QuokkaScaledEmbedding", "nn.Embedding"])
def test_the_layer_is_shared_or_that_is_marked(tmp_path: Path, own: str, shared: str) -> None:
    translation = port(tmp_path, MODEL.replace("OWN", own).replace("SHARED", shared))
    assert "self.embed_tokens = embed_tokens" in method_text(translation.text, "TFQuokkaEncoder", "__init__")
    codes = [marker.code for marker in translation.markers]
    assert codes == ([] if own == shared else ["TFP132"])
