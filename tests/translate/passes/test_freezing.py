"""Frozen layers and loops that only initialise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.frameworks import tensorflow
from tests.translate.checkouts import class_text, method_text, port

BODY = """
class QuokkaFrozen(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.register_buffer("weight", torch.ones(n))

    def forward(self, x):
        epsilon = 1e-4
        return x * (self.weight + epsilon)


def freeze(model):
    for name, module in model.named_children():
        if isinstance(module, nn.BatchNorm2d):
            new_module = QuokkaFrozen(module.num_features)
            model._modules[name] = new_module
        if len(list(module.children())) > 0:
            freeze(module)


class QuokkaThing(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm = nn.BatchNorm2d(config.hidden_size)
        freeze(self)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.constant_(m.bias, 0)
        for name, p in self.named_parameters():
            if "norm" not in name:
                p.requires_grad_(False)

    def thaw(self):
        for p in self.parameters():
            p.requires_grad = True

    def forward(self, x):
        return self.norm(x)
"""


def test_normalisations_are_frozen_in_their_places(tmp_path: Path) -> None:
    text = port(tmp_path, BODY).text
    assert text.count("class TFQuokkaFrozen(keras.layers.BatchNormalization):") == 1
    assert "def freeze(model):" in text
    assert "layer.__class__, layer.epsilon = TFQuokkaFrozen, 0.0001" in text
    assert "TODO(port)" not in class_text(text, "TFQuokkaThing")


def test_frozen_normalisations_stay_frozen_in_a_layer_that_is_made_trainable(tmp_path: Path) -> None:
    tf, keras = tensorflow(), pytest.importorskip("tf_keras", reason="Keras 2 is not installed")
    text = port(tmp_path, BODY).text
    names: dict[str, Any] = {"keras": keras}
    exec(text[text.index("class TFQuokkaFrozen") : text.index("class TFQuokkaThing")], names)
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.BatchNormalization(name="norm")])
    names["freeze"](model)
    model.trainable = True
    model(tf.random.normal((4, 3)), training=True)
    assert [weight.name for weight in model.trainable_weights] == ["dense/kernel:0", "dense/bias:0"]
    assert not model.layers[1].moving_mean.numpy().any()


def test_layers_are_frozen_where_pytorch_freezes_parameters(tmp_path: Path) -> None:
    text = port(tmp_path, BODY).text
    assert (
        "    for name, p in named_layers(self):\n" '        if "norm" not in name:\n' "            p.trainable = False"
    ) in method_text(text, "TFQuokkaThing", "__init__")
    thaw = method_text(text, "TFQuokkaThing", "thaw")
    assert "def thaw(self):\n" in thaw and "    self.trainable = True" in thaw
    assert "def named_layers(" in text


def test_a_loop_that_initialises_is_dropped(tmp_path: Path) -> None:
    assert "modules()" not in method_text(port(tmp_path, BODY).text, "TFQuokkaThing", "__init__")


FREEZING = """
class QuokkaEncoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dropout = nn.Dropout(0.1)

    def _freeze_parameters(self):
        for param in self.parameters():
            param.requires_grad = False

    def forward(self, x):
        return self.dropout(x)


class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.encoder = QuokkaEncoder(config)

    def freeze_encoder(self):
        self.encoder._freeze_parameters()

    def forward(self, input_values):
        return self.encoder(input_values)
"""


def test_a_model_can_be_frozen_as_pytorchs(tmp_path: Path) -> None:
    text = port(tmp_path, FREEZING, exported=("QuokkaModel",)).text
    assert "def _freeze_parameters(self):\n        self.trainable = False\n" in text
    assert "def freeze_encoder(self):\n        self.encoder._freeze_parameters()\n" in text  # the main layer's
    assert "def freeze_encoder(self):\n        return self.quokka.freeze_encoder()\n" in text


TUNING = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.embeddings.requires_grad_(False)
        self.encoder = QuokkaEncoder(config)

    def get_input_embeddings(self):
        return self.embeddings

    def set_tuning(self):
        self.requires_grad_(False)
        self.encoder.prompt.requires_grad_(True)

    def forward(self, input_ids):
        return self.encoder(self.embeddings(input_ids))


class QuokkaForMaskedLM(QuokkaPreTrainedModel):
    _tied_weights_keys = ["lm_head.weight"]

    def __init__(self, config):
        super().__init__(config)
        self.quokka = QuokkaModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def get_output_embeddings(self):
        return self.lm_head

    def set_tuning(self):
        self.quokka.set_tuning()
        self.lm_head.requires_grad_(False)

    def forward(self, input_ids):
        return self.lm_head(self.quokka(input_ids))
"""

PROMPTED = """
class QuokkaEncoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.prompt = nn.Linear(config.hidden_size, config.hidden_size)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        return self.dropout(self.prompt(x))
"""


def test_parts_are_frozen_as_a_whole(tmp_path: Path) -> None:
    text = port(tmp_path, PROMPTED + TUNING, exported=("QuokkaModel", "QuokkaForMaskedLM")).text
    assert "        self.embeddings.trainable = False\n" in text
    tuned = "        for _, layer in named_layers(self):\n            layer.trainable = False\n"
    assert f"    def set_tuning(self):\n{tuned}        self.encoder.prompt.trainable = True\n" in text
    tied = "        if self.lm_head is not None:\n            self.lm_head.trainable = False\n"
    assert f"    def set_tuning(self):\n        self.quokka.set_tuning()\n{tied}" in text
