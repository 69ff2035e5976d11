"""A small port in a small clone, written to disk, from which each test changes what it is about."""

from __future__ import annotations

from pathlib import Path

from scaffold.checklist.subject import Subject
from scaffold.core.checkout import Located
from scaffold.core.layout import Layout
from scaffold.core.names import ModelNames
from scaffold.core.reports import VerificationReport

NAMES = ModelNames(folder="wren", stem="wren", model_type="wren", camel="Wren", title="Wren")
TF_PATH, PT_PATH, TEST_PATH = NAMES.tf_path, NAMES.pt_path, NAMES.tf_test_path
MAIN_INIT = "src/transformers/__init__.py"
MODEL_INIT = "src/transformers/models/wren/__init__.py"
TF_AUTO = "src/transformers/models/auto/modeling_tf_auto.py"
PT_AUTO = "src/transformers/models/auto/modeling_auto.py"
DUMMIES = "src/transformers/utils/dummy_tf_objects.py"
UTILS = "src/transformers/modeling_tf_utils.py"
PAGE = "docs/source/en/model_doc/wren.md"
INDEX = "docs/source/en/index.md"
CHECK_REPO = "utils/check_repo.py"

TF = '''"""TF 2.0 Wren model."""

import tensorflow as tf

from ...modeling_tf_utils import TFPreTrainedModel, keras, keras_serializable, unpack_inputs
from .configuration_wren import WrenConfig


class TFWrenOutput(keras.layers.Layer):
    def __init__(self, config, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(config.hidden_size, name="dense")
        self.norm = keras.layers.LayerNormalization(epsilon=1e-5, name="norm")
        self.dropout = keras.layers.Dropout(config.dropout)

    def call(self, hidden_states, training=False):
        return self.norm(self.dropout(self.dense(hidden_states), training=training))

    def build(self, input_shape=None):
        self.scale = self.add_weight(shape=(1,), name="scale")
        if getattr(self, "dense", None) is not None:
            self.dense.build([None, None, 4])
        if getattr(self, "norm", None) is not None:
            self.norm.build([None, None, 4])


@keras_serializable
class TFWrenMainLayer(keras.layers.Layer):
    config_class = WrenConfig

    def __init__(self, config, **kwargs):
        super().__init__(**kwargs)
        self.layers_ = [TFWrenOutput(config, name=f"layers_._{i}") for i in range(2)]

    @unpack_inputs
    def call(self, input_ids=None, return_dict=None, training=False):
        for layer in self.layers_:
            input_ids = layer(input_ids, training=training)
        return input_ids

    def build(self, input_shape=None):
        for layer in self.layers_:
            layer.build(None)


class TFWrenPreTrainedModel(TFPreTrainedModel):
    config_class = WrenConfig
    base_model_prefix = "wren"


class TFWrenModel(TFWrenPreTrainedModel):
    def __init__(self, config, *inputs, **kwargs):
        super().__init__(config, *inputs, **kwargs)
        self.wren = TFWrenMainLayer(config, name="wren")

    @unpack_inputs
    def call(self, input_ids=None, return_dict=None, training=False):
        return self.wren(input_ids, training=training)

    def build(self, input_shape=None):
        self.wren.build(None)


class TFWrenForMaskedLM(TFWrenPreTrainedModel):
    def __init__(self, config, *inputs, **kwargs):
        super().__init__(config, *inputs, **kwargs)
        self.wren = TFWrenMainLayer(config, name="wren")

    @unpack_inputs
    def call(self, input_ids=None, labels=None, return_dict=None, training=False):
        outputs = self.wren(input_ids, training=training)
        return outputs if labels is None else self.hf_compute_loss(labels, outputs)

    def build(self, input_shape=None):
        self.wren.build(None)
'''

PT = '''"""PyTorch Wren model."""

from torch import nn

from ...modeling_utils import PreTrainedModel


class WrenOutput(nn.Module):
    def forward(self, hidden_states):
        return hidden_states


class WrenPreTrainedModel(PreTrainedModel):
    base_model_prefix = "wren"


class WrenModel(WrenPreTrainedModel):
    def forward(self, input_ids=None):
        return input_ids


class WrenForMaskedLM(WrenPreTrainedModel):
    def forward(self, input_ids=None, labels=None):
        return input_ids
'''

_PT_NAMES = ["WrenForMaskedLM", "WrenModel", "WrenPreTrainedModel"]
_TF_NAMES = [f"TF{name}" for name in _PT_NAMES]

_MAIN = f"""from typing import TYPE_CHECKING

_import_structure = {{"models.wren": ["WrenConfig"]}}
_import_structure["models.wren"].extend({_PT_NAMES})
_import_structure["models.wren"].extend({_TF_NAMES})

if TYPE_CHECKING:
    from .models.wren import WrenConfig, {", ".join(_PT_NAMES)}, {", ".join(_TF_NAMES)}
"""
_MODEL = f"""from typing import TYPE_CHECKING

_import_structure = {{"configuration_wren": ["WrenConfig"]}}
_import_structure["modeling_wren"] = {_PT_NAMES}
_import_structure["modeling_tf_wren"] = {_TF_NAMES}

if TYPE_CHECKING:
    from .modeling_tf_wren import {", ".join(_TF_NAMES)}
    from .modeling_wren import {", ".join(_PT_NAMES)}
"""


def auto(prefix: str) -> str:
    """An auto module with the model's two rows."""
    camel = f"{prefix.rstrip('_')}Wren"
    return (
        f'{prefix}MODEL_MAPPING_NAMES = OrderedDict([("wren", "{camel}Model")])\n'
        f'{prefix}MODEL_FOR_MASKED_LM_MAPPING_NAMES = OrderedDict([("wren", "{camel}ForMaskedLM")])\n'
    )


TEST = """from ...test_modeling_tf_common import TFModelTesterMixin


class TFWrenModelTest(TFModelTesterMixin, unittest.TestCase):
    all_model_classes = (TFWrenModel, TFWrenForMaskedLM) if is_tf_available() else ()


class TFWrenIntegrationTest(unittest.TestCase):
    @slow
    def test_checkpoint(self):
        TFWrenModel.from_pretrained("someone/wren")
"""

FILES = {
    TF_PATH: TF,
    PT_PATH: PT,
    MAIN_INIT: _MAIN,
    MODEL_INIT: _MODEL,
    TF_AUTO: auto("TF_"),
    PT_AUTO: auto(""),
    DUMMIES: "".join(f"class {name}(metaclass=DummyObject):\n    _backends = ['tf']\n\n" for name in _TF_NAMES),
    UTILS: "class TFPreTrainedModel:\n    def build_in_name_scope(self): ...\n",
    PAGE: "# Wren\n\nThis model was contributed by [a](b). The TensorFlow version was contributed by [c](d).\n\n"
    + "".join(f"## {n}\n\n[[autodoc]] {n}\n\n" for n in [*_PT_NAMES, *_TF_NAMES] if "PreTrained" not in n),
    INDEX: "| Model | PyTorch support | TensorFlow support |\n|---|---|---|\n| [Wren](model_doc/wren) | ✅ | ✅ |\n",
    "utils/documentation_tests.txt": f"{TF_PATH}\n{PT_PATH}\n",
    CHECK_REPO: "IGNORE_NON_TESTED = []\nIGNORE_NON_AUTO_CONFIGURED = []\n",
    "tests/test_modeling_tf_common.py": "class TFModelTesterMixin: ...\n",
    TEST_PATH: TEST,
}


def located(root: Path) -> Located:
    """The miniature's location."""
    page = PAGE if (root / PAGE).is_file() else None
    return Located(
        root=root,
        names=NAMES,
        layout=Layout(),
        config_class="WrenConfig",
        config_module="configuration_wren",
        pt_test=NAMES.pt_test_path,
        doc_page=page,
    )


def subject(root: Path, changes: dict[str, str | None], report: VerificationReport | None = None) -> Subject:
    """Write the clone with some files replaced, or left out (None), and return the port in it."""
    for path, text in (FILES | changes).items():
        if text is not None:
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8"))
    return Subject(located(root), report)
