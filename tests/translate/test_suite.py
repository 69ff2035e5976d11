"""The TensorFlow test file made from a PyTorch one: what is translated, what is dropped and why."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.translate.suites import HEAD, SUITE, translated, try_translating


def test_no_pytorch_is_left_and_the_result_parses(tmp_path: Path) -> None:
    text = translated(tmp_path).text
    names = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
    assert not names & {"torch", "nn", "torch_device", "require_torch", "is_torch_available", "ModelTesterMixin"}
    assert "import torch" not in text
    assert ".eval()" not in text and ".to(" not in text
    assert "# the shape is what matters" in text


def test_model_classes_are_listed_literally(tmp_path: Path) -> None:
    text = translated(tmp_path).text
    assert "all_model_classes = (TFQuokkaModel, TFQuokkaForMaskedLM) if is_tf_available() else ()" in text
    # what utils/check_repo.py looks for
    assert re.findall(r"all_model_classes\s+=\s+\(([^()]*)\)", text) == ["TFQuokkaModel, TFQuokkaForMaskedLM"]


def test_pipelines_without_tensorflow_and_flags_of_pytorch_are_left_out(tmp_path: Path) -> None:
    text = translated(tmp_path).text
    assert '"feature-extraction": TFQuokkaModel' in text and '"fill-mask": TFQuokkaForMaskedLM' in text
    assert "audio-classification" not in text
    assert "fx_compatible" not in text
    assert "test_pruning = False" in text and "test_onnx = False" in text


def test_the_classes_derive_from_the_tensorflow_mixin(tmp_path: Path) -> None:
    classes = {n.name: n for n in ast.parse(translated(tmp_path).text).body if isinstance(n, ast.ClassDef)}
    assert list(classes) == ["TFQuokkaModelTester", "TFQuokkaModelTest"]
    suite = classes["TFQuokkaModelTest"]
    assert [ast.unparse(b) for b in suite.bases] == ["TFModelTesterMixin", "PipelineTesterMixin", "unittest.TestCase"]
    assert [ast.unparse(d) for d in suite.decorator_list] == ["require_tf"]


def _bare(text: str) -> str:
    """Without layout: blanks, and the commas that the formatter puts behind the last argument."""
    return re.sub(r",(?=\))", "", re.sub(r"\s", "", text))


METHOD = """
    def test_it(self):
        {}
"""


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("self.assertTrue(torch.allclose(a, b, atol=1e-3))", "tf.debugging.assert_near(a, b, atol=1e-3)"),
        ("assert torch.allclose(a, b)", "tf.debugging.assert_near(a, b, atol=1e-5, rtol=1e-5)"),
        (
            "torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)",
            "tf.debugging.assert_near(a, b, rtol=1e-4, atol=1e-4)",
        ),
        ("self.assertTrue(torch.equal(a, b))", "tf.debugging.assert_equal(a, b)"),
        ("x = torch.Size((1, 5))", "x = tf.TensorShape((1, 5))"),
        ("x = torch.tensor([[1, 2]], device=torch_device)", "x = tf.constant([[1, 2]])"),
        ("x = torch.tensor([1, 2], dtype=torch.long)", "x = tf.constant([1, 2], dtype=tf.int32)"),
        ("x = torch.cat([a, b], dim=-1)", "x = tf.concat([a, b], axis=-1)"),
        ("x = ids_tensor((1,), 5).item()", "x = ids_tensor((1,), 5).numpy().item()"),
        ("x = a[:, -1, 0].detach()", "x = a[:, -1, 0]"),
        ('x = processor(a, return_tensors="pt").to(torch_device)', 'x = processor(a, return_tensors="tf")'),
        (
            'x = QuokkaModel.from_pretrained("a/b", torch_dtype=torch.float32).to(torch_device)',
            'x = TFQuokkaModel.from_pretrained("a/b", from_pt=True)',
        ),
        (
            "ids = ids_tensor([2, 7], 9)\n        x = ids.unsqueeze(1).expand(-1, self.n, -1).contiguous()",
            "x = tf.tile(tf.expand_dims(ids, 1), (1, self.n, 1))",
        ),
        (
            "ids = ids_tensor([2, 7], 9)\n        ids[:, -self.n] = ids_tensor([2], 9)\n        x = ids",
            "ids = tf.where(tf.range(ids.shape[1]) == (-self.n) % ids.shape[1], tf.expand_dims(ids_tensor([2], 9), 1), ids)",
        ),
    ],
)
def test_statements(tmp_path: Path, statement: str, expected: str) -> None:
    body = f"{statement}\n        self.use(x)" if re.search(r"\bx = ", statement) else statement
    text = translated(tmp_path, suite=METHOD.format(body)).text
    assert _bare(expected) in _bare(text)


def test_no_grad_leaves_its_block(tmp_path: Path) -> None:
    body = "with torch.no_grad():\n            outputs = self.model(1)\n        self.use(outputs)"
    text = translated(tmp_path, suite=METHOD.format(body)).text
    assert "        outputs = self.model(1)\n        self.use(outputs)\n" in text


def test_elements_are_assigned_on_a_copy(tmp_path: Path) -> None:
    body = "\n        ".join(
        [
            "bbox = ids_tensor([2, 3, 4], 9)",
            "for i in range(2):",
            "    if bbox[i, 0, 3] < bbox[i, 0, 1]:",
            "        bbox[i, 0, 3] = bbox[i, 0, 1]",
            "self.use(bbox)",
        ]
    )
    text = translated(tmp_path, suite=METHOD.format(body)).text
    assert (
        text.index("bbox = bbox.numpy()")
        < text.index("for i in range(2)")
        < text.index("bbox = tf.convert_to_tensor(bbox)")
    )
    assert (
        "            bbox[i, 0, 3] = bbox[i, 0, 1]" in text or "                bbox[i, 0, 3] = bbox[i, 0, 1]" in text
    )


@pytest.mark.parametrize(
    ("suite", "name", "reason"),
    [
        ("    def test_a(self):\n        torch.jit.trace(1, 2)\n", "test_a", "torch.jit.trace"),
        ("    def test_a(self):\n        print(torch_device)\n", "test_a", "torch_device"),
        ("    def test_a(self):\n        QuokkaBackbone(1)\n", "test_a", "QuokkaBackbone"),
        ("    @require_torch_gpu\n    def test_a(self):\n        pass\n", "test_a", "require_torch_gpu"),
        ("    def test_a(self):\n        print(self.model.state_dict())\n", "test_a", "state_dict"),
        ("    def test_torchscript(self):\n        pass\n", "test_torchscript", "only PyTorch has"),
        ("    def test_a(self):\n        set_seed(1)\n        set_seed(1)\n", "test_a", "the weights of one seed"),
    ],
)
def test_what_needs_pytorch_is_dropped_with_a_reason(tmp_path: Path, suite: str, name: str, reason: str) -> None:
    found = translated(tmp_path, suite="\n" + suite)
    dropped = dict(found.dropped)
    assert reason in dropped[f"QuokkaModelTest.{name}"]
    assert f"def {name}" not in found.text


def test_decorators_that_need_pytorch_are_taken_from_classes(tmp_path: Path) -> None:
    assert SUITE.count("@require_torch\nclass QuokkaModelTest") == 1
    suite = SUITE.replace("@require_torch\nclass Quokka", "@require_torch_gpu\n@slow\n@require_torch\nclass Quokka")
    head = HEAD.replace("import require_torch,", "import require_torch, require_torch_gpu,")
    found = try_translating(tmp_path, head + suite)
    assert found is not None and "\n@slow\n@require_tf\nclass TFQuokkaModelTest" in found.text
    assert "require_torch" not in found.text


def test_callers_of_something_dropped_go_too(tmp_path: Path) -> None:
    tester = "\n    def create_and_check_trace(self, config):\n        torch.jit.trace(config, 2)\n"
    suite = "\n    def test_trace(self):\n        self.model_tester.create_and_check_trace(1)\n"
    found = translated(tmp_path, tester=tester, suite=suite)
    assert "create_and_check_trace" in dict(found.dropped)["QuokkaModelTest.test_trace"]
    assert "trace" not in found.text
    assert "TFQuokkaModelTest" not in dict(found.dropped)


def test_common_tests_keep_their_meaning_under_the_other_name(tmp_path: Path) -> None:
    suite = "\n    def test_model_get_set_embeddings(self):\n        self.assertIsInstance(1, (nn.Module))\n"
    text = translated(tmp_path, suite=suite).text
    assert "def test_model_common_attributes(self):" in text
    assert "from transformers.modeling_tf_utils import keras" in text
    assert "keras.layers.Layer" in text and "test_model_get_set_embeddings" not in text


def test_a_class_of_which_no_test_is_left_is_dropped(tmp_path: Path) -> None:
    rest = "\n\n@require_torch\nclass QuokkaTraceTest(unittest.TestCase):\n    def test_a(self):\n        torch.jit.trace(1, 2)\n"
    found = translated(tmp_path, rest=rest)
    assert "QuokkaTraceTest" in dict(found.dropped) and "TraceTest" not in found.text


def test_a_test_class_whose_models_are_not_ported_is_dropped(tmp_path: Path) -> None:
    rest = (
        "\n\n@require_torch\nclass QuokkaBackboneTest(ModelTesterMixin, unittest.TestCase):\n"
        "    all_model_classes = (QuokkaBackbone,) if is_torch_available() else ()\n\n"
        "    def setUp(self):\n        self.model_tester = QuokkaModelTester(self)\n"
    )
    found = translated(tmp_path, rest=rest)
    assert dict(found.dropped)["QuokkaBackboneTest"] == "none of its models is ported"
    assert "BackboneTest" not in found.text


def test_models_without_input_ids_get_the_overrides_that_hand_written_tests_have(tmp_path: Path) -> None:
    model = "class TFQuokkaModel:\n    def call(self, pixel_values=None, training=False):\n        pass\n"
    text = translated(tmp_path, model=model).text
    assert 'self.assertEqual(next(iter(signature.parameters)), "pixel_values")' in text
    assert "def test_model_common_attributes" in text
    assert '@unittest.skip(reason="Quokka does not use inputs_embeds")' in text
    assert "import inspect" in text
    assert "test_forward_signature" not in translated(tmp_path).text


def test_nothing_is_made_when_the_tester_cannot_be_translated(tmp_path: Path) -> None:
    broken = HEAD.replace("return QuokkaConfig(vocab_size=99)", "return torch.jit.trace(QuokkaConfig(), 1)")
    assert try_translating(tmp_path, broken + SUITE) is None


def test_the_layers_of_the_model_file_can_be_tested_too(tmp_path: Path) -> None:
    rest = (
        "\n\n@require_torch\nclass QuokkaLayerTest(unittest.TestCase):\n"
        "    def test_it(self):\n        self.assertIsNotNone(QuokkaEmbeddings())\n"
    )
    head = HEAD.replace(
        "\n\nclass QuokkaModelTester",
        "    from transformers.models.quokka.modeling_quokka import QuokkaEmbeddings\n\n\nclass QuokkaModelTester",
    )
    found = try_translating(tmp_path, head + SUITE + rest)
    assert found is not None
    assert "from transformers.models.quokka.modeling_tf_quokka import TFQuokkaEmbeddings" in found.text


def test_absolute_imports_of_the_common_tests_are_understood(tmp_path: Path) -> None:
    head = HEAD.replace(
        "from ...test_modeling_common import ModelTesterMixin, floats", "from tests.test_modeling_common import floats"
    )
    head = head.replace(
        "from ...test_pipeline", "from ...test_modeling_common import ModelTesterMixin\nfrom ...test_pipeline"
    )
    found = try_translating(tmp_path, head + SUITE)
    assert found is not None
    assert "from ...test_modeling_tf_common import TFModelTesterMixin, ids_tensor, random_attention_mask" in found.text
    assert "tests.test_modeling_common" not in found.text


def _without_common_tests(tmp_path: Path) -> str:
    found = try_translating(tmp_path, HEAD + SUITE, tests="own")
    assert found is not None
    return found.text


def test_a_release_without_common_tests_gets_a_file_that_brings_them(tmp_path: Path) -> None:
    text = _without_common_tests(tmp_path)
    tree = ast.parse(text)
    names = [n.name for n in tree.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))]
    assert names == [
        *("ids_tensor", "random_attention_mask", "tensors_of", "TFModelTesterMixin"),
        *("TFQuokkaModelTester", "TFQuokkaModelTest"),
    ]
    assert "test_modeling_tf_common" not in text
    assert "floats_tensor" not in text  # only what is used
    assert "from transformers.modeling_tf_utils import keras" in text
    (mixin,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "TFModelTesterMixin")
    assert {"test_save_load", "test_pytorch_weights", "test_graph_mode"} <= {
        n.name for n in mixin.body if isinstance(n, ast.FunctionDef)
    }


def test_a_release_without_the_decorator_gets_a_file_that_brings_it(tmp_path: Path) -> None:
    place = tmp_path / "src/transformers/testing_utils.py"
    place.parent.mkdir(parents=True)
    place.write_text("def require_torch(test_case):\n    return test_case\n")
    text = _without_common_tests(tmp_path)
    assert "import require_tf" not in text and text.count("def require_tf(test_case):") == 1
    assert "@require_tf\nclass TFQuokkaModelTest(" in text
    place.write_text("def require_tf(test_case):\n    return test_case\n")
    text = _without_common_tests(tmp_path)
    assert "import require_tf" in text and "def require_tf" not in text


@pytest.mark.parametrize("tests", ["present", "own"])
def test_availability_that_pytorch_has_from_another_module_is_imported_once(tmp_path: Path, tests: str) -> None:
    """As DINOv2's tests in 4.53 have it; two imports of a name are a redefinition for the linter."""
    apart = "from transformers import QuokkaConfig\nfrom transformers.utils import is_torch_available"
    head = HEAD.replace("from transformers import QuokkaConfig, is_torch_available", apart)
    assert head != HEAD
    found = try_translating(tmp_path, head + SUITE, tests=tests)
    assert found is not None
    imports = [n for n in ast.walk(ast.parse(found.text)) if isinstance(n, ast.ImportFrom)]
    assert [n.module for n in imports for a in n.names if a.name == "is_tf_available"] == ["transformers.utils"]


def test_the_brought_tests_name_nothing_that_is_not_there(tmp_path: Path) -> None:
    import builtins

    tree = ast.parse(_without_common_tests(tmp_path))
    nodes = list(ast.walk(tree))
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} | set(dir(builtins))
    bound |= {n.arg for n in nodes if isinstance(n, ast.arg)} | {"self"}
    bound |= {n.name for n in nodes if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
    bound |= {
        alias.asname or alias.name.split(".")[0]
        for n in nodes
        if isinstance(n, (ast.Import, ast.ImportFrom))
        for alias in n.names
    }
    assert not {n.id for n in nodes if isinstance(n, ast.Name)} - bound
