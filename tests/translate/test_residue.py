"""Nothing of PyTorch slips through without a mark."""

from __future__ import annotations

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.translate import markers, residue
from tests.translate.checkouts import engine_for


def marked(text: str) -> list[tuple[int, str, str]]:
    written = residue.mark(text, engine_for("x = 1"))
    return [(m.line, m.code, m.subject) for m in markers.parse(written)]


@pytest.mark.parametrize("name", ["torch", "nn", "F", "ACT2FN"])
def test_every_leftover_name_gets_a_mark_at_its_indentation(name: str) -> None:
    written = residue.mark(f"def f(x):\n    if x:\n        return {name}.g(x)\n", engine_for("x = 1"))
    lines = written.split("\n")
    assert lines[2].startswith(f"        # TODO(port) TFP109 {name}: left as it was: return{name}.g(x)")
    assert lines[4] == f"        return {name}.g(x)"


def test_names_of_other_things_are_not_torch() -> None:
    assert marked("x = self.torch\ny = 'torch'\n# torch\nz = f(nn=1)\n") == []


def test_a_marked_statement_is_not_marked_again() -> None:
    text = "# TODO(port) TFP101 torch.a: no rule\n#   from modeling_x.py:3; write it\nx = torch.a(y)\n"
    assert residue.mark(text, engine_for("x = 1")) == text


def test_the_statement_after_a_marked_one_is() -> None:
    text = "# TODO(port) TFP101 torch.a: no rule\n#   from modeling_x.py:3\nx = torch.a(y)\nz = torch.b(y)\n"
    assert marked(text) == [(1, "TFP101", "torch.a"), (4, "TFP109", "torch")]


def test_findings_are_reported_too() -> None:
    engine = engine_for("x = 1")
    residue.mark("a = torch.b\nc = torch.d\n", engine)
    assert [d.code for d in engine.diagnostics] == ["TFP109", "TFP109"]


def test_marks_keep_the_order_of_several_statements() -> None:
    text = "a = torch.b\nc = 1\nd = nn.e\n"
    assert marked(text) == [(1, "TFP109", "torch"), (5, "TFP109", "nn")]


def test_undefined_names_are_marked_above_their_statement() -> None:
    engine = engine_for("x = 1")
    text = "def f(x):\n    if unheard_of(x):\n        return x\n    return g(\n        unseen,\n    )\n"
    text += "\n\ndef g(y):\n    return y\n"
    written = residue.undefined(text, engine)
    assert [(m.code, m.subject) for m in markers.parse(written)] == [("TFP108", "unheard_of"), ("TFP108", "unseen")]
    lines = written.split("\n")
    assert lines[3] == "    if unheard_of(x):"
    assert lines[7] == "    return g("


def test_an_undefined_torch_below_a_mark_says_nothing_new() -> None:
    text = "# TODO(port) TFP101 torch.a: no rule\n#   from modeling_x.py:3\nx = torch.a(1)\n"
    assert residue.undefined(text, engine_for("x = 1")) == text
    assert residue.undefined("x = torch.a(1)\n", engine_for("x = 1")).startswith("# TODO(port) TFP108 torch: ")


def test_a_translation_that_does_not_parse_is_an_unsupported_source() -> None:
    with pytest.raises(ScaffoldError) as caught:
        residue.mark("x = (\n", engine_for("x = 1"))
    assert (caught.value.code, caught.value.exit_code) == ("TFP002", ExitCode.UNSUPPORTED_SOURCE)
