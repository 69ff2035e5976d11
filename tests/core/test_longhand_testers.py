"""Testers and tests that decoders share are written out in the file of a model's tests."""

from __future__ import annotations

import ast

from scaffold.core.longhand import testers
from scaffold.core.longhand.splice import Source

SHARED = """import tempfile
from inspect import signature

from transformers import set_seed

from .test_modeling_common import ModelTesterMixin, ids_tensor


def _scales(config):
    return hasattr(config, "rope_scaling")


class CausalLMModelTester:
    _required_attributes = ("base_model_class",)
    base_model_class = None
    causal_lm_class = None

    def _verify_model_attributes(self):
        raise ValueError

    def __init__(self, parent, batch_size=13):
        self._verify_model_attributes()
        self.parent = parent
        self.batch_size = batch_size

    def get_config(self):
        return self.config_class(**dict.fromkeys(signature(self.config_class).parameters, 1))


class CausalLMModelTest(ModelTesterMixin):
    model_tester_class = None
    all_model_classes = None

    def setUp(self):
        if self.model_tester_class is None:
            raise ValueError("no tester")
        self.model_tester = self.model_tester_class(self)

    def test_model(self):
        self.assertTrue(_scales(self.model_tester.get_config()))

    @slow
    def test_more(self):
        ids_tensor([1], 2)
"""
OWN = """import unittest

from ...causal_lm_tester import CausalLMModelTest, CausalLMModelTester

if is_torch_available():
    from transformers import LynxConfig, LynxForCausalLM, LynxModel


class LynxModelTester(CausalLMModelTester):
    config_class = LynxConfig
    if is_torch_available():
        base_model_class = LynxModel
        causal_lm_class = LynxForCausalLM


@require_torch
class LynxModelTest(CausalLMModelTest, unittest.TestCase):
    test_pruning = False
    model_tester_class = LynxModelTester

    def test_more(self):
        pass


class LynxIntegrationTest(unittest.TestCase):
    pass
"""


def classes(text: str) -> dict[str, ast.ClassDef]:
    return {n.name: n for n in ast.parse(text).body if isinstance(n, ast.ClassDef)}


def test_shared_classes_are_written_out() -> None:
    text = testers.written_out(Source("own", OWN), Source("shared", SHARED)).text
    found = classes(text)
    tester, test = ast.unparse(found["LynxModelTester"]), ast.unparse(found["LynxModelTest"])
    assert tester.startswith("class LynxModelTester:")
    assert "base_model_class = LynxModel\n" in tester and "base_model_class = None" not in tester
    assert "_verify_model_attributes" not in tester and "_required_attributes" not in tester
    assert "self.batch_size = batch_size" in tester and "def get_config(self):" in tester
    assert "class LynxModelTest(ModelTesterMixin, unittest.TestCase):" in test
    assert "self.model_tester = LynxModelTester(self)" in test and "raise ValueError" not in test
    assert "all_model_classes = (LynxModel, LynxForCausalLM) if is_torch_available() else ()" in test
    assert test.count("def test_more") == 1 and "ids_tensor" not in test, "its own stays"
    assert "@require_torch" in test
    assert text.index("def _scales(config):") < text.index("class LynxModelTester")
    assert "from inspect import signature\n" in text and "from ...test_modeling_common import ModelTesterMixin" in text
    assert "set_seed" not in text and "tempfile" not in text
    assert ast.unparse(found["LynxIntegrationTest"]) == ast.unparse(classes(OWN)["LynxIntegrationTest"])


def test_a_file_without_them_stays_as_it_is() -> None:
    plain = Source("own", "class LynxModelTest(ModelTesterMixin, unittest.TestCase):\n    pass\n")
    assert testers.written_out(plain, Source("shared", SHARED)) is plain
