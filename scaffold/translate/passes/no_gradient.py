"""`with torch.no_grad():` in a model's call: what is computed there is a constant for the gradients of what uses it."""

from __future__ import annotations

import ast

from scaffold.translate.writer import BlockWriter

_CONTEXTS = ("torch.no_grad", "torch.inference_mode")
#: Kinds of values that have no gradient anyhow.
_PLAIN = frozenset({"int", "float", "bool", "str", "size", "none", "dtype", "device"})


def without_gradient(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """The block, then `tf.stop_gradient` of what it leaves to the statements behind it. None for anything else."""
    if not isinstance(statement, ast.With) or len(statement.items) != 1:
        return None
    context, function = statement.items[0].context_expr, writer.engine.function_of(statement)
    name = writer.source.qualname(context.func) if isinstance(context, ast.Call) else None
    if name not in _CONTEXTS or function is None or function.name == "__init__":
        return None
    lines = writer.block(statement.body, context.end_lineno or statement.lineno)
    return [*lines, *(line for node in _left_behind(statement, function) for line in _stopped(writer, node))]


def _left_behind(statement: ast.With, function: ast.FunctionDef) -> list[ast.Name]:
    """For each local that the block binds, the first place behind it where the local is read."""
    inside = set(ast.walk(statement))
    inner = {n for c in inside if isinstance(c, ast.comprehension) for n in ast.walk(c.target)}
    bound = [n.id for n in inside - inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    reads = [
        n
        for n in ast.walk(function)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n not in inside and n.id in bound
    ]
    first: dict[str, ast.Name] = {}
    for node in sorted(reads, key=lambda n: (n.lineno < statement.lineno, n.lineno, n.col_offset)):
        first.setdefault(node.id, node)
    return list(first.values())


def _stopped(writer: BlockWriter, node: ast.Name) -> list[str]:
    seen = writer.engine.type_of(node).seen
    kinds = {o.kind for o in seen}
    if kinds and kinds <= _PLAIN:
        return []
    if kinds == {"tensor"}:
        floating = any((o.dtype or "float").startswith(("float", "bfloat")) for o in seen)
        return [f"{node.id} = tf.stop_gradient({node.id})"] if floating else []
    writer.engine.emits.add("stop_gradient")
    return [f"{node.id} = _stop_gradient({node.id})"]
