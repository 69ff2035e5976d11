"""Statements: comments where they were, blocks never empty, marks above what was refused."""

from __future__ import annotations

import ast

import pytest

from scaffold.translate import markers
from scaffold.translate.writer import indented
from tests.translate.checkouts import body_of, statements


@pytest.mark.parametrize(
    "text",
    [
        "a = 1  # why\n# before\nb = 2",
        "if a:\n    b = 1\nelif c:\n    # inside\n    b = 2\nelse:\n    b = 3",
        "for a in b:\n    # first\n    c(a)\nelse:\n    d()",
        "while a:\n    a = b(a)",
        "try:\n    a()\nexcept ValueError as error:\n    b(error)\nelse:\n    c()\nfinally:\n    d()",
        "with a as b, c:\n    d(b)",
        "a = 1\n\n\nb = 2",
        "if (\n    a\n):\n    pass",
        "a: int = 1",
        "def inner(b, *, c=1):\n    return b",
        "raise ValueError('a')",
    ],
)
def test_statements_without_torch_come_back(text: str) -> None:
    assert ast.dump(ast.parse(statements(text))) == ast.dump(ast.parse(text))
    for comment in [part for part in text.split("\n") if part.strip().startswith("#")]:
        assert comment.strip() in statements(text)


def test_comments_and_blank_lines_keep_their_places() -> None:
    text = "a = 1  # why\n\n# before\nb = torch.tanh(a)  # after"
    assert statements(text) == "a = 1  # why\n\n# before\nb = tf.tanh(a)  # after"


def test_a_comment_above_else_stays_there() -> None:
    text = "if a:\n    b = 1\n# otherwise\nelse:\n    b = 2"
    assert statements(text) == text


def test_a_body_of_which_nothing_is_left_passes() -> None:
    assert statements("if a:\n    self.post_init()") == "if a:\n    pass"
    assert statements("self.post_init()") == "pass"


def test_a_mark_stands_above_the_statement_and_inside_the_block() -> None:
    text = statements("if a:\n    # note\n    b = torch.unheard_of(a)")
    lines = text.split("\n")
    assert lines[0] == "if a:"
    assert lines[1] == "    # note"
    assert lines[2].startswith("    # TODO(port) TFP101 torch.unheard_of: ")
    assert lines[-1] == "    b = torch.unheard_of(a)"
    assert len(markers.parse(text)) == 1


def test_two_refusals_in_one_statement_are_two_marks() -> None:
    text = statements("b = torch.unheard_of(a) + torch.unseen(a)")
    assert [m.subject for m in markers.parse(text)] == ["torch.unheard_of", "torch.unseen"]


def test_annotations_in_bodies_are_translated() -> None:
    assert statements("a: torch.Tensor = torch.tanh(b)") == "a: tf.Tensor = tf.tanh(b)"


def test_a_header_over_several_lines_keeps_its_parentheses() -> None:
    text = "if (\n    a\n    and b\n):\n    c = 1"
    written = statements(text)
    assert ast.dump(ast.parse(written)) == ast.dump(ast.parse(text))


def test_nested_functions_are_translated_with_their_arguments() -> None:
    text = statements("def inner(b, *c, d=torch.float32):\n    return torch.tanh(b)\na = inner(a)")
    assert text == "def inner(b, *c, d=tf.float32):\n    return tf.tanh(b)\na = inner(a)"


def test_indentation_leaves_blank_lines_empty() -> None:
    assert indented(["a", "", "  ", "b"], 2) == ["        a", "", "", "        b"]


def test_the_else_of_a_while_loop_survives() -> None:
    assert statements("while x:\n    y = 1\nelse:\n    y = torch.relu(x)") == (
        "while x:\n    y = 1\nelse:\n    y = tf.nn.relu(x)"
    )


@pytest.mark.parametrize(
    "block",
    [
        "match x:\n    case [1, *_]:\n        y = 1",
        "async with x as y:\n    pass",
        "async def f():\n    await x",
        "class Inner:\n    y = 1",
    ],
)
def test_a_block_that_models_do_not_have_is_copied_under_a_marker(block: str) -> None:
    text = statements(f"if x:\n    z = 1\n    {block.replace(chr(10), chr(10) + '    ')}")
    indented = "\n".join("    " + line for line in block.split("\n"))
    assert text.endswith(indented)
    assert f"# TODO(port) TFP101 {block.split()[0]}: " in text


def test_docstrings_indented_with_tabs_lose_their_margin() -> None:
    inner = 'def f(self):\n\tdef g():\n\t\t"""\n\t\tOne.\n\t\t"""\n\t\treturn 1\n'
    lines, _ = body_of(inner)
    assert lines == 'def g():\n    """\n    One.\n    """\n    return 1'
