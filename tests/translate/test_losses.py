"""torch's loss modules by their functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.translate import registry
from scaffold.translate.losses import loss_function
from tests.translate.checkouts import port, statements


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("torch.nn.CrossEntropyLoss", "torch.nn.functional.cross_entropy"),
        ("torch.nn.modules.loss.MSELoss", "torch.nn.functional.mse_loss"),
        ("torch.nn.BCEWithLogitsLoss", "torch.nn.functional.binary_cross_entropy_with_logits"),
        ("torch.nn.Linear", None),
        ("mine.CrossEntropyLoss", None),
        (None, None),
    ],
)
def test_functions(module: str | None, function: str | None) -> None:
    assert loss_function(module) == function
    assert function is None or registry.find(function) is not None


def test_a_constructed_loss_is_called_with_its_own_arguments() -> None:
    text = statements(
        "loss_fct = nn.CrossEntropyLoss(ignore_index=7)\nloss = loss_fct(logits, labels)",
        logits="float32[2]",
        labels="int64[1]",
    )
    called = statements(
        "loss = F.cross_entropy(logits, labels, ignore_index=7)", logits="float32[2]", labels="int64[1]"
    )
    assert text == called
    assert "7" in text and "loss_fct" not in text


def test_a_loss_made_and_called_at_once() -> None:
    types = {"logits": "float32[2]", "labels": "float32[2]"}
    assert statements("loss = nn.MSELoss()(logits, labels)", **types) == statements(
        "loss = F.mse_loss(logits, labels)", **types
    )


def test_losses_that_stand_for_one_another_are_functions() -> None:
    text = statements(
        "if flag:\n    loss = nn.MSELoss(reduction='none')\nelse:\n    loss = nn.MSELoss()\nvalue = loss(logits, labels)",
        logits="float32[2]",
        labels="float32[2]",
    )
    assert "    loss = lambda input, target: tf.math.squared_difference(input, tf.cast(target, input.dtype))" in text
    assert "    loss = lambda input, target: tf.reduce_mean(" in text
    assert text.endswith("value = loss(logits, labels)")


def test_a_loss_that_may_be_another_function_is_not_taken_for_it() -> None:
    text = statements(
        "if flag:\n    loss = nn.MSELoss()\nelse:\n    loss = nll\nvalue = loss(logits, labels)", logits="float32[2]"
    )
    assert "    loss = nll" in text and text.endswith("value = loss(logits, labels)")


def test_labels_of_a_models_own_making_are_no_standard_loss(tmp_path: Path) -> None:
    body = """
class QuokkaForCausalLM(QuokkaPreTrainedModel):
    def forward(self, input_ids: torch.Tensor = None, labels=None):
        logits = input_ids
        loss = None
        if labels is not None:
            shift_labels = labels.new_zeros(labels.shape)
            shift_labels[:, :-1] = labels[:, 1:].clone()
            shift_labels[:, -1] = self.config.pad_token_id
            loss_fct = nn.CrossEntropyLoss()
            loss = loss_fct(logits.view(-1, self.config.vocab_size), shift_labels.view(-1))
        return loss, logits
"""
    text = port(tmp_path, body, exported=("QuokkaForCausalLM",)).text
    assert "hf_compute_loss" not in text and "tf.reshape(shift_labels, [-1])" in text
