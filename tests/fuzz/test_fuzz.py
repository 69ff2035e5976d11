"""Fuzzing: what may be drawn, that failures shrink to their cause, and two real models (e2e)."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import find, settings

from scaffold.cli.main import main
from scaffold.core.errors import ScaffoldError
from scaffold.core.names import ModelNames
from scaffold.core.port import Port
from scaffold.fuzz import Judge, fuzz, pairs_of, question
from scaffold.fuzz.space import Space, cases
from scaffold.locate import locate
from tests.layouts import miniature

VALUES = {
    "hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "num_hidden_layers": 2,
    "intermediate_size": 40, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "vocab_size": 32, "scale": True, "kind": "absolute",
}  # fmt: skip
SPACE = Space(
    values=VALUES, flags=[("scale", False), ("kind", "relative"), ("kind", "other")], activations=("gelu", "relu")
)
PAIRS = [("BrandNewModel", "TFBrandNewModel"), ("BrandNewForMaskedLM", "TFBrandNewForMaskedLM")]


def drawn(condition: Any) -> dict[str, Any]:
    return find(SPACE.changes(), condition, settings=settings(max_examples=2000, database=None))


def test_changes_are_small_and_fit_together() -> None:
    assert drawn(lambda changes: True) == {}
    assert drawn(lambda changes: "kind" in changes)["kind"] == "relative"
    wide = drawn(lambda changes: changes.get("num_attention_heads") == 2)
    assert {name: value for name, value in wide.items() if not name.startswith("num_hidden")} == {
        "num_attention_heads": 2,
        "hidden_size": 8,
        "vocab_size": 8,
        "num_key_value_heads": 1,
        "head_dim": 4,
    }
    assert drawn(lambda changes: "layer_norm_eps" in changes)["layer_norm_eps"] == 1e-5
    assert drawn(lambda changes: "hidden_act" in changes)["hidden_act"] == "relu"


def test_sizes_without_heads_stay() -> None:
    space = Space(values={"hidden_size": 32}, flags=[])
    assert find(space.changes(), lambda changes: True, settings=settings(database=None)) == {}


class FakeJudge:
    """Answers as a port would that ignores one switch."""

    def __init__(self) -> None:
        self.space = SPACE
        self.asked: list[Mapping[str, Any]] = []

    def ask(self, case: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(case)
        if case["batch"] == 3 and case["length"] == 1:
            return {"status": "refused", "error": "no"}
        if case["changes"].get("kind") == "other" and case["length"] > 2:
            return {"status": "differs", "worst": 0.5, "where": "logits"}
        return {"status": "ok", "worst": 1e-7, "where": "logits"}


def test_a_failure_shrinks_to_its_cause() -> None:
    judge = FakeJudge()
    outcome = fuzz(cast(Judge, judge), PAIRS, count=400, seed=1)
    assert outcome.failure is not None
    case = outcome.failure.case
    assert case["changes"] == {"kind": "other"} and (case["batch"], case["length"], case["mask"]) == (1, 3, "ones")


def test_a_port_that_agrees() -> None:
    space = Space(values={**VALUES}, flags=[])
    judge = FakeJudge()
    judge.space = space
    outcome = fuzz(cast(Judge, judge), PAIRS, count=50, seed=0)
    assert outcome.failure is None and outcome.counts["ok"] == 50 and outcome.worst == 1e-7
    assert set(outcome.by_class) == {"TFBrandNewModel", "TFBrandNewForMaskedLM"}


def test_cases_are_complete_questions() -> None:
    case = find(cases(SPACE, PAIRS), lambda case: True, settings=settings(database=None))
    assert set(question(case, 1e-5)) == {"pt", "tf", "changes", "batch", "length", "mask", "integers", "seed", "limit"}


def test_pairs_know_other_names() -> None:
    names = ModelNames(folder="a", stem="a", model_type="a", camel="A", title="A")
    port = Port(
        names=names, public=(), models=("TFAModel", "TFALMHeadModel"), aliases=(("TFALMHeadModel", "AForCausalLM"),)
    )
    assert pairs_of(port) == [("AModel", "TFAModel"), ("AForCausalLM", "TFALMHeadModel")]


@pytest.mark.parametrize(
    "argv", ["", "brand_new", "elder --cases 0", "elder --replay {}", "elder --replay x", "elder --class TFNothing"]
)
def test_bad_calls(argv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scaffold.environment.read_environment", lambda python, root: None)
    monkeypatch.setattr("scaffold.environment.check_environment", lambda environment, tensorflow: None)
    assert main(["fuzz", *argv.split(), "--repo", str(miniature(tmp_path))]) == 2


def test_models_that_cannot_be_imported(tmp_path: Path) -> None:
    located = locate(miniature(tmp_path), "elder", ported_ok=True)
    with pytest.raises(ScaffoldError) as caught, Judge(located, PAIRS, None, sys.executable):
        pass
    assert caught.value.code == "VER101"


@pytest.mark.e2e
def test_a_real_model(tmp_path: Path, capsys: pytest.CaptureFixture[str], sdist: Path) -> None:
    command = ["fuzz", "bert", "--repo", str(sdist), "--class", "TFBertModel", "--json"]
    assert main([*command, "--cases", "60"]) == 1  # the hand-written file has absolute positions only
    failure = json.loads(capsys.readouterr().out)["failure"]
    assert list(failure["case"]["changes"]) == ["position_embedding_type"]
    case = json.dumps({**failure["case"], "changes": {}})
    assert main([*command, "--replay", case]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"]["status"] == "ok"
