"""The exception lists in the repository's own check scripts, and adding a name to one.

Source: `utils/check_repo.py` and `utils/check_docstrings.py` of Transformers; the lists are ordered by hand, so a
TensorFlow name goes next to its PyTorch twin.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from scaffold.register.anchors import PythonFile, exactly_one


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckList:
    """One list: its literal part, and the names in it."""

    name: str
    literal: ast.List | ast.Set
    names: tuple[str, ...]


def check_list(file: PythonFile, name: str) -> CheckList | None:
    """The list assigned to `name`; None when the script has none, REG102 when several.

    Its forms: `[…]`, `OTHER.copy() + […]`, and since 4.56 the set `{…}`.
    """
    found = [
        node
        for node in file.tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]
    ]
    if not found:
        return None
    node = exactly_one(found, path=file.path, sought=f"definition of `{name}`")
    literals = [n for n in ast.walk(node.value) if isinstance(n, ast.List | ast.Set)]
    literal = exactly_one(literals, path=file.path, sought=f"list literal of `{name}`")
    names = tuple(str(e.value) for e in literal.elts if isinstance(e, ast.Constant))
    return CheckList(name=name, literal=literal, names=names)


def add_to_list(
    file: PythonFile, target: CheckList, pairs: Iterable[tuple[str, str]], *, in_order: bool = False
) -> None:
    """Add each `(name, neighbour)`: below the neighbour where it is listed, else at the end or (`in_order`) by name."""
    literal = target.literal
    new = [(name, neighbour) for name, neighbour in pairs if name not in target.names]
    if literal.lineno == literal.end_lineno:
        if new:
            _explode(file, target, [name for name, _ in new])
        return
    elements = [e for e in literal.elts if isinstance(e, ast.Constant)]
    for name, neighbour in new:
        indent = " " * (elements[0].col_offset if elements else 4)
        beside = [e for e in elements if e.value == neighbour]
        if not beside and in_order:
            family = _family(elements, name)
            beside = [e for e in family if str(e.value) < name][-1:]
            if not beside and family:
                file.insert_before(family[0], [f'{indent}"{name}",'])
                continue
        if beside:
            file.insert_after(beside[0], [f'{indent}"{name}",'])
        else:
            file.insert((literal.end_lineno or 1) - 1, [f'{indent}"{name}",'])


def _family(elements: list[ast.Constant], name: str) -> list[ast.Constant]:
    """The lists are sorted within a framework only: the longest run of names that start as `name` does."""
    runs = [list(run) for same, run in groupby(elements, lambda e: str(e.value)[:2] == name[:2]) if same]
    return max(runs, key=len, default=[])


def _explode(file: PythonFile, target: CheckList, new: list[str]) -> None:
    """Rewrite a list that stands on one line, one name a line."""
    literal = target.literal
    line = file.line(literal.lineno - 1)
    head = line.encode("utf-8")[: literal.col_offset].decode("utf-8")
    tail = line.encode("utf-8")[literal.end_col_offset :].decode("utf-8")
    indent = " " * (len(line) - len(line.lstrip()))
    names = [f'{indent}    "{name}",' for name in (*target.names, *new)]
    opening, closing = "{}" if isinstance(literal, ast.Set) else "[]"
    file.replace_node(literal, [f"{head}{opening}", *names, f"{indent}{closing}{tail}"])
