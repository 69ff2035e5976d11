"""The one grammar of marks: what is written is read back, whatever stands around it."""

from __future__ import annotations

import ast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaffold.core.codes import CODES
from scaffold.core.diagnostics import Diagnostic, Span
from scaffold.translate import markers

PRINTABLE = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60)
SUBJECTS = st.from_regex(r"[a-zA-Z_.]{1,30}", fullmatch=True)


def diagnostic(code: str, subject: str, message: str, help: str = "", line: int | None = 7) -> Diagnostic:
    span = None if line is None else Span(line, 0, line, 1)
    return Diagnostic(code=code, subject=subject, message=message, help=help, path="src/m/modeling_foo.py", span=span)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(CODES)), SUBJECTS, PRINTABLE, PRINTABLE, st.integers(0, 3))
def test_round_trip(code: str, subject: str, message: str, help: str, depth: int) -> None:
    indent = "    " * depth
    lines = [indent + line for line in markers.write(diagnostic(code, subject, message, help))]
    found = markers.parse("x = 1\n" + "\n".join(lines) + f"\n{indent}y = 2\n")
    assert [(m.line, m.code, m.subject, m.message) for m in found] == [(2, code, subject, message)]


def test_a_marked_statement_still_parses_and_names_its_origin() -> None:
    lines = markers.write(diagnostic("TFP102", "torch.nn.functional.interpolate", "no `align_corners`", "use tf.image"))
    assert lines[1] == "#   from modeling_foo.py:7; use tf.image"
    assert len(ast.parse("\n".join([*lines, "y = 1"])).body) == 1


def test_without_a_place_the_file_is_named() -> None:
    assert markers.write(diagnostic("TFP108", "f", "gone", line=None))[1] == "#   from modeling_foo.py"


def test_other_comments_are_no_marks() -> None:
    text = "# TODO: port this\n# TODO(port) later\nx = 1  # TODO(port) TFP101 torch.a: no\n# TODO(port) TFP1 a: b\n"
    assert markers.parse(text) == []


def test_marks_are_found_top_to_bottom() -> None:
    text = "\n".join(
        line for code in ("TFP101", "TFP102") for line in ["", *markers.write(diagnostic(code, "torch.a", "m"))]
    )
    assert [(m.code, m.line) for m in markers.parse(text)] == [("TFP101", 2), ("TFP102", 5)]
