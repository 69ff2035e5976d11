"""What a composite file takes along: backbones as plain modules, losses with all they need, names kept apart."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scaffold.locate.naming import AutoTables
from scaffold.locate.parts import joined

MODELS = "src/transformers/models"
MAIN = '''"""PyTorch Quokka model."""
import torch
from torch import nn

from ...utils.backbone_utils import load_backbone


def shared(x):
    return x


class QuokkaForObjectDetection(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.model = load_backbone(config)

    def forward(self, x, labels=None):
        return self.loss_function(x, labels)
'''
ELDER = '''import torch
from torch import nn

from ...activations import ACT2FN
from ...modeling_outputs import BackboneOutput
from ...modeling_utils import PreTrainedModel
from ...utils.backbone_utils import BackboneMixin
from .configuration_elder import ElderConfig

DOC = "inputs"


def shared(x):
    return x + 1


class ElderPreTrainedModel(PreTrainedModel):
    config_class = ElderConfig


class ElderLayer(nn.Module):
    def forward(self, x):
        return ACT2FN["gelu"](shared(x))


class ElderModel(ElderPreTrainedModel):
    pass


@add_start_docstrings(DOC)
class ElderBackbone(ElderPreTrainedModel, BackboneMixin):
    def __init__(self, config: ElderConfig):
        super().__init__(config)
        super()._init_backbone(config)
        self.layer = ElderLayer()

        # initialize weights
        self.post_init()

    @add_start_docstrings_to_model_forward(DOC)
    def forward(self, x):
        """
        Examples: torch
        """
        return BackboneOutput(feature_maps=(self.layer(x),))
'''
LOSS_UTILS = """from .loss_boxes import ForObjectDetectionLoss


def ForCausalLMLoss(logits, labels):
    return logits


LOSS_MAPPING = {"ForCausalLM": ForCausalLMLoss, "ForObjectDetection": ForObjectDetectionLoss}
"""
LOSS_BOXES = """import torch

from ..utils import is_scipy_available

if is_scipy_available():
    from scipy.optimize import linear_sum_assignment


def matched(x):
    return linear_sum_assignment(x)


def ForObjectDetectionLoss(logits, labels):
    return matched(logits)
"""
AUTO = (
    'MODEL_FOR_BACKBONE_MAPPING_NAMES = OrderedDict([("elder", "ElderBackbone"), ("timm_backbone", "TimmBackbone")])\n'
)
TABLES = AutoTables(configs={"elder": "ElderConfig"}, titles={}, folders={})


def tree(root: Path, main: str = MAIN, elder: str = ELDER) -> str | None:
    for path, text in {
        f"{MODELS}/quokka/modeling_quokka.py": main,
        f"{MODELS}/elder/modeling_elder.py": elder,
        f"{MODELS}/auto/modeling_auto.py": AUTO,
        "src/transformers/loss/loss_utils.py": LOSS_UTILS,
        "src/transformers/loss/loss_boxes.py": LOSS_BOXES,
        "tests/test_quokka.py": "config = QuokkaConfig(backbone_config=ElderConfig())\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return joined(root, f"{MODELS}/quokka/modeling_quokka.py", TABLES, ["tests/test_quokka.py"])


def test_a_backbone_comes_along_as_a_plain_module(tmp_path: Path) -> None:
    text = tree(tmp_path)
    assert text is not None
    assert "self.model = ElderBackbone(supported_backbone_config(config))" in text
    assert "class ElderBackbone(nn.Module, BackboneMixin):" in text
    assert "        super().__init__()\n        self.config = config\n        super()._init_backbone(config)" in text
    assert "post_init" not in text.split("class ElderBackbone")[1]
    assert "ElderPreTrainedModel" not in text
    assert "ElderModel" not in text
    assert "from ..elder.configuration_elder import ElderConfig" in text
    assert text.index("class ElderLayer") < text.index("class ElderBackbone")
    ast.parse(text)


def test_a_backbone_is_found_by_the_class_of_its_configuration(tmp_path: Path) -> None:
    text = tree(tmp_path)
    assert text is not None
    scope: dict[str, Any] = {}
    exec(text[text.index("def supported_backbone_config") :], scope)  # the text is this test's own
    elder = type("ElderConfig", (), {"model_type": "elder"})()
    elder.model_type = "quokka"  # made of the dictionary of another configuration
    config = SimpleNamespace(backbone_config=elder)
    assert scope["supported_backbone_config"](config) is elder
    config.backbone_config = type("OtherConfig", (), {"model_type": "other"})()
    with pytest.raises(ValueError, match="elder"):
        scope["supported_backbone_config"](config)


def test_a_backbone_can_be_told_to_initialise_itself(tmp_path: Path) -> None:
    main = MAIN + "\n\ndef prepare(model):\n    model.backbone.init_weights()\n"
    text, without = tree(tmp_path / "with", main), tree(tmp_path / "without")
    assert text is not None and without is not None
    assert "    def init_weights(self):\n        pass" in text
    assert "init_weights" not in without


def test_names_that_mean_something_else_are_kept_apart(tmp_path: Path) -> None:
    text = tree(tmp_path)
    assert text is not None
    assert "def elder_shared(x):" in text
    assert 'ACT2FN["gelu"](elder_shared(x))' in text


def test_a_loss_of_its_own_file_is_called_by_its_name(tmp_path: Path) -> None:
    text = tree(tmp_path)
    assert text is not None
    assert "return ForObjectDetectionLoss(x, labels)" in text
    assert "def matched(x):" in text
    assert "from ...utils import is_scipy_available" in text
    assert "if is_scipy_available():\n    from scipy.optimize import linear_sum_assignment" in text


def test_a_loss_of_the_library_stays(tmp_path: Path) -> None:
    plain = MAIN.replace("ObjectDetection", "CausalLM").replace("load_backbone(config)", "None")
    assert tree(tmp_path, plain) is None


def test_helpers_that_only_pytorch_has_come_along(tmp_path: Path) -> None:
    main = "import torch\nfrom ...time_series_utils import (\n    Chance,\n)\n\n\ndef f(x):\n    return Chance()(x)\n"
    helpers = "from torch.distributions import Normal\n\n\nclass Chance:\n    def __call__(self, x):\n"
    helpers += "        return Normal(x, 1)\n"
    path = tmp_path / "src/transformers/time_series_utils.py"
    path.parent.mkdir(parents=True)
    path.write_text(helpers, encoding="utf-8")
    text = tree(tmp_path, main)
    assert text is not None and "time_series_utils" not in text
    assert text.split("\n")[6:8] == ["def f(x):", "    return Chance()(x)"], "lines moved"
    assert "from torch.distributions import Normal" in text and "\nclass Chance:\n" in text


def test_lines_of_the_file_stay_where_they_are(tmp_path: Path) -> None:
    text = tree(tmp_path)
    assert text is not None
    before, after = MAIN.split("\n"), text.split("\n")
    changed = [k for k, line in enumerate(before) if line != after[k]]
    assert [before[k].strip() for k in changed] == [
        "self.model = load_backbone(config)",
        "return self.loss_function(x, labels)",
    ]


def test_a_backbone_that_needs_a_package_stays_out(tmp_path: Path) -> None:
    other = ELDER.replace("DOC = ", "if is_natten_available():\n    from natten import na\n\nDOC = ").replace(
        "shared(x))", "na(x))"
    )
    text = tree(tmp_path, elder=other)
    assert text is not None
    assert "load_backbone(config)" in text
    assert "class ElderBackbone" not in text
