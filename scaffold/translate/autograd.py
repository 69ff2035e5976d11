"""`torch.autograd.Function` classes as functions: what `forward` computes, and the gradient of `backward`.

Where `backward` is straight-line code of torch's functions on what `forward` saved, as one that approximates or clips a gradient
is, the function has it as its `tf.custom_gradient`. One that calls functions of the file computes the usual gradient with less
memory: TensorFlow differentiates the value itself then; the function's docstring says so.
Source: torch's documentation, "Extending PyTorch: Extending torch.autograd".
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from scaffold.core.diagnostics import Severity
from scaffold.translate import reach
from scaffold.translate.truth import constants

if TYPE_CHECKING:
    from scaffold.translate.context import Context
    from scaffold.translate.engine import Engine
    from scaffold.translate.writer import BlockWriter

_SAVED = frozenset({"save_for_backward", "mark_non_differentiable", "set_materialize_grads", "mark_dirty"})


def classes(engine: Context) -> dict[str, ast.FunctionDef]:
    """Class → its `forward`."""
    found = {}
    for node in engine.source.tree.body:
        if isinstance(node, ast.ClassDef) and any(
            (engine.source.qualname(base) or "").endswith("autograd.Function") for base in node.bases
        ):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "forward" and method.args.args:
                    found[node.name] = method
    return found


def name_of(class_name: str) -> str:
    """`XSoftmax` → `_x_softmax`."""
    return "_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name).lower()


def call(engine: Engine, node: ast.Call) -> str | None:
    """`XSoftmax.apply(x, mask, -1)` as a call of the function."""
    func = node.func
    if not isinstance(func, ast.Attribute) or func.attr != "apply" or not isinstance(func.value, ast.Name):
        return None
    if func.value.id not in engine.autograd:
        return None
    from scaffold.translate.operators import arguments

    return f"{name_of(func.value.id)}({', '.join(arguments(engine, node))})"


def attribute(engine: Engine, node: ast.Attribute) -> str | None:
    """`ctx.dim`: the context is a bag of locals."""
    function = engine.function_of(node)
    if not isinstance(node.value, ast.Name) or function is None or function not in engine.autograd.values():
        return None
    return node.attr if node.value.id == function.args.args[0].arg else None


def saved(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`ctx.save_for_backward(x)`, and `ctx.dim = dim`, which the local of that name says already."""
    engine = writer.engine
    function = engine.function_of(statement)
    if function is not None and function in engine.gradients.values():
        return _of_backward(engine, function, statement)
    if function is None or function not in engine.autograd.values():
        return None
    value = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _SAVED:
        return []
    is_same = isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]).endswith(
        f".{ast.unparse(statement.value)}"
    )
    is_last = isinstance(statement, ast.Return) and any(engine.autograd[name] is function for name in engine.gradients)
    return [] if is_same or is_last else None


def written(engine: Engine, writer: BlockWriter, names: str) -> list[str]:
    """Functions for the classes whose function is called in `names`, the text of the file so far."""
    from scaffold.translate import signature
    from scaffold.translate.writer import indented

    lines: list[str] = []
    for name, method in engine.autograd.items():
        if not re.search(rf"\b{name_of(name)}\(", names + "\n".join(lines)):
            continue
        engine.current = None
        engine.forget()
        engine.settled = constants(method, engine.file_constants)
        entries = signature.parameters(engine, method)[1:]
        gradient = _gradient(engine, writer, name, method)
        body = reach.without_kernel(method, engine.source.tree) or writer.body(method.body, method.body[0].lineno - 1)
        text = f'"""The value that `{name}` has in PyTorch; TensorFlow finds its gradient itself."""'
        if gradient:
            text = f'"""The value and the gradient that `{name}` has in PyTorch."""'
            body = _with_gradient(engine, name, body, gradient)
        lines += ["", "", *signature.header(name_of(name), entries), *indented([text, *body])]
    return lines


def _with_gradient(engine: Engine, name: str, body: list[str], gradient: list[str]) -> list[str]:
    """A function with a gradient around the value's statements, and the call of it."""
    from scaffold.translate.writer import indented

    method, backward = engine.autograd[name], engine.gradients[name]
    inputs = [p.arg for p, g in zip(method.args.args[1:], _returned(backward), strict=True) if ast.unparse(g) != "None"]
    header = f"def {name_of(name)[1:]}({', '.join(inputs)}):"
    value = engine.expression(method.body[-1].value)  # type: ignore[attr-defined]
    inner = [
        *body,
        "",
        f"def backward({backward.args.args[1].arg}):",
        *indented(gradient),
        "",
        f"return {value}, backward",
    ]
    return ["", "@tf.custom_gradient", header, *indented(inner), "", f"return {header[4:-1]}"]


def _gradient(engine: Engine, writer: BlockWriter, name: str, method: ast.FunctionDef) -> list[str]:
    """The statements of `backward`; none where TensorFlow finds the gradient itself, a rule being missing for instance."""
    backward = engine.gradients.get(name)
    if backward is None:
        return []
    known, given = len(engine.diagnostics), dict(engine.given)
    for node in (n for n in ast.walk(method) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)):
        engine.given[node.id] = engine.type_of(node)
    engine.given[backward.args.args[1].arg] = engine.type_of(method.body[-1].value)  # type: ignore[attr-defined]
    lines = writer.body(backward.body, backward.body[0].lineno - 1)
    engine.given.clear()
    engine.given.update(given)
    if any(d.severity is Severity.ERROR for d in engine.diagnostics[known:]):
        del engine.diagnostics[known:]
        del engine.gradients[name]
        return []
    return lines


def gradients(engine: Context) -> dict[str, ast.FunctionDef]:
    """Class → its `backward`, where that can be said in TensorFlow."""
    found = {}
    for node in (n for n in engine.source.tree.body if isinstance(n, ast.ClassDef) and n.name in engine.autograd):
        for method in (m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "backward"):
            forward, tree = engine.autograd[node.name], engine.source.tree
            if not reach.without_kernel(forward, tree) and _is_straight(forward, method, tree):
                found[node.name] = method
    return found


def _is_straight(forward: ast.FunctionDef, backward: ast.FunctionDef, tree: ast.Module) -> bool:
    """True for straight-line code in both, with torch's functions alone in `backward`, on names that mean the same in both."""
    returns = [n for n in ast.walk(forward) if isinstance(n, ast.Return)]
    if len(backward.args.args) != 2 or returns != [forward.body[-1]] or returns[0].value is None:
        return False
    given, parameters = _returned(backward), [a.arg for a in forward.args.args[1:]]
    if len(given) != len(parameters) or any(not isinstance(s, (ast.Assign, ast.Expr)) for s in backward.body[:-1]):
        return False
    constants = {p for p, gradient in zip(parameters, given, strict=True) if ast.unparse(gradient) == "None"}
    if len(constants) == len(parameters) or _stored(forward.body) & constants:
        return False
    own = [s for s in backward.body if not _says_the_same(s, forward, backward)]
    called = [n.func for s in own for n in ast.walk(s) if isinstance(n, ast.Call)]
    if any(isinstance(f, ast.Name) and not _lays_out(f.id, tree) for f in called):
        return False
    context = backward.args.args[0].arg
    reads_context = any(isinstance(n, ast.Name) and n.id == context for s in own for n in ast.walk(s))
    return not reads_context and not _stored(own) & (_stored(forward.body) | set(parameters))


def _returned(backward: ast.FunctionDef) -> list[ast.expr]:
    """What `backward` returns for each input of `forward`."""
    last = backward.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    return list(value.elts) if isinstance(value, ast.Tuple) else [value] if value is not None else []


def _stored(statements: list[ast.stmt]) -> set[str]:
    return {n.id for s in statements for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _says_the_same(statement: ast.stmt, forward: ast.FunctionDef, backward: ast.FunctionDef) -> bool:
    """`x, y = ctx.saved_tensors` and `dim = ctx.dim` of what `forward` has under these names, or a statement that it has too."""
    if not isinstance(statement, ast.Assign):
        return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    value, context = ast.unparse(statement.value), forward.args.args[0].arg
    if value == f"{backward.args.args[0].arg}.saved_tensors":
        targets = statement.targets[0]
        names = ", ".join(ast.unparse(e) for e in targets.elts) if isinstance(targets, ast.Tuple) else ""
        return f"{context}.save_for_backward({names})" in {ast.unparse(s) for s in forward.body}
    name = ast.unparse(statement.targets[0])
    if value == f"{backward.args.args[0].arg}.{name}":
        return f"{context}.{name} = {name}" in {ast.unparse(s) for s in forward.body}
    return ast.unparse(statement) in {ast.unparse(s) for s in forward.body}


def _lays_out(name: str, tree: ast.Module) -> bool:
    """True for a function of the file that only makes tensors contiguous."""
    function = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name), None)
    calls = [n.func for n in ast.walk(function) if isinstance(n, ast.Call)] if function is not None else []
    names = {f.attr for f in calls if isinstance(f, ast.Attribute)}
    return "contiguous" in names and names <= {"contiguous", "is_contiguous", "append"}


def _of_backward(engine: Engine, function: ast.FunctionDef, statement: ast.stmt) -> list[str] | None:
    """A statement of `backward` inside the function that has what `forward` computed."""
    if isinstance(statement, ast.Return):
        return [f"return {', '.join(engine.expression(e) for e in _returned(function) if ast.unparse(e) != 'None')}"]
    forward = next(engine.autograd[name] for name, backward in engine.gradients.items() if backward is function)
    if _says_the_same(statement, forward, function):
        return []
    value = statement.value if isinstance(statement, ast.Assign) else None
    is_call = isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
    return [] if is_call and _lays_out(value.func.id, engine.source.tree) else None  # type: ignore[union-attr]
