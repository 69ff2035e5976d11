"""One whole file: what every port must be, whatever the model."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.core.checkout import Located
from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.core.translation import Translation
from scaffold.core.typedb import TypeDB
from scaffold.translate import markers, tidy, translate
from tests.translate import checkouts
from tests.translate.checkouts import class_text, method_text
from tests.translate.quokka import MODEL

ROOT = Path(__file__).parents[2]


def classes(text: str) -> list[str]:
    return [n.name for n in ast.parse(text).body if isinstance(n, ast.ClassDef)]


def test_classes_keep_their_order_and_sdpa_goes(ported: Translation) -> None:
    assert classes(ported.text) == [
        "TFQuokkaPreTrainedModel",
        "TFQuokkaEmbeddings",
        "TFQuokkaSelfAttention",
        "TFQuokkaOutput",
        "TFQuokkaScale",
        "TFQuokkaAttention",
        "TFQuokkaEncoder",
        "TFQuokkaLMPredictionHead",
        "TFQuokkaMainLayer",
        "TFQuokkaModel",
        "TFQuokkaForMaskedLM",
        "TFQuokkaForCausalLM",
        "TFQuokkaForSequenceClassification",
        "TFQuokkaForQuestionAnswering",
        "TFQuokkaBackbone",
        "TFQuokkaForOddity",
    ]


def test_what_is_registered_and_what_is_withheld_with_a_reason(ported: Translation) -> None:
    assert ported.public == (
        "TFQuokkaPreTrainedModel",
        "TFQuokkaModel",
        "TFQuokkaForMaskedLM",
        "TFQuokkaForCausalLM",
        "TFQuokkaForSequenceClassification",
        "TFQuokkaForQuestionAnswering",
        "TFQuokkaBackbone",
    )
    assert ported.models == ported.public[1:]
    assert [name for name, _ in ported.withheld] == ["QuokkaForOddity"]
    assert all(reason for _, reason in ported.withheld)
    assert ported.classes["QuokkaEncoder"] == "TFQuokkaEncoder"
    assert "QuokkaSdpaSelfAttention" not in ported.classes


def test_only_the_odd_head_is_marked(ported: Translation) -> None:
    found = markers.parse(ported.text)
    assert [(m.code, m.subject) for m in found] == [("TFP101", "torch.unheard_of")]
    assert [(d.code, d.subject, d.owner) for d in ported.markers] == [("TFP101", "torch.unheard_of", "QuokkaForOddity")]
    lines = ported.text.split("\n")
    assert lines[found[0].line - 2].strip() == "# an odd thing to do"
    assert lines[found[0].line + 1].strip() == "hidden = torch.unheard_of(hidden, 3)"


def test_no_torch_name_outside_marked_statements(ported: Translation) -> None:
    marked = {m.line for m in markers.parse(ported.text)}
    for node in ast.walk(ast.parse(ported.text)):
        if isinstance(node, ast.Name) and node.id in ("torch", "nn", "F", "ACT2FN"):
            assert any(line in marked for line in range(node.lineno - 3, node.lineno)), ported.text.split("\n")[
                node.lineno - 1
            ]
    assert not re.search(r"^(import|from) (torch|\.\.\.pytorch_utils)", ported.text, re.M)


def test_every_name_is_defined(ported: Translation) -> None:
    assert {name for _, name in tidy.undefined_names(ported.text)} == {"torch"}


def test_public_calls_unpack_their_inputs_and_take_training(ported: Translation) -> None:
    for name in ("TFQuokkaMainLayer", *ported.models):
        call = method_text(ported.text, name, "call")
        assert call.startswith("@unpack_inputs\n"), call
        assert "training: bool = False" in call
    assert class_text(ported.text, "TFQuokkaMainLayer").startswith("@keras_serializable\n")


def test_training_goes_where_dropout_is_and_nowhere_else(ported: Translation) -> None:
    takes = {}
    for node in ast.parse(ported.text).body:
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "call":
                    takes[node.name.removeprefix("TFQuokka")] = "training" in [a.arg for a in method.args.args]
    assert takes["Embeddings"] and takes["SelfAttention"] and takes["Attention"] and takes["Encoder"]
    assert not takes["Scale"]
    assert not takes["LMPredictionHead"]
    encoder = method_text(ported.text, "TFQuokkaEncoder", "call")
    assert "layer_module(hidden_states, attention_mask, training=training)" in encoder
    assert "self.scale(hidden_states)" in encoder


def test_gradient_checkpointing_leaves_no_trace(ported: Translation) -> None:
    assert "checkpointing" not in ported.text
    assert "else" not in method_text(ported.text, "TFQuokkaEncoder", "call")


def test_licence_comments_and_docstrings_stay(ported: Translation) -> None:
    assert ported.text.startswith("# coding=utf-8\n# Copyright 2024 Nobody in particular.\n")
    assert '"""Words and positions."""' in class_text(ported.text, "TFQuokkaEmbeddings")
    call = method_text(ported.text, "TFQuokkaEmbeddings", "call")
    assert "    # words first, positions second\n" in call
    assert "embeddings = self.LayerNorm(embeddings)  # as in the paper" in call


def test_text_that_looks_like_a_template_is_only_text(ported: Translation) -> None:
    assert 'raise ValueError("sizes do not divide {{ nothing }}")' in ported.text


def test_statistics_count_mapped_and_unmapped_calls(ported: Translation) -> None:
    assert ported.statistics["unmapped"] == 1
    assert ported.statistics["mapped"] > 10


def test_a_second_run_writes_the_same(quokka: Located, ported: Translation) -> None:
    again = translate(quokka, TypeDB())
    assert again == ported


@pytest.mark.parametrize("seed", ["1", "2"])
def test_hash_seeds_change_nothing(quokka: Located, ported: Translation, seed: str, tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from scaffold.core.typedb import TypeDB\n"
        "from scaffold.translate import translate\n"
        "from tests.translate.checkouts import NAMES\n"
        "from scaffold.core.checkout import Located\n"
        "from scaffold.core.layout import Layout\n"
        "located = Located(root=Path(sys.argv[2]), names=NAMES, layout=Layout(), config_class='QuokkaConfig',\n"
        "                  config_module='configuration_quokka')\n"
        "sys.stdout.write(translate(located, TypeDB()).text)\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", script, str(ROOT), str(quokka.root)]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (result.stderr, result.stdout) == ("", ported.text)


def test_the_result_is_formatted(ported: Translation) -> None:
    assert tidy.tidy(ported.text) == ported.text


def test_nothing_is_written_into_the_checkout(tmp_path: Path) -> None:
    located = checkouts.checkout(tmp_path, checkouts.HEAD + checkouts.BASE + MODEL)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    translate(located, TypeDB())
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


# -- hostile sources ---------------------------------------------------------------------------------------------------

LAYER = "class QuokkaLayer(nn.Module):\n    def forward(self, x):\n        {}\n        return x\n"


@pytest.mark.parametrize(
    "source",
    [
        (checkouts.HEAD + "# \xe9\n").encode("latin-1"),
        b"x = 1\n" * 900_000,
        b"x = 1\0",
        b"class A(:\n",
        (checkouts.HEAD + LAYER.format("x = " + "+".join(["1"] * 700))).encode(),
        (checkouts.HEAD + LAYER.format("x = " + "+".join(["1"] * 9000))).encode(),
        (checkouts.HEAD + LAYER.format("x = " + "not " * 1500 + "x")).encode(),
        (checkouts.HEAD + LAYER.format("x = " + "(" * 1500 + ")" * 1500)).encode(),
        (checkouts.HEAD + "class A(B): ...\nclass B(A): ...\n").encode(),
        (checkouts.HEAD + "class A(A): ...\n").encode(),
    ],
    ids=["latin-1", "5 MB", "nul", "syntax", "sum", "long sum", "not", "parentheses", "circle", "itself"],
)
def test_hostile_sources_are_refused_in_words(tmp_path: Path, source: bytes) -> None:
    located = checkouts.checkout(tmp_path, source)
    with pytest.raises(ScaffoldError) as caught:
        translate(located, TypeDB())
    error = caught.value
    assert (error.code, error.exit_code) == ("TFP001", ExitCode.UNSUPPORTED_SOURCE)
    assert "modeling_quokka.py" in error.message
    assert error.help


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("x = torch.cat([x, x], dim=1); return x", "x = tf.concat([x, x], axis=1)"),
        ("if x is None: return torch.zeros(1)", "        if x is None:\n            return tf.zeros([1])"),
        (
            'x = f"{{x}} {{% raw %}} {torch.cat([x, x], dim=1)!r:>{3}}"',
            'f"{{x}} {{% raw %}} {tf.concat([x, x], axis=1)!r:>{3}}"',
        ),
        (
            "x = '# Copied from transformers.models.elder' + \"{% if %}\"",
            '"# Copied from transformers.models.elder" + "{% if %}"',
        ),
        ("x = torch.cat(  # why\n            [x, x],\n            dim=1,\n        )", "tf.concat("),
        ("x = 'ünï' + self.é(torch.cat([x, x], dim=1))  # ß", '"ünï" + self.é(tf.concat([x, x], axis=1))  # ß'),
    ],
)
def test_odd_but_valid_python(tmp_path: Path, statement: str, expected: str) -> None:
    located = checkouts.checkout(tmp_path, checkouts.HEAD + LAYER.format(statement))
    text = translate(located, TypeDB()).text
    assert expected in text
    assert markers.parse(text) == []


@pytest.mark.parametrize("ending", ["\r\n", "\n\x0c\n"])
def test_other_line_endings(tmp_path: Path, ending: str) -> None:
    source = checkouts.HEAD + LAYER.format("# why\n        x = torch.cat([x, x], dim=1)  # joined")
    source = source.replace("\n", ending) if ending == "\r\n" else source.replace("\n\n", ending)
    text = translate(checkouts.checkout(tmp_path, source.encode()), TypeDB()).text
    assert "        # why\n        x = tf.concat([x, x], axis=1)  # joined\n" in text


def test_an_empty_module_is_an_empty_port(tmp_path: Path) -> None:
    translation = translate(checkouts.checkout(tmp_path, ""), TypeDB())
    assert (translation.public, translation.classes, translation.markers) == ((), {}, ())
