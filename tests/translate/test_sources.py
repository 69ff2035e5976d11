"""Positions, comments and imports of a source, and what is refused before anything else looks at it."""

from __future__ import annotations

import ast

import pytest

from scaffold.core.errors import ExitCode, ScaffoldError
from scaffold.translate.sources import MAX_BYTES, MAX_NODES, Source, parse_module


def refusal(text: str) -> ScaffoldError:
    with pytest.raises(ScaffoldError) as caught:
        parse_module(text, "modeling_x.py")
    return caught.value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", "line 1"),
        ("x = 1\n  y = 2\n", "line 2"),
        ("x = 1\0", "null bytes"),
        ("x = " + "(" * 3000 + ")" * 3000, "parentheses"),
        ("x = x" + ".a" * 20000, ""),
        ("x = 1\n" * (MAX_BYTES // 6 + 1), "characters"),
        ("x = 1\n" * MAX_NODES, "far more statements"),
        ("x = 0x" + "f" * 5_000, "20000 bits"),
    ],
    ids=["syntax", "indent", "nul", "parentheses", "attributes", "size", "nodes", "number"],
)
def test_refused_with_the_exit_code_of_unsupported_sources(text: str, said: str) -> None:
    error = refusal(text)
    assert (error.code, error.exit_code) == ("TFP001", ExitCode.UNSUPPORTED_SOURCE)
    assert "modeling_x.py" in error.message
    assert said in error.message
    assert error.help


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_end_where_python_ends_them(end: str) -> None:
    source = Source(f"x = 1{end}y = f(2){end}")
    call = next(n for n in ast.walk(source.tree) if isinstance(n, ast.Call))
    assert source.segment(call) == "f(2)"
    assert source.lines == ["x = 1", "y = f(2)", ""]


def test_segments_count_bytes_not_characters() -> None:
    source = Source('é = "ü"; größe = f("ß", x)  # Ä\n')
    call = next(n for n in ast.walk(source.tree) if isinstance(n, ast.Call))
    assert source.segment(call) == 'f("ß", x)'
    assert source.slice(source.start(call.args[1]), source.end(call.args[1])) == "x"


def test_comments_by_line_and_not_inside_strings() -> None:
    source = Source('x = 1  # one\ny = "# no"\n# three\n')
    assert source.comments == {1: (7, "# one"), 3: (0, "# three")}


@pytest.mark.parametrize(
    ("statement", "expression", "expected"),
    [
        ("import torch.nn.functional as F", "F.softmax", "torch.nn.functional.softmax"),
        ("import torch.nn", "torch.nn.Linear", "torch.nn.Linear"),
        ("from torch import nn as n", "n.Linear", "torch.nn.Linear"),
        ("from ...utils import logging", "logging.get", "transformers.utils.logging.get"),
        ("from ..bert.modeling_bert import BertModel", "BertModel", "transformers.models.bert.modeling_bert.BertModel"),
        ("from .configuration_m import C", "C", "transformers.models.m.configuration_m.C"),
        ("from . import other", "other.f", "transformers.models.m.other.f"),
        ("import os", "math.pi", None),
        ("import torch", "f(torch).x", None),
    ],
)
def test_qualified_names(statement: str, expression: str, expected: str | None) -> None:
    source = Source(f"{statement}\n{expression}\n", package="transformers.models.m")
    node = source.tree.body[-1]
    assert isinstance(node, ast.Expr)
    assert source.qualname(node.value) == expected


def test_imports_inside_functions_and_guards_count() -> None:
    source = Source("if x:\n    import torch as t\ndef f():\n    from torch import cat\n")
    assert source.imports == {"t": "torch", "cat": "torch.cat"}


def test_marks_are_the_comments_directly_above_decorators_included() -> None:
    source = Source("# far\n\n# near\n# nearer\n@d\n@e\nclass A:\n    # inside\n    def f(self): ...\n")
    node = source.tree.body[0]
    assert isinstance(node, ast.ClassDef)
    assert source.marks(node) == ["# near", "# nearer"]
    assert source.marks(node.body[0]) == ["# inside"]


def test_a_comment_behind_code_is_no_mark_of_the_next_definition() -> None:
    source = Source("x = 1  # Copied from nowhere\nclass A: ...\n")
    assert source.marks(source.tree.body[1]) == []


def test_carriage_returns_do_not_shift_positions() -> None:
    source = Source("x = 1  # one\r\ny = f(x)\r\n")
    call = next(n for n in ast.walk(source.tree) if isinstance(n, ast.Call))
    assert source.segment(call) == "f(x)"


def test_places_are_those_of_the_file_where_its_wording_was_changed() -> None:
    own = "import torch\n\n\ndef f(x):\n    x = torch.a(x)\n    return torch.b(x)\n"
    text = own.replace("    x = torch.a(x)\n", "    y = x\n    y = y\n    x = torch.c(y)\n").replace(
        "\n\n\n", "\nz = 1\n\n\n"
    )
    source = Source(text, own=own)
    calls = {ast.unparse(n.func): source.place(n) for n in ast.walk(source.tree) if isinstance(n, ast.Call)}
    assert calls["torch.b"] == (6, 11, 6, 21), "its line says the same"
    assert calls["torch.c"] == (5, 0, 5, 0), "the line that it stands for"
    assert Source(own).place(ast.parse(own).body[1]) == (4, 0, 6, 21)
