"""A model that switches to another kind of layer inside a call: in a port the switch lasts for that call.

PyTorch keeps what a call switched to. A port is traced, called with dummy inputs while weights load, and shared by requests of
different lengths, so a call must not depend on those before it. What a user sets with the same method lasts.
"""

from __future__ import annotations

import ast

from scaffold.translate.classes import ClassInfo
from scaffold.translate.writer import BlockWriter


def switches(info: ClassInfo) -> dict[str, str]:
    """Method → attribute of the methods `forward` calls that set an attribute to their argument unless it has that value."""
    forward = info.methods.get("forward")
    called = {ast.unparse(n.func) for n in ast.walk(forward) if isinstance(n, ast.Call)} if forward else set()
    found = {}
    for name, method in info.methods.items():
        attribute = _kept_value(method)
        if f"self.{name}" in called and attribute is not None:
            found[name] = attribute
    return found


def _kept_value(method: ast.FunctionDef) -> str | None:
    """`x` for a method with `if value == self.x: return` and `self.x = value`."""
    arguments = [a.arg for a in method.args.args]
    if len(arguments) != 2:
        return None
    value = arguments[1]
    for node in ast.walk(method):
        if not isinstance(node, ast.Assign) or ast.unparse(node.value) != value:
            continue
        target = ast.unparse(node.targets[0])
        tests = [n.test for n in ast.walk(method) if isinstance(n, ast.If) and isinstance(n.body[0], ast.Return)]
        if target.startswith("self.") and any(ast.unparse(test) == f"{value} == {target}" for test in tests):
            return target.removeprefix("self.")
    return None


def initial_values(info: ClassInfo) -> list[str]:
    """Statements at a constructor's end that keep what a call starts from."""
    return [f"self.initial_{attribute} = self.{attribute}" for attribute in switches(info).values()]


def lasts_for_the_call(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """The condition around a switch in `forward`, after what an earlier call has switched is switched back."""
    function, owner = writer.engine.function_of(statement), writer.engine.class_of(statement)
    if not isinstance(statement, ast.If) or function is None or function.name != "forward" or owner is None:
        return None
    found = switches(owner)
    calls = [ast.unparse(n.func).removeprefix("self.") for n in ast.walk(statement) if isinstance(n, ast.Call)]
    method = next((name for name in calls if name in found), None)
    if method is None:
        return None
    attribute = found[method]
    lines = writer.plain(statement)
    # `bool` refuses a length that is not known when the model is traced, for which both branches would be traced
    lines[0] = f"if bool({lines[0].removeprefix('if ').removesuffix(':')}):"
    return [
        "# what an earlier call has switched to does not last",
        f"lasting_{attribute} = self.initial_{attribute}",
        f"self.{method}(lasting_{attribute})",
        *lines,
        f"    self.initial_{attribute} = lasting_{attribute}",
    ]


def lasts_when_set(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """The method that switches, before it returns if nothing changes: whoever calls it from outside means later calls too."""
    if not isinstance(statement, ast.If) or not isinstance(statement.body[0], ast.Return):
        return None
    function, owner = writer.engine.function_of(statement), writer.engine.class_of(statement)
    attribute = switches(owner).get(function.name) if function is not None and owner is not None else None
    if attribute is None or function is None:
        return None
    value = function.args.args[1].arg
    if ast.unparse(statement.test) != f"{value} == self.{attribute}":
        return None
    return [f"self.initial_{attribute} = {value}", *writer.plain(statement)]
