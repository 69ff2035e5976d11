"""Statements of the modelling files: the text at a line, where a class begins, where a layer is made.

Only the standard library is needed here.
"""

from __future__ import annotations

import ast
import textwrap
from functools import lru_cache
from pathlib import Path
from typing import Any

_LONGEST = 400


@lru_cache(maxsize=32)
def _parsed(file: str) -> tuple[str, ast.Module | None]:
    text = Path(file).read_text(encoding="utf-8")
    try:
        return text, ast.parse(text)
    except SyntaxError:
        return text, None


def statement(file: str, line: int) -> ast.stmt | None:
    """The innermost simple statement that covers a line (of a compound one, its first line)."""
    _, tree = _parsed(file)
    found: ast.stmt | None = None
    for node in ast.walk(tree) if tree else ():
        covers = isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
        if isinstance(node, ast.stmt) and covers and (found is None or node.lineno >= found.lineno):
            found = node
    return found


def place(file: str | None, line: int | None, root: str) -> dict[str, Any] | None:
    """File (relative to the tree), line, text and the functions called there, as the report has them."""
    if file is None or line is None:
        return None
    node = statement(file, line)
    text, _ = _parsed(file)
    whole = ast.get_source_segment(text, node, padded=True) if node is not None else None
    if whole is None or isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If | ast.For | ast.With):
        rows = text.splitlines()
        whole = rows[line - 1].strip() if line <= len(rows) else ""
        first = line
    else:
        first = node.lineno if node is not None else line
    whole = textwrap.dedent(whole).strip()
    calls = [ast.unparse(c.func) for c in ast.walk(node) if isinstance(c, ast.Call)] if node is not None else []
    name = Path(file)
    relative = name.relative_to(root).as_posix() if name.is_relative_to(root) else name.name
    return {"file": relative, "line": first, "text": whole[:_LONGEST], "calls": list(dict.fromkeys(calls))[:8]}


def made_at(file: str, owner: str, attribute: str) -> int | None:
    """The line in a class's constructor (or `build`) that makes `self.<attribute>`."""
    _, tree = _parsed(file)
    for node in ast.walk(tree) if tree else ():
        if not isinstance(node, ast.ClassDef) or node.name != owner:
            continue
        for inner in ast.walk(node):
            targets = inner.targets if isinstance(inner, ast.Assign) else ()
            made = any(isinstance(t, ast.Attribute) and t.attr == attribute for t in targets)
            grown = isinstance(inner, ast.Call) and ast.unparse(inner.func) == f"self.{attribute}.append"
            if isinstance(inner, ast.Assign | ast.Call) and (made or grown):
                return inner.lineno
    return None
