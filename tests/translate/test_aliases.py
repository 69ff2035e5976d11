"""Other names for things: of torch's layers, of a class chosen from a table, of a function that is handed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.translate.sources import Source
from tests.translate.checkouts import class_text, method_text, port, statements

ALIASES = """
from ...modeling_utils import SequenceSummary

QuokkaLayerNorm = torch.nn.LayerNorm
ACTIVATIONS = {"relu": nn.ReLU(), "gelu": F.relu}


class QuokkaAttention(nn.Module):
    def __init__(self, config, layer_idx=None):
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden_states):
        return self.dense(hidden_states)


class QuokkaSdpaAttention(QuokkaAttention):
    pass


QUOKKA_ATTENTION_CLASSES = {"eager": QuokkaAttention, "sdpa": QuokkaSdpaAttention}


class QuokkaBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        attention_class = QUOKKA_ATTENTION_CLASSES[config._attn_implementation]
        self.norm = QuokkaLayerNorm(config.hidden_size, eps=1e-5)
        self.attn = attention_class(config=config, layer_idx=3)
        self.summary = SequenceSummary(config)

    def forward(self, hidden_states, cls_index=None):
        return self.summary(self.attn(self.norm(hidden_states)), cls_index)
"""


def test_a_summary_has_the_type_that_the_configuration_says(tmp_path: Path) -> None:
    """The library's TensorFlow layer asks for it only where there is a projection."""
    line = 'self.summary.summary_type = getattr(config, "summary_type", "last")'
    path = "src/transformers/models/quokka/configuration_quokka.py"
    body = (
        "class QuokkaConfig:\n    def __init__(self, summary_type='mean'):\n        self.summary_type = summary_type\n"
    )
    bare = port(tmp_path / "bare", ALIASES, **{path: body})
    assert line in method_text(bare.text, "TFQuokkaBlock", "__init__")
    projected = port(tmp_path / "projected", ALIASES, **{path: body + "        self.summary_use_proj = True\n"})
    assert line not in projected.text and line not in port(tmp_path / "plain", ALIASES).text


def test_they_are_seen_through(tmp_path: Path) -> None:
    translation = port(tmp_path, ALIASES)
    assert [marker.render() for marker in translation.markers] == []
    text = translation.text
    assert "QuokkaLayerNorm" not in text
    assert "TFSequenceSummary" in text.partition("class ")[0]
    init = method_text(text, "TFQuokkaBlock", "__init__")
    assert "attention_class = TFQuokkaAttention" in init
    assert 'self.attn = attention_class(config=config, layer_idx=3, name="attn")' in init
    assert 'keras.layers.LayerNormalization(epsilon=1e-5, name="norm")' in init
    assert 'self.summary = TFSequenceSummary(config, name="summary")' in init
    assert "cls_index, training=training)" in method_text(text, "TFQuokkaBlock", "call")
    built = method_text(text, "TFQuokkaBlock", "build")
    assert all(f"self.{name}.build(" in built for name in ("attn", "norm", "summary"))
    assert "self.summary.build(None)" in class_text(text, "TFQuokkaBlock")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f = F.relu", "f = tf.nn.relu"),
        ("f = F.silu", "f = tf.nn.silu"),
    ],
)
def test_a_function_that_is_handed_on(before: str, after: str) -> None:
    assert statements(before) == after


def test_only_the_modules_own_names_of_torch_are_other_names() -> None:
    source = Source(
        "import torch\nfrom torch import nn\nA = nn.LayerNorm\nB = 3\nC = torch\n\ndef f():\n    D = nn.Linear\n"
    )
    assert source.imports == {"torch": "torch", "nn": "torch.nn", "A": "torch.nn.LayerNorm"}


CHOSEN = """
class QuokkaHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(config.hidden_size, config.num_labels) if config.num_labels > 0 else nn.Identity(),
        )

    def forward(self, hidden_states):
        return self.classifier(hidden_states)
"""


def test_a_member_that_may_be_an_identity_is_built(tmp_path: Path) -> None:
    built = method_text(port(tmp_path, CHOSEN).text, "TFQuokkaHead", "build")
    assert "with tf.name_scope(self.classifier[1].name):" in built
    assert "self.classifier[1].build([None, None, self.config.hidden_size])" in built
