"""Statements of a PyTorch test: assertions on tensors, contexts and calls that only PyTorch needs."""

from __future__ import annotations

import ast
import textwrap

from scaffold.translate.passes import inplace
from scaffold.translate.suite_engine import SuiteEngine
from scaffold.translate.writer import BlockWriter, Pass

_CONTEXTS = ("torch.no_grad", "torch.inference_mode", "torch.autocast")
_DROPPED = ("torch.manual_seed", "torch.cuda.", "torch.random.", "set_seed")
_DROPPED_METHODS = frozenset({"to", "eval", "train", "cuda", "half", "backward", "requires_grad_", "tie_weights"})


def no_grad(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`with torch.no_grad():` and its like: only the block."""
    if not isinstance(statement, ast.With):
        return None
    names = [ast.unparse(i.context_expr) for i in statement.items]
    if all(name.startswith(_CONTEXTS) for name in names):
        return writer.block(statement.body, statement.items[-1].context_expr.end_lineno or statement.lineno)
    return None


def torch_only(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`model.to(torch_device)`, `model.eval()`, `loss.backward()` as statements; shapes of losses, which differ."""
    if isinstance(statement, ast.Assign) and ast.unparse(statement.value) in ("model.eval()", "model.to(torch_device)"):
        return []
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return None
    call = statement.value
    if ast.unparse(call.func).startswith(_DROPPED):
        return []
    if isinstance(call.func, ast.Attribute) and call.func.attr in _DROPPED_METHODS:
        return []
    if isinstance(call.func, ast.Attribute) and call.func.attr.startswith("assert") and call.args:
        first = ast.unparse(call.args[0])
        return [] if first.endswith("loss.shape") or first.endswith("loss.size()") else None
    return None


def assertion(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`self.assertTrue(torch.allclose(a, b, atol=…))` and its spellings become `tf.debugging.assert_near`."""
    engine = writer.engine
    assert isinstance(engine, SuiteEngine)
    call = _asserted(statement)
    if call is None:
        return None
    name = engine.source.qualname(call.func)
    if name in ("torch.allclose", "torch.testing.assert_close") and len(call.args) >= 2:
        return writer.with_comment(statement, engine.near(call.args[0], call.args[1], call.keywords))
    if name == "torch.equal" and len(call.args) == 2:
        left, right = (engine.expression(a) for a in call.args)
        return writer.with_comment(statement, f"tf.debugging.assert_equal({left}, {right})")
    return None


def _asserted(statement: ast.stmt) -> ast.Call | None:
    """The call whose truth a statement demands."""
    value: ast.expr | None = None
    if isinstance(statement, ast.Assert):
        value = statement.test
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        value = statement.value
        if isinstance(value.func, ast.Attribute) and value.func.attr == "assertTrue" and value.args:
            value = value.args[0]
    return value if isinstance(value, ast.Call) else None


def column_assignment(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`ids[:, -k] = column`, with a position that is known at run time only."""
    if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript)):
        return None
    target = statement.targets[0]
    items = target.slice.elts if isinstance(target.slice, ast.Tuple) else []
    if len(items) != 2 or not isinstance(target.value, ast.Name) or ast.unparse(items[0]) != ":":
        return None
    if isinstance(items[1], ast.Slice) or writer.engine.type_of(target.value).rank != 2:
        return None
    if writer.engine.type_of(statement.value).kind in ("int", "float"):
        return None
    name, value = target.value.id, writer.engine.expression(statement.value)
    index = writer.engine.expression(items[1])
    text = f"{name} = tf.where(tf.range({name}.shape[1]) == ({index}) % {name}.shape[1], tf.expand_dims({value}, 1), {name})"
    return writer.with_comment(statement, text)


def _filled_in_loop(writer: BlockWriter, statement: ast.stmt) -> list[str]:
    """Tensors into whose single elements a loop assigns, by name."""
    names = []
    for node in ast.walk(statement):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                root = target
                while isinstance(root, ast.Subscript):
                    root = root.value
                if root is not target and isinstance(root, ast.Name) and writer.engine.type_of(root).kind == "tensor":
                    names.append(root.id)
    return list(dict.fromkeys(names))


def element_loop(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`for i …: for j …: bbox[i, j, 3] = t`: on a numpy copy, made a tensor again afterwards."""
    if not isinstance(statement, ast.For):
        return None
    names = _filled_in_loop(writer, statement)
    if not names:
        return None
    text = writer.source.segment(statement)
    lines = textwrap.dedent(" " * statement.col_offset + text).replace(".clone()", "").split("\n")
    before = [f"{name} = {name}.numpy()" for name in names]
    return [*before, *lines, *(f"{name} = tf.convert_to_tensor({name})" for name in names)]


SUITE_PASSES: tuple[Pass, ...] = (
    no_grad,
    torch_only,
    assertion,
    element_loop,
    column_assignment,
    inplace.item_assignment,
    inplace.in_place_method,
)
