"""A finding is shown with its line of source, whatever that line holds."""

from __future__ import annotations

import pytest

from scaffold.core.diagnostics import Diagnostic, Span


def shown(source: str, span: Span) -> list[str]:
    found = Diagnostic(code="TFP101", subject="torch.foo", message="no rule", path="m.py", span=span)
    return found.render(source).split("\n")[1:]


def test_the_place_is_marked_below_its_line() -> None:
    assert shown("a\nx = torch.foo(y)\n", Span(2, 4, 2, 16)) == ["  | x = torch.foo(y)", "  |     ^^^^^^^^^^^^"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_pythons(end: str) -> None:
    text = f"a = '\x0c \u2028 \x85'{end}foo(){end}"
    assert shown(text, Span(2, 0, 2, 5)) == ["  | foo()", "  | ^^^^^"]


def test_columns_count_bytes_and_nothing_steers_the_terminal() -> None:
    line, caret = shown("é = '\x1b[2J'; foo()\n", Span(1, 13, 1, 18))
    assert line == "  | é = '�[2J'; foo()"
    assert line[caret.index("^") :] == "foo()"


def test_a_long_line_is_shown_around_the_place() -> None:
    line, caret = shown("x" * 50_000 + "; foo()" + "y" * 50_000, Span(1, 50_002, 1, 50_007))
    assert len(line) < 210
    assert line[caret.index("^") :].startswith("foo()")
