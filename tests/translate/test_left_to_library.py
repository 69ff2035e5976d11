"""A class whose head or outputs are the library's work is marked, withheld, and parses."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.core.diagnostics import Severity
from scaffold.core.typedb import ProbedClass, TypeDB
from scaffold.translate import translate
from tests.translate.checkouts import BASE, HEAD, checkout, class_text

MODEL = """

class QuokkaModel(QuokkaPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, states: torch.Tensor):
        return self.dense(states)


class QuokkaForSequenceClassification(GenericForSequenceClassification, QuokkaPreTrainedModel): ...
"""
IMPORT = (
    "from ...modeling_layers import GenericForSequenceClassification\nfrom ...utils.generic import check_model_inputs\n"
)


@pytest.mark.parametrize(
    ("old", "new", "name", "subject"),
    [
        ("", "", "QuokkaForSequenceClassification", "GenericForSequenceClassification"),
        ("    def forward", "    @check_model_inputs\n    def forward", "QuokkaModel", "check_model_inputs"),
        ("    def forward", "    @check_model_inputs()\n    def forward", "QuokkaModel", "check_model_inputs"),
    ],
)
def test_it_is_marked_and_withheld(tmp_path: Path, old: str, new: str, name: str, subject: str) -> None:
    source = HEAD + IMPORT + BASE + MODEL.replace(old, new, 1)
    public = ("QuokkaModel", "QuokkaForSequenceClassification")
    translation = translate(checkout(tmp_path, source, exported=public), TypeDB())
    found = next(d for d in translation.diagnostics if d.code == "TFP133" and d.subject == subject)
    assert found.span is not None
    assert subject in source.split("\n")[found.span.line - 1]
    assert f"# TODO(port) TFP133 {subject}" in class_text(translation.text, f"TF{name}")
    assert f"TF{name}" not in translation.public


def test_functions_that_make_masks_are_no_tensorflow(tmp_path: Path) -> None:
    source = HEAD + "from ...masking_utils import create_chunked_causal_mask\n" + BASE
    source += MODEL.replace("self.dense(states)", "create_chunked_causal_mask(self.dense(states))").split(
        "class QuokkaFor"
    )[0]
    translation = translate(checkout(tmp_path, source, exported=("QuokkaModel",)), TypeDB())
    assert ("TFP108", "create_chunked_causal_mask") in {(d.code, d.subject) for d in translation.diagnostics}
    assert "masking_utils" not in translation.text


@pytest.mark.parametrize(("variant", "severity"), [("base", Severity.ERROR), ("flag-alibi=True", Severity.WARNING)])
def test_another_attention_than_pytorchs_default_is_told(tmp_path: Path, variant: str, severity: Severity) -> None:
    probed = ProbedClass("QuokkaModel", other_attention={variant: 0.06})
    source = HEAD + BASE + MODEL.split("class QuokkaFor")[0]
    translation = translate(
        checkout(tmp_path, source, exported=("QuokkaModel",)), TypeDB(classes={"QuokkaModel": probed})
    )
    (found,) = (d for d in translation.diagnostics if d.code == "TFP134")
    assert found.severity is severity and "6.0e-02 off its eager one" in found.message
    assert ("TODO(port) TFP134" in translation.text) is (severity is Severity.ERROR)
