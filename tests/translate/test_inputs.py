"""Inputs that the library cannot describe by itself."""

from __future__ import annotations

from pathlib import Path

from scaffold.core.typedb import Observation, ProbedClass, TypeDB
from scaffold.translate import translate
from tests.translate.checkouts import BASE, HEAD, checkout, class_text

MODEL = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.project = nn.Linear(config.state_dim, 2)

    def forward(self, input_ids: torch.Tensor = None, states: torch.Tensor = None):
        return self.project(states)
"""


def test_an_input_that_a_linear_layer_takes_has_its_width(tmp_path: Path) -> None:
    needed = {"input_ids": Observation("tensor", "int64", 2), "states": Observation("tensor", "float32", 3)}
    types = TypeDB(classes={"QuokkaModel": ProbedClass("QuokkaModel", needed=needed)})
    located = checkout(tmp_path, HEAD + BASE + MODEL, exported=("QuokkaModel",))
    text = " ".join(class_text(translate(located, types).text, "TFQuokkaModel").split())
    assert "(None, None, self.config.state_dim), tf.float32" in text


def test_each_model_has_the_prefix_of_its_own_base_class(tmp_path: Path) -> None:
    other = """
class QuokkaTailPreTrainedModel(PreTrainedModel):
    config_class = QuokkaConfig
    base_model_prefix = "tail"


class QuokkaModel(QuokkaTailPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.project = nn.Linear(2, 2)

    def forward(self, input_ids: torch.Tensor = None):
        return input_ids
"""
    located = checkout(tmp_path, HEAD + BASE + other, exported=("QuokkaModel",))
    assert 'self.tail = TFQuokkaMainLayer(config, name="tail")' in translate(located, TypeDB()).text
