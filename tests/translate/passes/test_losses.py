"""A head's loss through the library's mixins where it is one of theirs."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from scaffold.core.translation import Translation
from scaffold.translate.passes.losses import kind_of, problem_type_loss
from tests.frameworks import tensorflow
from tests.translate.checkouts import class_text, method_text, port
from tests.translate.quokka import MODEL


@pytest.mark.parametrize(
    ("name", "mixin"),
    [
        ("QuokkaForMaskedLM", "TFMaskedLanguageModelingLoss"),
        ("QuokkaForCausalLM", "TFCausalLanguageModelingLoss"),
        ("QuokkaLMHeadModel", "TFCausalLanguageModelingLoss"),
        ("QuokkaForImageClassification", "TFSequenceClassificationLoss"),
        ("QuokkaForTokenClassification", "TFTokenClassificationLoss"),
        ("QuokkaForMultipleChoice", "TFMultipleChoiceLoss"),
        ("QuokkaForQuestionAnswering", "TFQuestionAnsweringLoss"),
        ("QuokkaForNextSentencePrediction", "TFNextSentencePredictionLoss"),
        ("QuokkaForPreTraining", None),
        ("QuokkaModel", None),
    ],
)
def test_kinds_by_name(name: str, mixin: str | None) -> None:
    kind = kind_of(name)
    assert (kind.mixin if kind else None) == mixin


def test_masked_language_model(ported: Translation) -> None:
    call = method_text(ported.text, "TFQuokkaForMaskedLM", "call")
    assert (
        "masked_lm_loss = None if labels is None else self.hf_compute_loss(labels=labels, logits=prediction_scores)"
        in call
    )
    assert "return (masked_lm_loss, prediction_scores)" in call


def test_causal_language_model_shifts_once(ported: Translation) -> None:
    call = method_text(ported.text, "TFQuokkaForCausalLM", "call")
    assert "loss = self.hf_compute_loss(labels[:, 1:], logits[:, :-1])" in call
    assert "shifted" not in call
    assert call.count("labels[:, 1:]") == 1


def test_question_answering(ported: Translation) -> None:
    call = method_text(ported.text, "TFQuokkaForQuestionAnswering", "call")
    assert 'labels = {"start_position": start_positions, "end_position": end_positions}' in call
    assert "total_loss = self.hf_compute_loss(labels, (start_logits, end_logits))" in call


def test_problem_types_that_the_mixin_lacks(ported: Translation) -> None:
    text = class_text(ported.text, "TFQuokkaForSequenceClassification")
    assert "loss = None if labels is None else self.hf_compute_loss(labels=labels, logits=logits)" in text
    assert "def hf_compute_loss(self, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:" in text
    assert (
        "several = labels.dtype.is_floating and labels.shape.rank != 1" in text
    )  # class numbers that Keras hands over
    assert "hf_compute_loss" not in class_text(ported.text, "TFQuokkaForOddity")


@pytest.mark.e2e
@pytest.mark.parametrize("labels", [[1, 0], [1.0, 0.0], [[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]])
def test_problem_types_take_arrays_and_lists(labels: list[Any]) -> None:
    tf = tensorflow()
    body = "\n".join(f"    {line}" for line in problem_type_loss())
    found: dict[str, Any] = {"tf": tf, "shape_list": lambda tensor: list(tensor.shape), "Standard": Standard}
    exec(f"from __future__ import annotations\nclass Head(Standard):\n{body}", found)
    losses = [found["Head"]().hf_compute_loss(make(labels), tf.ones([2, 3])) for make in (tf.constant, np.array, list)]
    assert all(np.array_equal(loss, losses[0]) for loss in losses)


class Standard:
    """The library's mixin, which takes tensors."""

    config, num_labels = SimpleNamespace(problem_type=None), 3

    def hf_compute_loss(self, labels: Any, logits: Any) -> Any:
        return labels.shape.rank * logits


def test_no_loss_module_is_left(ported: Translation) -> None:
    names = {n.id for n in ast.walk(ast.parse(ported.text)) if isinstance(n, ast.Name)}
    assert not names & {"loss_fct", "CrossEntropyLoss", "MSELoss", "BCEWithLogitsLoss"}


def test_a_loss_that_masks_is_translated_statement_by_statement(tmp_path: Path) -> None:
    body = MODEL.replace(
        "            masked_lm_loss = loss_fct(prediction_scores.view(-1, self.config.vocab_size), labels.view(-1))",
        "            flat_mask = labels > 0\n"
        "            masked_lm_loss = loss_fct(prediction_scores.view(-1, self.config.vocab_size), labels.view(-1)) * flat_mask",
    )
    assert body != MODEL
    text = class_text(port(tmp_path, body).text, "TFQuokkaForMaskedLM")
    assert text.startswith("class TFQuokkaForMaskedLM(TFQuokkaPreTrainedModel):")
    assert "hf_compute_loss" not in text
    assert "flat_mask = labels > 0" in text


def test_what_a_router_adds_to_the_loss_stays_an_addition(tmp_path: Path) -> None:
    body = MODEL.replace(
        "        return (masked_lm_loss, prediction_scores)",
        "        if labels is not None:\n"
        "            masked_lm_loss += 0.1 * outputs[1].to(masked_lm_loss.device)\n"
        "        return (masked_lm_loss, prediction_scores)",
    )
    assert body != MODEL
    call = method_text(port(tmp_path, body).text, "TFQuokkaForMaskedLM", "call")
    assert "self.hf_compute_loss(labels=labels, logits=prediction_scores)" in call
    assert "if labels is not None:\n        masked_lm_loss += 0.1 * outputs[1]\n" in call


def test_answers_that_are_labels_are_no_spans(tmp_path: Path) -> None:
    body = MODEL.replace("QuokkaForMaskedLM", "QuokkaForQuestionAnswering2").replace(
        "class QuokkaForQuestionAnswering2", "class QuokkaForVisualQuestionAnswering"
    )
    text = class_text(port(tmp_path, body).text, "TFQuokkaForVisualQuestionAnswering")
    assert "start_positions" not in text
    assert "_cross_entropy(" in text


def test_a_loss_that_the_configuration_may_leave_unreduced_keeps_its_items(tmp_path: Path) -> None:
    body = """
class QuokkaForCTC(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.dense = nn.Linear(2, 2)

    def forward(self, x, labels=None, return_dict=None):
        loss = None
        if labels is not None:
            loss = F.mse_loss(self.dense(x), labels, reduction=self.config.reduction)
        if not return_dict:
            return (loss,)
        return BaseModelOutput(loss=loss)
"""
    text = port(tmp_path, body, exported=("QuokkaForCTC",)).text
    assert "loss = tf.reshape(loss, (-1,))" in method_text(text, "TFQuokkaForCTC", "call")


def test_the_loss_of_a_model_that_others_hold_has_one_item_too(tmp_path: Path) -> None:
    body = """
class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.dense = nn.Linear(2, 2)

    def forward(self, x, labels=None, return_dict=None):
        loss = None
        if labels is not None:
            loss = self.dense(x).mean()
        if not return_dict:
            return (loss,)
        return BaseModelOutput(loss=loss)
"""
    text = port(tmp_path, body, exported=("QuokkaModel",)).text
    assert "loss = tf.reshape(loss, (1,))" in method_text(text, "TFQuokkaMainLayer", "call")


@pytest.mark.parametrize(
    ("call", "types"),
    [
        ("labels, logits, self.config", True),  # images since 4.54
        ("labels=labels, pooled_logits=logits, config=self.config", True),
        ("logits, labels, self.config", False),  # the order of tokens
    ],
)
def test_the_librarys_function_takes_labels_first_for_whole_inputs(tmp_path: Path, call: str, types: bool) -> None:
    head = class_source(MODEL, "QuokkaForSequenceClassification")
    start, end = head.index("        if labels is not None:"), head.index("        return SequenceClassifierOutput(")
    block = f"        if labels is not None:\n            loss = self.loss_function({call})\n"
    body = MODEL.replace(head, head[:start] + block + head[end:])
    assert body != MODEL
    text = class_text(port(tmp_path, body).text, "TFQuokkaForSequenceClassification")
    assert "self.hf_compute_loss(labels=labels, logits=logits)" in text
    assert ("def hf_compute_loss" in text) is types


def class_source(text: str, name: str) -> str:
    start = text.index(f"class {name}(")
    following = text.find("\nclass ", start)
    return text[start : following if following >= 0 else len(text)]
