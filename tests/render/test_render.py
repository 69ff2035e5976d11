"""The model file and the test file on the tree, from a translated test or from the probe's files."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaffold.core.edits import Absent, AlreadyDone, Edit, Tree
from scaffold.core.translation import SuiteTranslation
from scaffold.render import render
from tests.translate.suites import NAMES, located, translation

CONFIG = {
    "architectures": ["QuokkaModel"],
    "hidden_act": "gelu",
    "hidden_size": 32,
    "model_type": "quokka",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "vocab_size": 99,
}

MODEL = '''class TFQuokkaModel(TFQuokkaPreTrainedModel):
    """Braces {{ 7 * 7 }} and {% raw %} are text."""

    def call(self, input_ids=None, attention_mask=None, inputs_embeds=None, head_mask=None, training=False):
        pass
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with the PyTorch file and the common tests' folder."""
    path = tmp_path / "checkout" / NAMES.pt_path
    path.parent.mkdir(parents=True)
    path.write_text(
        '# coding=utf-8\n# Copyright 2024 Nobody.\n"""Model."""\n\n_CHECKPOINT_FOR_DOC = "zoo/quokka"\n',
        encoding="utf-8",
    )
    (tmp_path / "checkout" / "tests").mkdir()
    return tmp_path / "checkout"


def tensor(*shape: int) -> dict[str, Any]:
    return {"tensor": list(shape), "dtype": "float32"}


def write_cases(out: Path) -> Path:
    """What the probe leaves behind for two classes, one of them with four choices an example."""
    states = {"tuple": [tensor(3, 7, 32)] * 3}
    attentions = {"tuple": [tensor(3, 4, 7, 7)] * 2}
    ids, mask = np.arange(21).reshape(3, 7) % 99, np.ones((3, 7), np.int64)
    fields = {"last_hidden_state": tensor(3, 7, 32), "hidden_states": states, "attentions": attentions}
    write_class(out, "QuokkaModel", fields, {"input_ids": ids, "attention_mask": mask})
    choices = {"input_ids": np.stack([ids] * 5, 1), "attention_mask": np.stack([mask] * 5, 1)}
    write_class(out, "QuokkaForMaskedLM", {"logits": tensor(3, 5)}, choices)
    return out


def write_class(out: Path, name: str, fields: dict[str, Any], arrays: dict[str, Any]) -> None:
    folder = out / "classes" / name / "base"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    case = {
        "name": "default",
        "mode": "forward",
        "flags": {},
        "kwargs": {},
        "inputs": list(arrays),
        "structure": {"output": "Output", "fields": fields},
    }
    (folder / "cases.json").write_text(json.dumps([case]), encoding="utf-8")
    np.savez(folder / "default.npz", **{f"in/{key}": value for key, value in arrays.items()})


def rendered(root: Path, cases: Path | None, suite: SuiteTranslation | None = None) -> tuple[Tree, list[Any]]:
    tree = Tree(root)
    return tree, list(render(located(root, "common_only"), translation(MODEL), tree, suite=suite, cases=cases))


def test_the_model_file_is_the_translation_to_the_letter(root: Path) -> None:
    tree, outcomes = rendered(root, None)
    assert tree.read(NAMES.tf_path) == MODEL
    assert isinstance(outcomes[0], Edit) and outcomes[0].path == NAMES.tf_path


def test_a_translated_test_is_taken_as_it_is(root: Path) -> None:
    text = '"""Tests."""\n\nX = "{{ 7 * 7 }}"\n'
    tree, _ = rendered(root, None, SuiteTranslation(text=text, kept=()))
    assert tree.read(NAMES.tf_test_path) == text


def test_missing_packages_on_the_way_are_created(root: Path) -> None:
    tree, _ = rendered(root, None, SuiteTranslation(text="X = 1\n", kept=()))
    for folder in ("tests", "tests/models", "tests/models/quokka"):
        assert tree.read(f"{folder}/__init__.py") == ""


def test_rendering_a_finished_port_changes_nothing(root: Path, tmp_path: Path) -> None:
    cases = write_cases(tmp_path / "probe")
    tree, _ = rendered(root, cases)
    for edit in tree.edits():
        (root / edit.path).parent.mkdir(parents=True, exist_ok=True)
        (root / edit.path).write_text(edit.after or "", encoding="utf-8")
    _, outcomes = rendered(root, cases)
    assert all(isinstance(outcome, AlreadyDone) for outcome in outcomes)


def test_without_tests_or_cases_the_place_is_reported(root: Path) -> None:
    _, outcomes = rendered(root, None)
    assert isinstance(outcomes[-1], Absent) and "neither" in outcomes[-1].why
    tree = Tree(root)
    outcomes = list(render(replace(located(root, "absent")), translation(MODEL), tree, cases=None))
    assert isinstance(outcomes[-1], Absent) and "no common TensorFlow tests" in outcomes[-1].why


def test_a_tester_is_built_from_the_probed_configuration(root: Path, tmp_path: Path) -> None:
    tree, _ = rendered(root, write_cases(tmp_path / "probe"))
    text = tree.read(NAMES.tf_test_path) or ""
    classes = {n.name: ast.unparse(n) for n in ast.parse(text).body if isinstance(n, ast.ClassDef)}
    assert list(classes) == ["TFQuokkaModelTester", "TFQuokkaModelTest", "TFQuokkaModelIntegrationTest"]
    tester = classes["TFQuokkaModelTester"]
    for piece in (
        "batch_size=3, seq_length=7, is_training=True, num_choices=5",
        "hidden_size=self.hidden_size",
        "pad_token_id=0",
        "'input_ids': ids_tensor([self.batch_size, self.seq_length], self.vocab_size)",
        "'attention_mask': random_attention_mask([self.batch_size, self.seq_length])",
        "assertEqual(result.last_hidden_state.shape, (self.batch_size, self.seq_length, self.hidden_size))",
        "tf.tile(tf.expand_dims(value, 1)",
    ):
        assert piece in tester
    assert "model_type" not in tester and "architectures" not in tester
    suite = classes["TFQuokkaModelTest"]
    assert "all_model_classes = (TFQuokkaModel, TFQuokkaForMaskedLM) if is_tf_available() else ()" in suite
    assert "test_hidden_states_and_attentions_are_reproducible" in suite
    assert "test_inputs_embeds" not in suite
    assert "from_pretrained('zoo/quokka', from_pt=True)" in suite
    assert "from_pretrained(folder, from_pt=True)" in classes["TFQuokkaModelIntegrationTest"]
    assert text.startswith("# coding=utf-8\n# Copyright 2024 Nobody.\n")
