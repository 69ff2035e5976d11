"""The generated file's imports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scaffold.translate import imports
from scaffold.translate.sources import Source
from tests.translate.checkouts import HEAD, checkout, port


@pytest.mark.parametrize(
    ("qualname", "twin"),
    [
        ("transformers.modeling_outputs.BaseModelOutput", "transformers.modeling_tf_outputs.TFBaseModelOutput"),
        ("transformers.modeling_outputs.NoSuchOutput", None),
        (
            "transformers.models.elder.modeling_elder.ElderOutput",
            "transformers.models.elder.modeling_tf_elder.TFElderOutput",
        ),
        ("transformers.models.elder.modeling_elder.ElderModel", None),
        ("transformers.models.gone.modeling_gone.GoneModel", None),
        ("transformers.utils.logging", None),
    ],
)
def test_twins_exist_in_the_checkout(tmp_path: Path, qualname: str, twin: str | None) -> None:
    assert imports.tf_twin(checkout(tmp_path, HEAD), Source(HEAD), qualname) == twin


MADE = """
from ..elder.modeling_elder import ElderModel


class QuokkaThing(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.encoder = ElderModel(config)

    def forward(self, input_ids):
        return self.encoder(input_ids)
"""


def test_a_model_that_is_a_layer_of_this_one_is_its_main_layer(tmp_path: Path) -> None:
    path = "src/transformers/models/elder/modeling_tf_elder.py"
    elder = {path: "class TFElderMainLayer: ...\n\n\nclass TFElderModel: ...\n"}
    text = port(tmp_path / "layer", MADE, **elder).text
    assert 'self.encoder = TFElderMainLayer(config, name="encoder")' in text
    assert "import TFElderMainLayer\n" in text and "TFElderModel" not in text
    derived = MADE + "\n\nclass QuokkaElder(ElderModel):\n    pass\n"
    assert "TFElderMainLayer" not in port(tmp_path / "derived", derived, **elder).text


def head(tmp_path: Path, line: str, use: str) -> str:
    layer = f"class QuokkaThing(nn.Module):\n    def forward(self, x: torch.Tensor):\n        return {use}\n"
    return port(tmp_path, f"\n{line}\n\n\n{layer}").text.split("\nclass ")[0]


@pytest.mark.parametrize(
    ("line", "use", "expected"),
    [
        ("import collections", "collections.deque(x)", "import collections\n"),
        ("import numpy as np", "np.array(x)", "import numpy as np\n"),
        ("from ...utils import logging as log", "log.get(x)", "from ...utils import log"),
        ("from ...file_utils import cached", "cached(x)", "from ...file_utils import cached\n"),
        (
            "from ..elder.modeling_elder import ElderOutput",
            "ElderOutput(x)",
            "from ..elder.modeling_tf_elder import TFElderOutput\n",
        ),
        (
            "from ..elder.configuration_elder import ElderConfig",
            "ElderConfig(x)",
            "from ..elder.configuration_elder import ElderConfig\n",
        ),
    ],
)
def test_what_stays(tmp_path: Path, line: str, use: str, expected: str) -> None:
    text = head(tmp_path, line, use)
    assert expected in text or f"{expected}ging as log\n" in text


@pytest.mark.parametrize(
    "line",
    [
        "import torch.utils.checkpoint",
        "from torch.nn import CrossEntropyLoss",
        "from ...modeling_utils import PreTrainedModel",
        "from ...utils import is_flash_attn_2_available",
        "from ...pytorch_utils import prune_linear_layer",
        "from ...cache_utils import Cache",
    ],
)
def test_what_goes(tmp_path: Path, line: str) -> None:
    text = head(tmp_path, line, "x")
    assert not re.search(rf"\b{re.escape(line.split()[-1])}\b", text)
    assert "torch" not in text


def test_unused_imports_go_and_used_ones_are_sorted(tmp_path: Path) -> None:
    text = head(tmp_path, "import zlib\nimport abc", "abc.ABC(zlib.crc32(x))")
    assert text.index("import abc") < text.index("import zlib")
    assert "dataclass" not in text
    assert "import math" not in text


def test_helpers_that_are_torch_modules_are_not_imported(tmp_path: Path) -> None:
    body = """
from .helpers import QuokkaHelper
from .plain import number


class QuokkaThing(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.helper = QuokkaHelper(number(config))

    def forward(self, x):
        return self.helper(x)
"""
    folder = checkout(tmp_path, HEAD).root / "src/transformers/models/quokka"
    (folder / "helpers.py").write_text("import torch\n\n\nclass QuokkaHelper(torch.nn.Module):\n    pass\n")
    (folder / "plain.py").write_text("def number(x):\n    return 1\n")
    text = port(tmp_path, body).text
    assert "from .helpers" not in text and "from .plain import number" in text
    assert "TODO(port) TFP108 QuokkaHelper" in text
