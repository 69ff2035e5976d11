"""Embedding layers that compute their table: a longer one is computed in a call and lasts for that call.

PyTorch puts the longer table in the place of the weight. A TensorFlow graph has no such memory (passes/tables.py).
"""

from __future__ import annotations

import ast

from scaffold.translate import inlining
from scaffold.translate.classes import ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.promotion import COMPUTED
from scaffold.translate.writer import BlockWriter

_TABLE = "table"


def grown_table(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`if n > self.weight.size(0): self.make_weight(n, width, padding)` in `class Positions(nn.Embedding)`."""
    engine = writer.engine
    info, function = engine.class_of(statement), engine.function_of(statement)
    only = statement.body[0] if isinstance(statement, ast.If) and len(statement.body) == 1 else None
    call = only.value if isinstance(only, ast.Expr) else None
    is_embedding = info is not None and info.bases[:1] == ("torch.nn.Embedding",)
    if not is_embedding or function is None or not isinstance(call, ast.Call) or not isinstance(statement, ast.If):
        return None
    made = _made(info, call)  # type: ignore[arg-type]
    if made is None:
        return None
    weights = [n for n in ast.walk(function) if isinstance(n, ast.Attribute) and ast.unparse(n) == "self.weight"]
    lookups = [n for n in ast.walk(function) if isinstance(n, ast.Call) and ast.unparse(n.func) == "super().forward"]
    for node in weights:
        engine.remember(node, _TABLE)
    for lookup in lookups:
        engine.remember(lookup, f"tf.cast(tf.gather({_TABLE}, {engine.expression(lookup.args[0])}), {COMPUTED})")
    text = _filled(engine, *made)
    head = writer.with_comment(statement, f"{_TABLE} = tf.convert_to_tensor(self.embeddings)")
    return [*head, f"if {writer.header(statement.test)}:", f"    {_TABLE} = {text}"]


def _made(info: ClassInfo, call: ast.Call) -> tuple[ast.expr, dict[str, ast.expr]] | None:
    """The table that the method called makes, and its parameters' values in this call."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "self" else ""
    method = info.methods.get(name)
    if method is None or name not in info.inlined or not inlining.is_constructor(method) or call.keywords:
        return None
    given = dict(zip([a.arg for a in method.args.args[1:]], call.args, strict=False))
    for node in method.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            return node.value, given
    return None


def _filled(engine: Engine, table: ast.expr, given: dict[str, ast.expr]) -> str:
    """The table's text with the parameters replaced by what they are given."""
    tree = ast.parse(engine.expression(table), mode="eval")
    values = {name: ast.parse(engine.expression(node), mode="eval").body for name, node in given.items()}

    class Filled(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return values.get(node.id, node)

    return ast.unparse(Filled().visit(tree))
