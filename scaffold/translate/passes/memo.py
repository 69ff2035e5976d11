"""Tensors that a layer keeps between calls: a graph's tensors are of one call, so they are computed each time.

Source: https://www.tensorflow.org/guide/function (a tensor made in a `tf.function` must not be kept outside it).
"""

from __future__ import annotations

import ast

from scaffold.translate.passes.rotary import as_local
from scaffold.translate.writer import BlockWriter


def kept_tensor(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`if key not in self.cache: self.cache[key] = value`, then `self.cache[key]`: a local with the value."""
    test = statement.test if isinstance(statement, ast.If) and not statement.orelse else None
    only = statement.body[0] if isinstance(statement, ast.If) and len(statement.body) == 1 else None
    if not isinstance(test, ast.Compare) or not isinstance(only, ast.Assign) or not isinstance(test.ops[0], ast.NotIn):
        return None
    target, cache = only.targets[0], test.comparators[0]
    if isinstance(cache, ast.Call) and isinstance(cache.func, ast.Attribute) and cache.func.attr == "keys":
        cache = cache.func.value
    is_kept = isinstance(target, ast.Subscript) and ast.unparse(target.value) == ast.unparse(cache)
    if not is_kept or not isinstance(cache, ast.Attribute) or ast.unparse(cache.value) != "self":
        return None
    function = writer.engine.function_of(statement)
    value = writer.engine.type_of(only.value)
    if function is None or value.kind not in ("tensor", None):
        return None
    name = f"{cache.attr.removesuffix('_cache')}_value"
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript) and ast.unparse(node) == ast.unparse(target):
            writer.engine.remember(node, name)
    return writer.with_comment(statement, f"{name} = {writer.engine.expression(only.value)}")


def converted_constant(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`self.mean = self.mean.type_as(pixel_values)` in a call: a local of that type, read from there on."""
    function = writer.engine.function_of(statement)
    if not isinstance(statement, ast.Assign) or function is None or function.name == "__init__":
        return None
    target, value = statement.targets[0], statement.value
    is_conversion = (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in ("type_as", "to")
    )
    if not is_conversion or not isinstance(target, ast.Attribute) or ast.unparse(target.value) != "self":
        return None
    if ast.unparse(value.func.value) != ast.unparse(target):  # type: ignore[attr-defined]
        return None
    as_local(writer, statement, target.attr, target.attr)
    return writer.with_comment(statement, f"{target.attr} = {writer.engine.expression(value)}")
