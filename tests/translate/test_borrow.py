"""Classes taken from a hand-written TensorFlow file: only ones that do all PyTorch's class does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scaffold.core.translation import Translation
from tests.translate.checkouts import ELDER_TF, class_text, port
from tests.translate.quokka import MODEL

TF_PATH = "src/transformers/models/elder/modeling_tf_elder.py"
MARK = "# Copied from transformers.models.elder.modeling_tf_elder.TFElderOutput with Elder->Quokka"


def ported_with(tmp_path: Path, twin: str, body: str = MODEL) -> Translation:
    return port(tmp_path, body, **{TF_PATH: twin})


def test_a_borrowed_class_is_the_renamed_source_under_its_mark(ported: Translation) -> None:
    original = class_text(ELDER_TF, "TFElderOutput")
    assert f"{MARK}\n{original.replace('Elder', 'Quokka')}\n" in ported.text
    assert ported.borrowed == {"TFQuokkaOutput": "transformers.models.elder.modeling_tf_elder.TFElderOutput"}


def test_its_imports_come_along(ported: Translation) -> None:
    assert "get_initializer" in ported.text.split("class ")[0]


def test_callers_hand_training_to_it(ported: Translation) -> None:
    call = class_text(ported.text, "TFQuokkaAttention")
    assert re.search(r"self\.dense_output\([^=]*, training=training\s*\)", call.replace("axis=1", ""))


def test_without_borrowing_the_class_is_translated(tmp_path: Path) -> None:
    translation = port(tmp_path, MODEL, borrowing=False)
    assert translation.borrowed == {}
    assert "written by hand" not in translation.text
    assert "class TFQuokkaOutput(keras.layers.Layer):" in translation.text
    assert "# Copied from" not in translation.text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("self.config.intermediate_size", "3072"),
        ("input_tensor: tf.Tensor, ", ""),
        ("hidden_states: tf.Tensor, input_tensor: tf.Tensor", "input_tensor: tf.Tensor, hidden_states: tf.Tensor"),
        (", training: bool = False", ""),
        ("hidden_states = self.dense(inputs=hidden_states)", 'raise NotImplementedError("later")'),
        ("self.dropout = keras.layers.Dropout(", "self.dropout = TFElderDropout("),
        ("class TFElderOutput", "@decorated\nclass TFElderOutput"),
        ("TFElderOutput", "TFElderResult"),
    ],
    ids=["configuration", "parameter", "order", "training", "raises", "unknown class", "decorated", "absent"],
)
def test_a_twin_that_does_less_is_not_borrowed(tmp_path: Path, before: str, after: str) -> None:
    assert before in ELDER_TF
    translation = ported_with(tmp_path, ELDER_TF.replace(before, after))
    assert translation.borrowed == {}
    assert "written by hand" not in translation.text
    assert "class TFQuokkaOutput(keras.layers.Layer):" in translation.text


def test_a_twin_may_take_more_arguments_with_defaults(tmp_path: Path) -> None:
    more = ELDER_TF.replace(", training: bool = False", ", scale: float = 1.0, training: bool = False")
    assert list(ported_with(tmp_path, more).borrowed) == ["TFQuokkaOutput"]


def test_no_file_no_borrowing(tmp_path: Path) -> None:
    body = MODEL.replace("transformers.models.elder.modeling_elder", "transformers.models.gone.modeling_gone")
    assert port(tmp_path, body).borrowed == {}


def test_replacements_of_whole_class_names_fit_the_configuration_too(tmp_path: Path) -> None:
    body = MODEL.replace("ElderOutput with Elder->Quokka", "ElderOutput with ElderOutput->QuokkaOutput")
    text = port(tmp_path, body).text
    assert f"{MARK}\nclass TFQuokkaOutput" in text
    assert "config: QuokkaConfig" in class_text(text, "TFQuokkaOutput")
