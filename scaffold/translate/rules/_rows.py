"""`torch.gather` of whole rows: an index that is stretched over the last axis, `rows.unsqueeze(-1).expand(-1, -1, width)`."""

from __future__ import annotations

import ast

from scaffold.translate.callsite import Arg, CallSite, parenthesised


def numbers(call: CallSite, tensor: Arg, index: Arg) -> str | None:
    """The text of the rows' numbers; None for an index that takes single elements, as far as is known."""
    engine, rank = call.engine, tensor.rank or 0
    value = _assigned(call, index.node) if isinstance(index.node, ast.Name) else index.node
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute) or value.keywords or not value.args:
        return None
    stretched, (*others, width) = value.func.value, value.args
    one = {"expand": "-1", "repeat": "1"}.get(value.func.attr)
    if one is None or len(others) != rank - 1 or not _is_unsqueezed(stretched, rank):
        return None
    if tensor.node is None or not _is_width(call, width, ast.unparse(tensor.node), rank):
        return None
    if isinstance(index.node, ast.Name):
        return f"{index.text}[..., 0]"
    if any(ast.unparse(other) != one for other in others):
        return None
    return parenthesised(engine.expression(stretched.func.value))  # type: ignore[attr-defined]


def _is_unsqueezed(node: ast.expr, rank: int) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or len(node.args) != 1:
        return False
    return node.func.attr == "unsqueeze" and ast.unparse(node.args[0]) in ("-1", str(rank - 1))


def _is_width(call: CallSite, width: ast.expr, tensor: str, rank: int) -> bool:
    """True for the size of the tensor's last axis, said here or where a local of the function is assigned."""
    said = {f"{tensor}.{form}" for k in (-1, rank - 1) for form in (f"shape[{k}]", f"size({k})")}
    if not isinstance(width, ast.Name):
        return ast.unparse(width) in said
    function = call.engine.function_of(call.node)
    found = [n for n in ast.walk(function) if isinstance(n, ast.Assign)] if function is not None else []
    bound = [n for n in found if width.id in {m.id for t in n.targets for m in ast.walk(t) if isinstance(m, ast.Name)}]
    if len(bound) != 1:
        return False
    target, value = bound[0].targets[0], ast.unparse(bound[0].value)
    is_last = isinstance(target, ast.Tuple) and len(target.elts) == rank and ast.unparse(target.elts[-1]) == width.id
    return value in said or (is_last and value in (f"{tensor}.shape", f"{tensor}.size()"))


def _assigned(call: CallSite, name: ast.Name) -> ast.expr | None:
    """What a local was assigned last, in straight-line code, other than a move to another device."""
    function, line = call.engine.function_of(name), name.lineno
    found = [n for n in ast.walk(function) if isinstance(n, ast.Assign)] if function is not None else []
    before = [n for n in found if n.lineno < line and any(ast.unparse(t) == name.id for t in n.targets)]
    moved = f"{name.id}.to("
    before = [n for n in before if not ast.unparse(n.value).startswith(moved)]
    last = max(before, key=lambda n: n.lineno, default=None)
    block = getattr(call.engine.parent(last), "body", []) if last is not None else []
    encloses = any(name in ast.walk(statement) for statement in block)
    return last.value if last is not None and encloses else None
