"""Hand-written ports are the oracle: the real worker must pass them, and must fail them once they are spoilt."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.core.checkout import Located
from scaffold.core.layout import Layout
from scaffold.core.names import ModelNames
from scaffold.core.port import Port
from scaffold.core.reports import CaseReport, Check, HeadReport, Status, VerificationReport
from scaffold.verify import from_json, localise, to_json, verify

pytestmark = pytest.mark.e2e

IDS = {"input_ids": ["ids", [2, 7], 99]}
ALL = {"output_hidden_states": True, "output_attentions": True}
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 37,
    "vocab_size": 99,
    "max_position_embeddings": 64,
}


def spec(classes: dict[str, object]) -> dict[str, object]:
    return {
        "module": "bert.modeling_bert",
        "config_module": "bert.configuration_bert",
        "config": "BertConfig",
        "arguments": SIZES,
        "variants": {"decoder": {"is_decoder": True}},
        "classes": classes,
    }


def cases(label: str, shape: list[int], high: int) -> list[dict[str, object]]:
    return [
        {"name": "minimal", "inputs": IDS, "flags": ALL},
        {"name": "labels", "inputs": {**IDS, label: ["labels", shape, high]}},
    ]


BERT = spec(
    {
        "BertModel": {
            "base": [
                {"name": "minimal", "inputs": IDS, "flags": ALL},
                {"name": "embeds", "inputs": {"inputs_embeds": ["floats", [2, 7, 32]]}},
                {"name": "tuple", "inputs": IDS, "flags": {"return_dict": False}},
                {"name": "head_mask", "inputs": {**IDS, "head_mask": ["floats", [2, 4]]}},
            ],
            "decoder": [{"name": "cache", "inputs": IDS, "flags": {"use_cache": True}}],
        },
        "BertForMaskedLM": {"base": cases("labels", [2, 7], 99)},
        "BertForQuestionAnswering": {"base": [{"name": "minimal", "inputs": IDS}]},
        "BertForSequenceClassification": {"base": cases("labels", [2], 2)},
        "BertForTokenClassification": {"base": cases("labels", [2, 7], 2)},
        "BertLMHeadModel": {
            "decoder": [
                {"name": name, "mode": "generate", "inputs": IDS, "kwargs": {"max_new_tokens": 4, **more}}
                for name, more in (("greedy", {"do_sample": False}), ("beam", {"do_sample": False, "num_beams": 2}))
            ]
        },
    }
)

Changes = dict[str, tuple[tuple[str, str], ...]]

#: class → pairs of text below the class statement and spoilt text
SPOILT: Changes = {
    "TFBertForMaskedLM": (("sequence_output = outputs[0]", "sequence_output = outputs[0] * 1.0001"),),
    "TFBertForQuestionAnswering": (('name="qa_outputs"', 'name="qa_output"'),),
    "TFBertForSequenceClassification": (
        ("super().__init__(config, *inputs, **kwargs)", "import os; os.kill(os.getpid(), 11)"),
    ),
    "TFBertForTokenClassification": (
        ("training=training,", "training=False,"),
        ("self.dropout(inputs=sequence_output, training=training)", "sequence_output"),
    ),
}


@pytest.fixture(scope="module")
def src() -> Path:
    for name in ("torch", "tensorflow", "tf_keras", "transformers"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    found = importlib.util.find_spec("transformers")
    assert found is not None and found.origin is not None
    folder = Path(found.origin).parent
    if not (folder / "models/bert/modeling_tf_bert.py").is_file():
        pytest.skip("the installed transformers has no TensorFlow models")
    return folder.parent


@pytest.fixture(scope="module")
def recorded(src: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cases")
    (out / "spec.json").write_text(json.dumps(BERT))
    script = Path(__file__).with_name("make_cases.py")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run(
        [sys.executable, script, out, src, out / "spec.json"], check=True, env=environment, capture_output=True
    )
    return out / "classes"


def spoil(src: Path, tree: Path, changes: Changes) -> Path:
    """A tree of links to the real one, with another modeling_tf_bert.py."""

    def link(below: Path, *parts: str) -> None:
        (tree / below).mkdir(parents=True)
        for child in (src / below).iterdir():
            if child.name not in ("__pycache__", *parts[:1]):
                (tree / below / child.name).symlink_to(child)
        if parts:
            link(below / parts[0], *parts[1:])

    (tree).mkdir(parents=True)
    link(Path("transformers"), "models", "bert")
    file = tree / "transformers/models/bert/modeling_tf_bert.py"
    text = file.read_text()
    for name, old, new in ((name, *pair) for name, pairs in changes.items() for pair in pairs):
        head, mark, tail = text.partition(f"class {name}(")
        assert mark and old in tail
        text = head + mark + tail.replace(old, new, 1)
    file.unlink()
    file.write_text(text)
    return tree


def run(src: Path, recorded: Path, *models: str, **options: object) -> VerificationReport:
    names = ModelNames(folder="bert", stem="bert", model_type="bert", camel="Bert", title="BERT")
    located = Located(
        root=src, names=names, layout=Layout(), config_class="BertConfig", config_module="configuration_bert"
    )
    port = Port(names=names, public=models, models=models)
    return verify(located, port, src=src, python=sys.executable, cases=recorded, jobs=1, **options)  # type: ignore[arg-type]


def case(head: HeadReport, name: str, mode: str) -> CaseReport:
    return next(c for c in head.cases if (c.case, c.mode) == (name, mode))


def check(head: HeadReport, name: str) -> Check:
    return next(c for c in head.checks if c.name == name)


def test_a_hand_written_port_agrees(src: Path, recorded: Path) -> None:
    report = run(
        src, recorded, "TFBertModel", "TFBertForSequenceClassification", "TFBertLMHeadModel", "TFBertForMaskedLM"
    )
    assert from_json(to_json(report)) == report
    model, classifier, decoder, masked = report.heads
    assert classifier.ok, to_json(report)
    # only the model's cases have one with return_dict=False, and where PyTorch was not seen to do it, it is not asked for
    assert {c.name for c in classifier.checks if c.status is not Status.PASS} == {"return-tuple"}
    assert check(model, "return-tuple").status is Status.PASS
    assert {c.mode for c in classifier.cases} == {"eager", "graph"}
    assert any(c.tensor == "loss" and c.ok for c in case(classifier, "base/labels", "graph").comparisons)
    for name in ("base/minimal", "base/embeds", "base/tuple", "decoder/cache"):
        assert case(model, name, "eager").ok and case(model, name, "graph").ok
    # Known limits of the hand-written port, which the report must name rather than hide.
    for mode in ("eager", "graph"):
        error = case(model, "base/head_mask", mode).error
        assert error and error.startswith("NotImplementedError") and "modeling_tf_bert.py:" in error
    assert check(masked, "weights-bin").detail == "unexpected cls.predictions.decoder.bias"
    assert check(masked, "weights-safetensors").status is Status.PASS
    for name in ("decoder/greedy", "decoder/beam"):
        assert case(decoder, name, "generate").ok
        assert case(decoder, name, "generate").comparisons[0].tolerance == 0.0


def test_a_spoilt_port_fails_where_it_is_spoilt(src: Path, recorded: Path, tmp_path: Path) -> None:
    tree = spoil(src, tmp_path / "src", SPOILT)
    report = run(tree, recorded, *SPOILT, "TFBertModel", "TFBertForNextSentencePrediction")
    masked, questions, dead, tokens, model, absent = report.heads
    first = localise(masked)
    assert first is not None and first.comparison.tensor == "logits" and 1e-5 < first.comparison.max_scaled < 1e-2
    assert "missing qa_output.weight" in check(questions, "weights-safetensors").detail
    assert "unexpected qa_outputs.weight" in check(questions, "weights-bin").detail
    assert dead.error == "child process died (signal 11, SIGSEGV)"
    assert tokens.max_scaled is not None and tokens.max_scaled < 1e-5, "dropout is off in inference"
    assert check(tokens, "training-changes-output").status is Status.FAIL
    assert case(model, "base/minimal", "graph").ok, "the classes after the dead one are verified"
    assert absent.error == "no recorded case for BertForNextSentencePrediction"


def test_a_wrong_epsilon_shows_in_the_first_hidden_state(src: Path, recorded: Path, tmp_path: Path) -> None:
    tree = spoil(src, tmp_path / "src", {"TFBertEmbeddings": (("epsilon=config.layer_norm_eps", "epsilon=1e-3"),)})
    (model,) = run(tree, recorded, "TFBertModel", modes=("eager",)).heads
    first = localise(model)
    assert first is not None and first.comparison.tensor == "hidden_states/0"


def test_a_module_with_an_error_in_it(src: Path, recorded: Path, tmp_path: Path) -> None:
    tree = spoil(src, tmp_path / "src", {"TFBertEmbeddings": (("keras.layers.Layer)", "keras.layers.Lawyer)"),)})
    (model,) = run(tree, recorded, "TFBertModel").heads
    assert model.error and "Lawyer" in model.error and "modeling_tf_bert.py" in model.error


def test_a_gradient_that_does_not_flow_and_a_loss_that_keras_cannot_minimise(
    src: Path, recorded: Path, tmp_path: Path
) -> None:
    stopped = ("pooled_output = outputs[1]", "pooled_output = tf.stop_gradient(outputs[1])")
    tree = spoil(src, tmp_path / "src", {"TFBertForSequenceClassification": (stopped,)})
    (classifier,) = run(tree, recorded, "TFBertForSequenceClassification", modes=("eager",)).heads
    assert all(c.ok for c in classifier.cases), "its outputs are right"
    gradients = check(classifier, "gradients")
    assert gradients.status is Status.FAIL and "(TensorFlow has none)" in gradients.detail
    assert check(classifier, "fit").status is Status.PASS, "the classifier itself still trains"


def test_exported_models_answer_as_pytorch_does(src: Path, recorded: Path) -> None:
    (classifier,) = run(src, recorded, "TFBertForSequenceClassification", modes=("eager", "savedmodel", "tflite")).heads
    assert case(classifier, "base/minimal", "tflite").ok
    saved = check(classifier, "savedmodel")  # its signature takes masks, which no recorded case has
    assert saved.status is Status.SKIP and "attention_mask" in saved.detail
    gradients = check(classifier, "gradients")
    assert gradients.status is Status.PASS and gradients.detail.startswith("41 weights")
