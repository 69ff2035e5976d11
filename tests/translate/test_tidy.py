"""The generated file as the repository formats it."""

from __future__ import annotations

import pytest

from scaffold.core.errors import ScaffoldError
from scaffold.translate import tidy


def test_imports_are_sorted_and_unused_ones_go() -> None:
    text = "import os\nimport abc\nfrom ...b import c, d\nx = d(abc)\n"
    assert tidy.tidy(text) == "import abc\n\nfrom ...b import d\n\n\nx = d(abc)\n"


def test_unused_variables_go_and_their_calls_stay() -> None:
    assert tidy.tidy("def f():\n    a = g()\n    b = 1\n    return 2\n") == "def f():\n    g()\n    return 2\n"


def test_comments_and_long_lines() -> None:
    line = "x = f(" + ", ".join(["argument"] * 12) + ")"
    written = tidy.tidy(f"# why\n{line}  # because\n")
    assert written.startswith("# why\nx = f(\n")
    assert "# because" in written
    assert max(map(len, written.split("\n"))) <= 119


def test_formatting_twice_changes_nothing() -> None:
    once = tidy.tidy("import abc\nclass A( abc.ABC ):\n  def f(self): return {'a':1}\n")
    assert tidy.tidy(once) == once


def test_what_does_not_parse_is_the_translators_fault() -> None:
    with pytest.raises(ScaffoldError) as caught:
        tidy.tidy("def f(:\n")
    assert caught.value.code == "TFP002"


def test_undefined_names_with_the_line_of_their_statement() -> None:
    text = "import a\n\n\n@b\nclass C:\n    d = a.e(\n        f,\n    )\n\n"
    text += "    def g(self, h=i):\n        return (\n            j\n        )\n"
    assert tidy.undefined_names(text) == [(4, "b"), (6, "f"), (10, "i"), (11, "j")]


def test_everything_defined() -> None:
    assert (
        tidy.undefined_names("from __future__ import annotations\nx = len([])\ndef f(a: 'int') -> str: return x\n")
        == []
    )
