"""`F.dropout(x, p=self.dropout, training=self.training)` through a Dropout layer, as hand-written ports do."""

from __future__ import annotations

import ast

from scaffold.translate.engine import Engine
from scaffold.translate.writer import BlockWriter


def rates(engine: Engine, node: ast.ClassDef) -> frozenset[str]:
    """Attributes of a class that are only ever used as the rate of a functional dropout."""
    used: set[str] = set()
    other: set[str] = set()
    for item in ast.walk(node):
        if not (isinstance(item, ast.Attribute) and isinstance(item.value, ast.Name) and item.value.id == "self"):
            continue
        if isinstance(item.ctx, ast.Store):
            continue
        parent = engine.parent(item)
        call = engine.parent(parent) if isinstance(parent, ast.keyword) else parent
        if isinstance(call, ast.Call) and _is_dropout(engine, call):
            used.add(item.attr)
        else:
            other.add(item.attr)
    return frozenset(used - other)


def _is_dropout(engine: Engine, call: ast.Call) -> bool:
    return engine.source.qualname(call.func) == "torch.nn.functional.dropout"


def through_layer(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """Rewrites the call; the constructor's `self.dropout = dropout` becomes the layer (see constructor.py)."""
    if (
        not isinstance(statement, ast.Assign)
        or not isinstance(statement.value, ast.Call)
        or not _is_dropout(writer.engine, statement.value)
    ):
        return None
    call = statement.value
    rate = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "p"), None)
    trains = any(k.arg == "training" and ast.unparse(k.value) == "self.training" for k in call.keywords)
    if not trains or not isinstance(rate, ast.Attribute) or rate.attr not in writer.engine.dropout_rates:
        return None
    target = writer.engine.expression(statement.targets[0])
    return writer.with_comment(
        statement, f"{target} = self.{rate.attr}({writer.engine.expression(call.args[0])}, training=training)"
    )


def chance_of_a_layer(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`dropout_probability = torch.rand([])` in a loop over layers decides in Python, as in the library's hand-written models.

    A graph cannot leave out a round of a Python loop by a number that it draws itself.
    """
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return None
    parent = writer.engine.parent(statement)
    while parent is not None and not isinstance(parent, (ast.For, ast.FunctionDef)):
        parent = writer.engine.parent(parent)
    if ast.unparse(statement.value) != "torch.rand([])" or not isinstance(parent, ast.For):
        return None
    return writer.with_comment(statement, f"{statement.targets[0].id} = random.uniform(0, 1)")
