"""Type hints in the spelling of the time: `Optional[…]` before 4.30, both ways until 4.56, `… | None` alone from 4.57."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from functools import reduce

from scaffold.translate.era.splicing import Splicer


def with_typing(text: str) -> str:
    """The module with its hints written out, and without the import where every hint can be evaluated where it stands."""
    splicer = Splicer(text)
    for hint in _hints(splicer.tree):
        for node in _outermost(hint, _is_union):
            splicer.replace(node, _written_out(node))
    future = [n for n in splicer.tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    for statement in future if _evaluable(splicer.tree) else []:
        splicer.drop_lines(statement.lineno, statement.end_lineno or statement.lineno)
    imports = [n for n in splicer.tree.body if isinstance(n, (ast.Import, ast.ImportFrom)) and n not in future]
    if imports:
        splicer.insert_after(imports[-1].end_lineno or imports[-1].lineno, ["from typing import Optional, Union"])
    return splicer.text()


_BUILTIN = {"Dict": "dict", "List": "list", "Tuple": "tuple", "Set": "set", "FrozenSet": "frozenset", "Type": "type"}


def with_builtin_generics(text: str) -> str:
    """The module with `dict[…]` for `Dict[…]` in its hints; the imports that are unused then go with the other unused ones."""
    splicer = Splicer(text)
    for hint in _hints(splicer.tree):
        for node in ast.walk(hint):
            if isinstance(node, ast.Name) and node.id in _BUILTIN:
                splicer.replace(node, _BUILTIN[node.id])
    return splicer.text()


def with_pipes(text: str) -> str:
    """The module with `X | None` for `Optional[X]` and `A | B` for `Union[A, B]` in its hints.

    Only where hints are not evaluated: a file without `annotations` from the future keeps its own, as the linter lets it.
    """
    splicer = Splicer(text)
    if not any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in splicer.tree.body):
        return text
    for hint in _hints(splicer.tree):
        for node in _outermost(hint, _is_typing):
            splicer.replace(node, ast.unparse(_Pipes().visit(node)))
    return splicer.text()


def _is_typing(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in ("Optional", "Union")
    )


class _Pipes(ast.NodeTransformer):
    """`Optional[…]` and `Union[…]` as operators, inner ones first."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        if not _is_typing(node):
            return node
        assert isinstance(node.value, ast.Name)
        members = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if node.value.id == "Optional":
            members = [*members, ast.Constant(None)]
        return reduce(lambda left, right: ast.BinOp(left, ast.BitOr(), right), members)


def _hints(tree: ast.Module) -> list[ast.expr]:
    found: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            found.append(node.returns)
        elif isinstance(node, (ast.arg, ast.AnnAssign)):
            found.append(node.annotation)
    return [hint for hint in found if hint is not None]


def _outermost(hint: ast.expr, wanted: Callable[[ast.expr], bool]) -> list[ast.expr]:
    """The nodes of a hint that are wanted and inside no other wanted one."""
    if wanted(hint):
        return [hint]
    children = [child for child in ast.iter_child_nodes(hint) if isinstance(child, ast.expr)]
    return [found for child in children for found in _outermost(child, wanted)]


def _is_union(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)


def _written_out(node: ast.expr) -> str:
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)):
        for child in ast.walk(node):  # a union inside a subscript
            if isinstance(child, ast.BinOp) and isinstance(child.op, ast.BitOr):
                return ast.unparse(node).replace(ast.unparse(child), _written_out(child))
        return ast.unparse(node)
    members = _members(node)
    texts = [_written_out(member) for member in members if ast.unparse(member) != "None"]
    inner = texts[0] if len(texts) == 1 else f"Union[{', '.join(texts)}]"
    return f"Optional[{inner}]" if len(texts) < len(members) else inner


def _members(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_members(node.left), *_members(node.right)]
    return [node]


def _evaluable(tree: ast.Module) -> bool:
    """True when every name in a hint is bound above the statement that has the hint."""
    bound = set(dir(builtins))
    for statement in tree.body:
        for hint in _hints(ast.Module([statement], [])):
            if any(isinstance(n, ast.Name) and n.id not in bound for n in ast.walk(hint)):
                return False
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            bound |= {alias.asname or alias.name.split(".")[0] for alias in statement.names}
        elif isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
            bound.add(statement.name)
        elif isinstance(statement, ast.Assign):
            bound |= {t.id for t in statement.targets if isinstance(t, ast.Name)}
    return True
