"""Old ways of calling a model: `if old: logger.warning_once("… is deprecated …")`, then one branch or another by a length.

Whether the caller means the old way PyTorch asks the tokens' values, which a graph does not have while it is traced. Where a
single token is decoded they cannot hold all the placeholders that the new way needs, and where a prompt is read, or any number of
tokens, a graph takes the new way, which checks their number. A branch of the old way that the probe never reached is not ported.
"""

from __future__ import annotations

import ast
import re

from scaffold.translate.classes import ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.names import reads_shape
from scaffold.translate.writer import BlockWriter, indented

_REFUSAL = "This way of calling the model is deprecated in PyTorch, see the warning, and was not ported."


def _is_deprecated(node: ast.AST | None) -> bool:
    """`if flag:` whose body begins with a warning of deprecation and goes on with a choice by a length."""
    if not isinstance(node, ast.If) or len(node.body) != 2 or not isinstance(node.test, ast.Name):
        return False
    warning, choice = node.body
    call = warning.value if isinstance(warning, ast.Expr) else None
    warns = isinstance(call, ast.Call) and ast.unparse(call.func) in ("logger.warning_once", "warnings.warn")
    return warns and "deprecated" in ast.unparse(warning) and isinstance(choice, ast.If) and bool(choice.orelse)


def _not_ported(engine: Engine, node: ast.AST) -> bool:
    """True for the choice within such a block whose first branch the probe never reached."""
    parent = engine.parent(node)
    if not isinstance(node, ast.If) or not _is_deprecated(parent) or node is not parent.body[1]:  # type: ignore[union-attr]
        return False
    asked = any(engine.types.at(part).seen for part in ast.walk(node.test))
    return asked and not any(engine.types.at(part).seen for statement in node.body for part in ast.walk(statement))


def unreached_branch(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """The old way's unreached branch raises."""
    if not _not_ported(writer.engine, statement):
        return None
    assert isinstance(statement, ast.If)
    test = writer.engine.expression(statement.test)
    other = writer.block(statement.orelse, statement.orelse[0].lineno - 1)
    return [f"if {test}:", *indented([f'raise ValueError("{_REFUSAL}")']), "else:", *indented(other or ["pass"])]


def left_out(engine: Engine, info: ClassInfo) -> set[str]:
    """Methods of a class that only such branches call."""
    skipped = {
        part
        for node in ast.walk(info.node)
        if isinstance(node, ast.If) and _not_ported(engine, node)
        for statement in node.body
        for part in ast.walk(statement)
    }
    named = {n.attr for n in skipped if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "self"}
    uses = {n.attr for n in ast.walk(info.node) if isinstance(n, ast.Attribute) and n not in skipped}
    return (named - uses) & set(info.methods)


def asks_values(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """Comparisons of the tokens' values that decide on the old way: a graph goes by the length that the old way asks for."""
    function = writer.engine.function_of(statement)
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name) or function is None:
        return None
    blocks = [n for n in ast.walk(function) if _is_deprecated(n)]
    for block in blocks:
        assert isinstance(block, ast.If) and isinstance(block.body[1], ast.If)
        length = block.body[1].test
        if statement.targets[0].id not in _deciding(function, block.test) or not reads_shape(length, function):
            continue
        for node in ast.walk(statement.value):
            if isinstance(node, ast.Compare) and writer.engine.type_of(node).kind == "tensor":
                text, asked = writer.engine.expression(node), _as_traced(writer.engine, length)
                writer.engine.remember(node, f"({text} if tf.executing_eagerly() else not ({asked}))")
            elif isinstance(node, ast.Compare) and reads_shape(node, function):
                writer.engine.remember(node, _as_traced(writer.engine, node))
    return None


def _as_traced(engine: Engine, node: ast.expr) -> str:
    """A comparison of lengths as they are known when a graph is traced: one that is unknown is a prompt's, not of one token."""
    return re.sub(r"\bshape_list\((\w+)\)\[", r"\1.shape[", engine.expression(node))


def _deciding(function: ast.FunctionDef, test: ast.expr) -> set[str]:
    """Names that a condition depends on, through the assignments of a function."""
    found: set[str] = set()
    waiting = {n.id for n in ast.walk(test) if isinstance(n, ast.Name)}
    while waiting:
        name = waiting.pop()
        found.add(name)
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Assign)
                and ast.unparse(node.targets[0]) == name
                and not isinstance(node.value, ast.Call)
            ):
                waiting |= {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)} - found
    return found
