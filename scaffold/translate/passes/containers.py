"""A call of an `nn.Sequential` becomes a loop over its layers, which a port keeps in a list."""

from __future__ import annotations

import ast

from scaffold.translate.writer import BlockWriter


def sequential_call(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`x = f(self.layers(x))` → a loop that binds the value, then the statement with it."""
    if not isinstance(statement, (ast.Assign, ast.Return)) or statement.value is None:
        return None
    calls = [n for n in ast.walk(statement.value) if isinstance(n, ast.Call) and _is_container(writer, n)]
    if not calls:
        return None
    lines: list[str] = []
    for call in reversed(calls):
        child = writer.engine.child_of(call.func)
        assert child is not None
        plain = statement.value is call and isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
        name = statement.targets[0].id if plain else f"{child.attr}_output"  # type: ignore[union-attr]
        argument = writer.engine.expression(call.args[0])
        if argument != name:
            lines.append(f"{name} = {argument}")
        training = ", training=training" if writer.engine.trains(child) else ""
        lines += [
            f"for layer_module in {writer.engine.expression(call.func)}:",
            f"    {name} = layer_module({name}{training})",
        ]
        if plain:
            return lines
        writer.engine.remember(call, name)
    return lines + writer.simple(statement)


def _is_container(writer: BlockWriter, call: ast.Call) -> bool:
    child = writer.engine.child_of(call.func)
    return child is not None and child.is_list and len(call.args) == 1
