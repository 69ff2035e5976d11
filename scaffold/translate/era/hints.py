"""Type hints as `Optional[…]` and `Union[…]`, for files that do not import `annotations` from the future (before 4.30)."""

from __future__ import annotations

import ast
import builtins

from scaffold.translate.era.splicing import Splicer


def with_typing(text: str) -> str:
    """The module with its hints written out, and without the import where every hint can be evaluated where it stands."""
    splicer = Splicer(text)
    for hint in _hints(splicer.tree):
        for node in _unions(hint):
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


def _hints(tree: ast.Module) -> list[ast.expr]:
    found: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            found.append(node.returns)
        elif isinstance(node, (ast.arg, ast.AnnAssign)):
            found.append(node.annotation)
    return [hint for hint in found if hint is not None]


def _unions(hint: ast.expr) -> list[ast.BinOp]:
    """The outermost unions of a hint."""
    if isinstance(hint, ast.BinOp) and isinstance(hint.op, ast.BitOr):
        return [hint]
    return [found for child in ast.iter_child_nodes(hint) if isinstance(child, ast.expr) for found in _unions(child)]


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
