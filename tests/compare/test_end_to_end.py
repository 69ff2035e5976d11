"""Hand-written ports, spoilt in the text: the layer and the cause are named; one that does not build does not stop the rest."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scaffold.compare import ClassComparison, Comparison, compare, to_text
from scaffold.core.checkout import Located
from scaffold.core.layout import Layout
from scaffold.core.names import ModelNames
from tests.verify.test_e2e import Changes, recorded, spoil, src  # noqa: F401

pytestmark = pytest.mark.e2e

CLASSES = {"TFBertModel": "BertModel", "TFBertForMaskedLM": "BertForMaskedLM"}
SPOILT: Changes = {
    "TFBertSelfAttention": (("attention_scores = tf.divide(attention_scores, dk)", "pass"),),
    "TFBertForMaskedLM": (("self.mlm = ", "self.nlm = nothing"),),
}


def run(tree: Path, cases: Path, classes: dict[str, str]) -> Comparison:
    names = ModelNames(folder="bert", stem="bert", model_type="bert", camel="Bert", title="BERT")
    located = Located(
        root=tree.parent, names=names, layout=Layout(), config_class="BertConfig", config_module="configuration_bert"
    )
    return compare(located, classes, src=tree, python=sys.executable, cases=cases)


def test_a_good_port_agrees_layer_by_layer(src: Path, recorded: Path) -> None:  # noqa: F811
    found = run(src, recorded, CLASSES)
    assert found.not_run is None
    body, head = found.classes
    assert (body.status, head.status) == ("agrees", "agrees")
    assert not body.origins and not any(row.off for row in body.rows)
    paths = {row.path for row in head.rows}
    assert {"bert.encoder.layer.1.attention.self.query", "cls.predictions.transform.LayerNorm"} <= paths


def test_the_first_layer_and_the_cause_are_named(src: Path, recorded: Path, tmp_path: Path) -> None:  # noqa: F811
    tree = spoil(src, tmp_path / "tree", SPOILT)
    found = run(tree, recorded, CLASSES)
    body, head = found.classes
    check_scale(body)
    assert head.status == "error" and "nothing" in head.detail
    text = to_text(found)
    assert "starts in encoder.layer.0.attention.self" in text and "a missing or wrong factor" in text


def test_a_port_that_raises_is_compared_up_to_there(src: Path, recorded: Path, tmp_path: Path) -> None:  # noqa: F811
    broken: Changes = {
        "TFBertSelfOutput": (("hidden_states = self.dense(inputs=hidden_states)", "hidden_states = undone"),)
    }
    found = run(spoil(src, tmp_path / "tree", broken), recorded, {"TFBertModel": "BertModel"})
    origin = found.classes[0].origins[0]
    assert (origin.path, origin.kind) == ("encoder.layer.0.attention.output", "error")
    assert "undone" in origin.message
    assert "encoder.layer.0.attention.self" in {row.path for row in found.classes[0].rows if row.error is None}


def check_scale(body: ClassComparison) -> None:
    assert body.status == "differs"
    origin = body.origins[0]
    assert (origin.path, origin.kind, origin.variable) == ("encoder.layer.0.attention.self", "code", "attention_probs")
    assert origin.causes[0].cause == "scale" and "√8" in origin.causes[0].detail
    assert origin.tf is not None and "stable_softmax" in origin.tf.text
    assert origin.pt is not None and origin.pt.file.endswith("modeling_bert.py")
    by_path = {row.path: row for row in body.rows}
    after = by_path["encoder.layer.0.attention.output"]
    assert after.output is not None and after.output > 1e-2 and not after.off  # it only passes on
