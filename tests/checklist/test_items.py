"""Each item passes on a good miniature port and fails, with evidence of the place, on one with the fault it is about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from scaffold.checklist import all_items
from scaffold.core.codes import CODES
from scaffold.core.reports import Status
from tests.checklist.miniature import (
    CHECK_REPO,
    DUMMIES,
    FILES,
    INDEX,
    MAIN_INIT,
    MODEL_INIT,
    PAGE,
    PT_PATH,
    TEST_PATH,
    TF,
    TF_AUTO,
    TF_PATH,
    UTILS,
    subject,
)

ITEMS = {item.code: item for item in all_items()}
Change = dict[str, str | None]


def edit(path: str, old: str, new: str, count: int = -1) -> Change:
    """One file with some of its text replaced; the text must be there."""
    text = FILES[path]
    assert old in text, f"{old!r} is not in {path}"
    return {path: text.replace(old, new, count)}


def tf(old: str, new: str) -> Change:
    """The TensorFlow file with its first such text replaced."""
    return edit(TF_PATH, old, new, 1)


@dataclass(frozen=True)
class Fault:
    """A change to the good port, the status it must bring, and a part of the evidence."""

    code: str
    change: Change
    evidence: str
    status: Status = Status.FAIL


def line_of(text: str, source: str = TF) -> int:
    """The line number of a text's first occurrence."""
    return source[: source.index(text)].count("\n") + 1


OTHER = TF.replace("Wren", "Finch").replace("wren", "finch")
COPY_OF_WREN = "class TFFinchPreTrainedModel(TFPreTrainedModel):\n    pass\n\n\n" + OTHER[
    OTHER.index("class TFFinchOutput") : OTHER.index("@keras_serializable")
].replace(
    "class TFFinchOutput",
    "# Copied from transformers.models.wren.modeling_tf_wren.TFWrenOutput with Wren->Finch\nclass TFFinchOutput",
)
FINCH = "src/transformers/models/finch/modeling_tf_finch.py"
_MARKED_PT = FILES[PT_PATH].replace(
    "class WrenOutput",
    "# Copied from transformers.models.finch.modeling_finch.FinchOutput with Finch->Wren\nclass WrenOutput",
)
_HALF = "_import_structure[\"models.wren\"].extend(['TFWrenForMaskedLM', "

_BUILD_NORM = """        if getattr(self, "norm", None) is not None:
            self.norm.build([None, None, 4])
"""

FAULTS = [
    Fault("CHK101", tf(", training=training))", "))"), f"{TF_PATH}:{line_of('self.norm(self.drop')}"),
    Fault("CHK101", tf("(self, hidden_states, training=False)", "(self, hidden_states)"), "TFWrenOutput.call has no"),
    Fault("CHK101", tf("input_ids=None, return_dict=None, training=False)", "input_ids=None)"), "TFWrenMainLayer.call"),
    Fault("CHK102", {FINCH: OTHER, PT_PATH: _MARKED_PT}, "TFWrenOutput equals transformers.models.finch"),
    Fault("CHK102", {FINCH: OTHER}, "neither is marked", Status.MANUAL),
    Fault(
        "CHK102",
        tf("@keras_serial", "# Copied from transformers.models.finch.modeling_tf_finch.TFNo\n@keras_serial"),
        "TFNo does not exist",
    ),
    Fault("CHK103", tf("    @unpack_inputs\n", ""), "TFWrenMainLayer.call is not decorated"),
    Fault("CHK103", edit(TF_PATH, "    @unpack_inputs\n", ""), "TFWrenForMaskedLM.call is not decorated"),
    Fault("CHK104", tf("@keras_serializable\n", ""), "not decorated with @keras_serializable"),
    Fault("CHK104", tf("    config_class = WrenConfig\n", ""), "sets no `config_class`"),
    Fault("CHK110", {TF_PATH: None}, "does not exist"),
    Fault("CHK110", {TF_PATH: "def broken(:\n"}, f"{TF_PATH}:1"),
    Fault("CHK111", edit(TF_PATH, "TFWrenOutput", "WrenOutput"), "class WrenOutput has no prefix"),
    Fault("CHK112", tf("import tensorflow as tf", "import torch\nimport tensorflow as tf"), "import torch"),
    Fault("CHK112", tf("return self.norm(", "return torch.relu("), "torch.relu"),
    Fault("CHK112", tf("return self.norm(", "return hidden_states.masked_fill("), "masked_fill"),
    Fault(
        "CHK113",
        tf("        return self.norm(", "        # TODO(port) TFP102 torch.x: no\n        return self.norm("),
        "TFP102",
    ),
    Fault("CHK114", tf(', name="dense")', ")"), "self.dense (Dense) has no `name`"),
    Fault("CHK114", tf(', name=f"layers_._{i}")', ")"), "self.layers_ (TFWrenOutput) has no `name`"),
    Fault("CHK115", tf(', name="scale")', ")"), "add_weight without `name`"),
    Fault(
        "CHK115",
        tf("        return self.norm", "        self.add_weight(name='w')\n        return self.norm"),
        "TFWrenOutput.call creates",
    ),
    Fault("CHK116", tf(_BUILD_NORM, ""), "does not build self.norm"),
    Fault("CHK116", {TF_PATH: TF.replace("    def build(", "    def compose(")}, "TFWrenModel has layers with weights"),
    Fault(
        "CHK117",
        {TF_PATH: TF.replace("TFWrenMainLayer(keras.layers.Layer)", "TFWrenMainLayer(TFWrenPreTrainedModel)")},
        "no class named TF",
    ),
    Fault(
        "CHK118",
        {TF_PATH: TF[: TF.index("class TFWrenForMaskedLM")]},
        "WrenForMaskedLM has no TFWrenForMaskedLM",
        Status.MANUAL,
    ),
    Fault(
        "CHK119",
        tf(" if labels is None else self.hf_compute_loss(labels, outputs)", ""),
        "computes a loss from labels",
        Status.MANUAL,
    ),
    Fault("CHK120", tf("epsilon=1e-5, ", ""), "leaves `epsilon` to Keras"),
    Fault(
        "CHK120",
        tf("LayerNormalization(epsilon=1e-5,", "BatchNormalization(epsilon=1e-5, momentum=0.1,"),
        "momentum 0.1",
    ),
    Fault("CHK121", tf('    base_model_prefix = "wren"\n', ""), "sets no `base_model_prefix`"),
    Fault(
        "CHK130",
        edit(MAIN_INIT, _HALF, _HALF.replace("'TFWrenForMaskedLM', ", "")),
        "TFWrenForMaskedLM is missing from the _import_structure",
    ),
    Fault("CHK130", edit(MAIN_INIT, ", TFWrenForMaskedLM,", ","), "missing from the TYPE_CHECKING half"),
    Fault(
        "CHK131",
        {
            MAIN_INIT: "define_import_structure(x)\n",
            MODEL_INIT: "define_import_structure(x)\n",
            PT_PATH: FILES[PT_PATH] + '__all__ = ["WrenModel"]\n',
        },
        "TFWrenModel is missing from `__all__`",
    ),
    Fault(
        "CHK132",
        edit(MODEL_INIT, '"modeling_tf_wren"', '"modeling_elsewhere"'),
        "TFWrenModel is missing from the _import_structure",
    ),
    Fault(
        "CHK133",
        edit(TF_AUTO, '("wren", "TFWrenForMaskedLM")', ""),
        'TF_MODEL_FOR_MASKED_LM_MAPPING_NAMES["wren"] lacks',
    ),
    Fault("CHK134", edit(DUMMIES, "class TFWrenModel(", "class Other("), "no dummy of TFWrenModel"),
    Fault("CHK135", edit(PAGE, "[[autodoc]] TFWrenModel", ""), "no `[[autodoc]] TFWrenModel`"),
    Fault("CHK136", edit(PAGE, "The TensorFlow version", "It"), "names nobody", Status.MANUAL),
    Fault("CHK137", edit(INDEX, "| ✅ | ✅ |", "| ✅ | ❌ |"), f"{INDEX}:3"),
    Fault(
        "CHK137", {INDEX: "# Index\n", PAGE: FILES[PAGE] + '<img alt="PyTorch" src="x">\n'}, "without a TensorFlow one"
    ),
    Fault("CHK138", {"utils/documentation_tests.txt": f"{PT_PATH}\n"}, f"and not {TF_PATH}", Status.MANUAL),
    Fault("CHK139", edit(TF_AUTO, "TFWrenForMaskedLM", "TFOther"), "TFWrenForMaskedLM is in no Auto mapping"),
    Fault("CHK150", {TEST_PATH: None, "tests/models/other/test_modeling_other.py": ""}, "does not exist"),
    Fault(
        "CHK151", edit(TEST_PATH, "(TFWrenModel, TFWrenForMaskedLM)", "(TFWrenModel,)"), "TFWrenForMaskedLM is not in"
    ),
    Fault("CHK152", {TEST_PATH: "class Test:\n    pass\n"}, "no class inherits from TFModelTesterMixin"),
    Fault("CHK152", edit(TEST_PATH, "    @slow\n", ""), "no @slow test", Status.MANUAL),
    Fault(
        "CHK153", edit(TEST_PATH, '("someone/wren")', '("someone/wren", from_pt=True)'), "from_pt=True", Status.MANUAL
    ),
]
DERIVED: Change = {
    MAIN_INIT: "define_import_structure(x)\n",
    MODEL_INIT: "define_import_structure(x)\nfrom .modeling_tf_wren import *\n",
    PT_PATH: FILES[PT_PATH] + '__all__ = ["WrenModel"]\n',
    TF_PATH: TF + '__all__ = ["TFWrenModel"]\n',
}
#: Items that the standing miniature cannot pass, with the change that lets them.
GOOD: dict[str, Change] = {"CHK131": DERIVED}
#: Read from a report: tests/checklist/test_verification.py.
REPORTED = {"CHK105", "CHK106", "CHK160", "CHK161"}
HUMAN = {code for code in ITEMS if "CHK170" <= code <= "CHK179"}


@pytest.mark.parametrize("code", sorted(set(ITEMS) - REPORTED - HUMAN))
def test_good_port_passes(code: str, tmp_path: Path) -> None:
    result = ITEMS[code].check(subject(tmp_path, GOOD.get(code, {})))
    assert result.status is Status.PASS, result
    assert result.evidence, "a pass shows what it rests on"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.code}-{f.evidence[:20]}")
def test_fault_is_found(fault: Fault, tmp_path: Path) -> None:
    result = ITEMS[fault.code].check(subject(tmp_path, fault.change))
    assert result.status is fault.status, result
    assert any(fault.evidence in line for line in result.evidence), result.evidence
    assert result.help


def test_every_judged_item_has_a_fault() -> None:
    assert {fault.code for fault in FAULTS} == set(ITEMS) - REPORTED - HUMAN


@pytest.mark.parametrize("code", sorted(HUMAN))
def test_human_items_say_what_to_do(code: str, tmp_path: Path) -> None:
    result = ITEMS[code].check(subject(tmp_path, {}))
    assert result.status is Status.MANUAL
    assert result.help and result.evidence


def test_codes_are_in_the_catalogue_under_the_same_title() -> None:
    catalogue = {code: entry.title for code, entry in CODES.items() if code.startswith("CHK")}
    assert catalogue == {code: item.title for code, item in ITEMS.items()}


def test_requirements_are_those_of_the_guide() -> None:
    named = {requirement for item in ITEMS.values() for requirement in item.requirements}
    assert named <= {f"G{n}" for n in range(1, 45)}
    assert {"G10", "G15", "G20", "G22", "G23", "G25", "G26", "G28", "G29", "G30", "G31", "G32", "G33", "G34"} <= named


SKIPS: list[tuple[str, Change, str]] = [
    ("CHK137", {INDEX: None}, "no docs/source/en/index.md"),
    ("CHK138", {"utils/documentation_tests.txt": None}, "no utils/documentation_tests.txt"),
    ("CHK139", {CHECK_REPO: None}, "no utils/check_repo.py"),
    ("CHK116", {UTILS: ""}, "build themselves"),
    ("CHK150", {TEST_PATH: None, "tests/models/other/test_modeling_tf_other.py": ""}, "an sdist leaves them out"),
    (
        "CHK150",
        {TEST_PATH: None, "tests/models/other/test_modeling_other.py": "", "tests/test_modeling_tf_common.py": None},
        "nothing to inherit",
    ),
    ("CHK135", {PAGE: None, INDEX: None}, "an sdist leaves it out"),
    ("CHK134", {DUMMIES: None}, "has no src/transformers/utils/dummy_tf_objects.py"),
    ("CHK130", DERIVED, "derives its names"),
    ("CHK101", {TF_PATH: None}, "there is no readable"),
]


@pytest.mark.parametrize(("code", "change", "reason"), SKIPS, ids=[f"{c}-{r[:12]}" for c, _, r in SKIPS])
def test_absent_places_are_skipped_with_the_reason(code: str, change: Change, reason: str, tmp_path: Path) -> None:
    result = ITEMS[code].check(subject(tmp_path, change))
    assert result.status is Status.SKIP, result
    assert reason in result.evidence[0]


TOLERATED: list[tuple[str, Change]] = [
    ("CHK119", tf("self.hf_compute_loss(labels, outputs)", "_cross_entropy(outputs, labels)")),
    (
        "CHK119",
        tf("        return outputs if labels", "        loss = outputs - labels\n        return loss if labels"),
    ),
    ("CHK101", tf("layer(input_ids, training=training)", "layer(input_ids)")),  # Keras's call context
    ("CHK101", tf("self.dense(hidden_states), training=training", "self.dense(hidden_states), training")),
    ("CHK102", {FINCH: COPY_OF_WREN}),
    ("CHK112", tf("import tensorflow as tf", "import tensorflow as tf  # unlike torch, channels last")),
    ("CHK114", tf('Dense(config.hidden_size, name="dense")', "Dense(config.hidden_size, **kwargs)")),
    (
        "CHK133",
        edit(TF_AUTO, '("wren", "TFWrenForMaskedLM")', "")
        | edit(CHECK_REPO, "CONFIGURED = []", 'CONFIGURED = ["TFWrenForMaskedLM"]'),
    ),
    (
        "CHK151",
        edit(TEST_PATH, ", TFWrenForMaskedLM)", ",)")
        | edit(CHECK_REPO, "TESTED = []", 'TESTED = ["TFWrenForMaskedLM"]'),
    ),
]


@pytest.mark.parametrize(("code", "change"), TOLERATED, ids=[f"{c}-{i}" for i, (c, _) in enumerate(TOLERATED)])
def test_known_idioms_are_no_false_alarm(code: str, change: Change, tmp_path: Path) -> None:
    result = ITEMS[code].check(subject(tmp_path, change))
    assert result.status is Status.PASS, result
