"""The functions and layers that generated files are given, as the repository's own checks want them."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import pytest

from scaffold.core.resources import templates

FILES = sorted(path for folder in ("functions", "layers") for path in (templates("model") / folder).glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_docstrings_are_filled_to_119_characters(path: Path) -> None:
    """`doc-builder style --max_len 119`, part of `make quality` until 4.35, fills each paragraph again and wants no change."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or not (text := ast.get_docstring(node, clean=False)):
            continue
        for paragraph in re.split(r"\n\s*\n", text.strip("\n").rstrip()):
            lines = paragraph.split("\n")
            if len(lines) > 1:
                margin = " " * (len(lines[0]) - len(lines[0].lstrip()))
                filled = textwrap.fill(
                    " ".join(line.strip() for line in lines), 119, initial_indent=margin, subsequent_indent=margin
                )
                assert paragraph == filled, node.name
