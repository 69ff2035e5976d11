"""A checkout of a few files whose PyTorch test file is to be translated."""

from __future__ import annotations

from pathlib import Path

from scaffold.core.checkout import Located
from scaffold.core.layout import Finding, Layout
from scaffold.core.names import ModelNames
from scaffold.core.translation import SuiteTranslation, Translation
from scaffold.translate import translate_tests

NAMES = ModelNames(folder="quokka", stem="quokka", model_type="quokka", camel="Quokka", title="Quokka")

FILES = {
    "src/transformers/utils/dummy_pt_objects.py": (
        "class QuokkaModel(metaclass=DummyObject):\n    pass\n\n\n"
        "class QuokkaForMaskedLM(metaclass=DummyObject):\n    pass\n\n\n"
        "class QuokkaBackbone(metaclass=DummyObject):\n    pass\n\n\n"
        "MODEL_FOR_PRETRAINING_MAPPING = None\n"
    ),
    "src/transformers/utils/dummy_tf_objects.py": "TF_MODEL_FOR_PRETRAINING_MAPPING = None\n",
    "src/transformers/models/auto/modeling_tf_auto.py": "",
    "src/transformers/pipelines/__init__.py": (
        "SUPPORTED_TASKS = {\n"
        '    "feature-extraction": {"tf": (TFAutoModel,) if is_tf_available() else ()},\n'
        '    "fill-mask": {"tf": (TFAutoModelForMaskedLM,) if is_tf_available() else ()},\n'
        '    "audio-classification": {"tf": ()},\n'
        "}\n"
    ),
    "tests/test_modeling_common.py": (
        "class ModelTesterMixin:\n    def test_torchscript(self):\n        pass\n\n"
        "    def test_inputs_embeds(self):\n        pass\n\n    def test_model_get_set_embeddings(self):\n        pass\n"
    ),
    "tests/test_modeling_tf_common.py": (
        "class TFModelTesterMixin:\n    all_generative_model_classes = ()\n    test_onnx = False\n\n"
        "    def test_inputs_embeds(self):\n        pass\n\n    def test_model_common_attributes(self):\n        pass\n\n"
        "    def test_forward_signature(self):\n        pass\n\n\n"
        "def ids_tensor(shape, vocab_size):\n    pass\n\n\ndef floats_tensor(shape):\n    pass\n\n\n"
        "def random_attention_mask(shape):\n    pass\n"
    ),
}

HEAD = '''# coding=utf-8
# Copyright 2024 Nobody in particular.
"""Testing suite for the PyTorch Quokka model."""

import unittest

from transformers import QuokkaConfig, is_torch_available
from transformers.testing_utils import require_torch, require_torch_gpu, slow, torch_device

from ...test_configuration_common import ConfigTester
from ...test_modeling_common import ModelTesterMixin, floats_tensor, ids_tensor, random_attention_mask
from ...test_pipeline_mixin import PipelineTesterMixin


if is_torch_available():
    import torch
    from torch import nn

    from transformers import MODEL_FOR_PRETRAINING_MAPPING, QuokkaBackbone, QuokkaForMaskedLM, QuokkaModel


class QuokkaModelTester:
    def __init__(self, parent, batch_size=2, seq_length=7):
        self.parent = parent
        self.batch_size = batch_size
        self.seq_length = seq_length

    def get_config(self):
        return QuokkaConfig(vocab_size=99)

    def prepare_config_and_inputs(self):
        input_ids = ids_tensor([self.batch_size, self.seq_length], 99)
        input_mask = random_attention_mask([self.batch_size, self.seq_length])
        return self.get_config(), input_ids, input_mask

    def prepare_config_and_inputs_for_common(self):
        config, input_ids, input_mask = self.prepare_config_and_inputs()
        return config, {"input_ids": input_ids, "attention_mask": input_mask}

    def create_and_check_model(self, config, input_ids, input_mask):
        model = QuokkaModel(config=config)
        model.to(torch_device)
        model.eval()
        result = model(input_ids, attention_mask=input_mask)
        # the shape is what matters
        self.parent.assertEqual(result.last_hidden_state.shape, (self.batch_size, self.seq_length, 32))
'''

SUITE = """

@require_torch
class QuokkaModelTest(ModelTesterMixin, PipelineTesterMixin, unittest.TestCase):
    all_model_classes = (QuokkaModel, QuokkaForMaskedLM, QuokkaBackbone) if is_torch_available() else ()
    pipeline_model_mapping = (
        {"audio-classification": QuokkaModel, "feature-extraction": QuokkaModel, "fill-mask": QuokkaForMaskedLM}
        if is_torch_available()
        else {}
    )
    fx_compatible = True
    test_pruning = False

    def setUp(self):
        self.model_tester = QuokkaModelTester(self)
        self.config_tester = ConfigTester(self, config_class=QuokkaConfig)

    def test_config(self):
        self.config_tester.run_common_tests()

    def test_model(self):
        self.model_tester.create_and_check_model(*self.model_tester.prepare_config_and_inputs())
"""

MODEL = """
class TFQuokkaModel(TFQuokkaPreTrainedModel):
    def call(self, input_ids=None, attention_mask=None, inputs_embeds=None, training=False):
        pass


class TFQuokkaEmbeddings(keras.layers.Layer):
    pass
"""


def translated(
    root: Path, *, tester: str = "", suite: str = "", rest: str = "", model: str = MODEL
) -> SuiteTranslation:
    """The translation of a test file: `tester` and `suite` are further methods, `rest` further top-level code."""
    found = try_translating(root, HEAD + tester + SUITE + suite + rest, model)
    assert found is not None
    return found


def try_translating(root: Path, text: str, model: str = MODEL, tests: str = "present") -> SuiteTranslation | None:
    """`tests`: the layout's facet; with `own` the checkout has no common TensorFlow tests."""
    for path, content in {**FILES, NAMES.pt_test_path: text}.items():
        if tests == "own" and path == "tests/test_modeling_tf_common.py":
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
    return translate_tests(located(root, tests), translation(model))


def located(root: Path, tests: str = "present") -> Located:
    layout = Layout(facets={"keras_import": Finding(value="keras"), "tests": Finding(value=tests)})
    return Located(
        root=root,
        names=NAMES,
        layout=layout,
        config_class="QuokkaConfig",
        config_module="configuration_quokka",
        pt_test=NAMES.pt_test_path,
    )


def translation(text: str = MODEL) -> Translation:
    models = ("TFQuokkaModel", "TFQuokkaForMaskedLM")
    classes = {
        "QuokkaModel": "TFQuokkaModel",
        "QuokkaForMaskedLM": "TFQuokkaForMaskedLM",
        "QuokkaEmbeddings": "TFQuokkaEmbeddings",
    }
    return Translation(text=text, classes=classes, public=models, models=models)
