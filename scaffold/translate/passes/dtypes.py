"""Names of dtypes that a branch binds: a branch that a graph chooses makes only tensors."""

from __future__ import annotations

import ast
import itertools

from scaffold.translate.passes.guards import may_be_unknown
from scaffold.translate.writer import BlockWriter


def named_above_a_branch(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`if length > 1: dtype = x.dtype; …`: the dtype is named above the condition."""
    above = writer.engine.parent(statement)
    if isinstance(above, ast.If) and statement in _named(writer, above):
        return []
    named = _named(writer, statement) if isinstance(statement, ast.If) else []
    return [*(line for s in named for line in writer.simple(s)), *writer.plain(statement)] if named else None


def _named(writer: BlockWriter, branch: ast.If) -> list[ast.stmt]:
    """The statements `dtype = x.dtype` with which a branch begins, if a length decides on it."""
    first = list(itertools.takewhile(_names_dtype, branch.body))
    return first if first and not branch.orelse and may_be_unknown(writer, branch.test) else []


def _names_dtype(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Assign) else None
    return isinstance(value, ast.Attribute) and value.attr == "dtype"
