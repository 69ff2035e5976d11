"""Last pass: no reference to torch slips through silently."""

from __future__ import annotations

import ast

from scaffold.core.diagnostics import Diagnostic
from scaffold.translate import markers, tidy
from scaffold.translate.engine import Engine

_TORCH_NAMES = frozenset({"torch", "nn", "F", "ACT2FN"})


def mark(text: str, engine: Engine) -> str:
    """A marker above every statement that still names torch and has none yet."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise tidy.unparsable(f"line {error.lineno}: {error.msg}") from None
    lines = text.split("\n")
    found: dict[int, Diagnostic] = {}
    for statement in _simple_statements(tree):
        names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)} & _TORCH_NAMES
        first = statement.lineno
        if names and not _has_marker(lines, first):
            subject = ast.unparse(statement).split("\n")[0][:60].replace(" ", "")
            found[first] = Diagnostic(
                code="TFP109", subject=sorted(names)[0], message=f"left as it was: {subject}", path=engine.source.path
            )
    for line in sorted(found, reverse=True):
        indent = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
        lines[line - 1 : line - 1] = [indent + m for m in markers.write(found[line])]
        engine.diagnostics.append(found[line])
    return "\n".join(lines)


def undefined(text: str, engine: Engine) -> str:
    """A marker above every statement that uses a name nothing defines: a library function without a rule."""
    lines = text.split("\n")
    for line, name in sorted(tidy.undefined_names(text), reverse=True):
        if name in _TORCH_NAMES and _has_marker(lines, line):
            continue
        indent = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
        found = Diagnostic(
            code="TFP108",
            subject=name,
            message="has no TensorFlow counterpart",
            help="write it by hand",
            path=engine.source.path,
        )
        engine.diagnostics.append(found)
        lines[line - 1 : line - 1] = [indent + m for m in markers.write(found)]
    return "\n".join(lines)


def _has_marker(lines: list[str], line: int) -> bool:
    """True when the comments directly above a line hold a marker."""
    above = line - 1
    while above and lines[above - 1].lstrip().startswith("#"):
        if markers.MARKER.match(lines[above - 1]):
            return True
        above -= 1
    return False


def _simple_statements(tree: ast.Module) -> list[ast.stmt]:
    compound = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.FunctionDef, ast.ClassDef)
    return [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and not isinstance(n, compound)]
