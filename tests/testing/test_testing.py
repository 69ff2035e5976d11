"""`scaffold test`: pytest really runs in a child process; failures get their kind and what other tests do about them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scaffold.cli.main import main
from scaffold.core.errors import ScaffoldError
from scaffold.locate import locate
from scaffold.testing import run_suite
from scaffold.testing.failures import Kind, kind_of
from tests.layouts import miniature

SUITE = """
import unittest


class TFElderModelTest(unittest.TestCase):
    def test_works(self):
        pass

    def test_pt_tf_model_equivalence(self):
        self.assertLessEqual(0.5, 1e-5)

    def test_resize_token_embeddings(self):
        raise ValueError("no")

    @unittest.skip("test is slow")
    def test_inference(self):
        pass
"""
OTHER = """
import unittest


class TFOtherModelTest(unittest.TestCase):
    @unittest.skip(reason="Other has no token embeddings")
    def test_resize_token_embeddings(self):
        pass
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = miniature(tmp_path)
    for path, text in (("elder/test_modeling_tf_elder.py", SUITE), ("other/test_modeling_tf_other.py", OTHER)):
        file = folder / "tests/models" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def test_a_run(root: Path) -> None:
    result = run_suite(locate(root, "elder", ported_ok=True), python=sys.executable)
    assert result.counts == {"passed": 1, "failed": 2, "skipped": 1}
    parity, own = sorted(result.failures, key=lambda failure: failure.test)
    assert (parity.test, parity.kind) == ("test_pt_tf_model_equivalence", Kind.PARITY)
    assert (own.kind, own.override) == (Kind.OWN, None)
    assert "NVIDIA_TF32_OVERRIDE=0 RUN_PT_TF_CROSS_TESTS=1 python -m pytest" in result.command
    assert not result.ok


def test_a_selection(root: Path) -> None:
    located = locate(root, "elder", ported_ok=True)
    assert run_suite(located, python=sys.executable, select="works").ok
    assert run_suite(located, python=sys.executable, select="nothing_like_it").error == "no test was selected"


def test_a_file_that_cannot_be_read_by_pytest(root: Path) -> None:
    (root / "tests/models/elder/test_modeling_tf_elder.py").write_text("import surely_not_installed\n")
    result = run_suite(locate(root, "elder", ported_ok=True), python=sys.executable)
    assert result.error is not None and "surely_not_installed" in result.error


def test_no_test_file(root: Path) -> None:
    with pytest.raises(ScaffoldError) as caught:
        run_suite(locate(root, "brand_new"), python=sys.executable)
    assert caught.value.code == "LOC110"


COMMON = "tests/test_modeling_tf_common.py:300: ValueError"


def test_overrides_come_from_the_checkout(root: Path) -> None:
    from scaffold.testing.overrides import Overrides

    override = Overrides(locate(root, "elder", ported_ok=True)).of("test_resize_token_embeddings")
    assert override is not None
    assert override.source == "1 other TensorFlow tests skip it"
    assert override.text() == (
        "@unittest.skip(reason='Other has no token embeddings')\ndef test_resize_token_embeddings(self):\n    pass\n"
    )
    assert Overrides(locate(root, "elder", ported_ok=True)).of("test_unheard_of") is None


@pytest.mark.parametrize(
    ("name", "message", "traceback", "kind"),
    [
        ("test_x", "ModuleNotFoundError: No module named 'timm'", "", Kind.ENVIRONMENT),
        ("test_x", "OSError: We couldn't connect to the Hub, offline mode is on", "", Kind.OFFLINE),
        ("test_pt_tf_model_equivalence", "AssertionError: 0.2 not less than or equal to 1e-05", COMMON, Kind.PARITY),
        ("test_compile_tf_model", "ValueError: shapes", COMMON, Kind.GRAPH),
        ("test_x", "OperatorNotAllowedInGraphError: using a symbolic `tf.Tensor` as a bool", "", Kind.GRAPH),
        ("test_inference_masked_lm", "AssertionError: Mismatched elements: 3 / 9", "", Kind.VALUES),
        ("test_resize_embeddings", "AttributeError: no", COMMON, Kind.COMMON),
        ("test_own", "AttributeError: no", "tests/models/x/test_modeling_tf_x.py:3", Kind.OWN),
    ],
)
def test_kinds(name: str, message: str, traceback: str, kind: Kind) -> None:
    assert kind_of(name, message, traceback) is kind


@pytest.mark.e2e
def test_the_command(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "elder", "--repo", str(root), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["counts"]["failed"] == 2
    assert main(["test", "elder", "--repo", str(root), "-k", "works"]) == 0
    assert "1 passed" in capsys.readouterr().out
