"""Buffers that a layer computes anew while it runs: the inverse frequencies of rotary embeddings that grow with the input.

PyTorch keeps the new value on the layer for the next call. A TensorFlow graph has no such memory, and the value follows from
the input alone, so it becomes a local.
"""

from __future__ import annotations

import ast

from scaffold.translate.classes import ClassInfo
from scaffold.translate.engine import Engine
from scaffold.translate.writer import BlockWriter

#: The method that computes the frequencies anew.
UPDATE = "_dynamic_frequency_update"
_BUFFER = "inv_freq"


def frequency_update(engine: Engine, info: ClassInfo) -> list[str] | None:
    """The method `_dynamic_frequency_update`, which returns the frequencies for a sequence length."""
    method = info.methods.get(UPDATE)
    if method is None or "self.rope_init_fn(" not in ast.unparse(method):
        return None
    keywords = ", **self.rope_kwargs" if "self.rope_kwargs" in ast.unparse(method) else ""
    return [
        f"def {UPDATE}(self, position_ids):",
        '    """The inverse frequencies for the longest sequence, those of the original length for shorter ones."""',
        "    seq_len = tf.reduce_max(position_ids) + 1",
        f"    {_BUFFER}, _ = self.rope_init_fn(self.config, seq_len=seq_len{keywords})",
        f"    return {_BUFFER}",
    ]


def dynamic_frequencies(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`if "dynamic" in self.rope_type: self._dynamic_frequency_update(…)`."""
    if not isinstance(statement, ast.If) or len(statement.body) != 1 or statement.orelse:
        return None
    only = statement.body[0]
    if not (isinstance(only, ast.Expr) and isinstance(only.value, ast.Call)):
        return None
    call = only.value
    info = writer.engine.class_of(statement)
    method = writer.engine.all_methods(info).get(UPDATE) if info is not None else None
    if ast.unparse(call.func) != f"self.{UPDATE}" or method is None or not call.args:
        return None
    if "self.rope_init_fn(" not in ast.unparse(method):
        return None
    as_local(writer, statement, _BUFFER, _BUFFER)
    test, positions = writer.header(statement.test), writer.engine.expression(call.args[0])
    return [f"{_BUFFER} = self.{_BUFFER}", f"if {test}:", f"    {_BUFFER} = self.{UPDATE}({positions})"]


def rebound_buffer(writer: BlockWriter, statement: ast.stmt) -> list[str] | None:
    """`self.inv_freq = …` in `forward`, where `inv_freq` is a buffer that no checkpoint holds."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Attribute):
        return None
    target = statement.targets[0]
    function = writer.engine.function_of(statement)
    if ast.unparse(target.value) != "self" or function is None or function.name != "forward":
        return None
    info = writer.engine.class_of(statement)
    if info is None or target.attr not in _temporary_buffers(writer.engine, info):
        return None
    as_local(writer, statement, target.attr, target.attr)
    return writer.with_comment(statement, f"{target.attr} = {writer.engine.expression(statement.value)}")


def _temporary_buffers(engine: Engine, info: ClassInfo) -> set[str]:
    """Buffers registered with `persistent=False` by a class or its bases in this file."""
    found: set[str] = set()
    for base in info.bases:
        if base in engine.classes:
            found |= _temporary_buffers(engine, engine.classes[base])
    for node in ast.walk(info.node):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.register_buffer" and node.args:
            temporary = any(k.arg == "persistent" and ast.unparse(k.value) == "False" for k in node.keywords)
            if temporary and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return found


def as_local(writer: BlockWriter, statement: ast.stmt, attr: str, name: str) -> None:
    """Read `self.attr` as a local from here on."""
    function = writer.engine.function_of(statement)
    for node in ast.walk(function) if function is not None else ():
        is_read = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr == attr
        if is_read and ast.unparse(node) == f"self.{attr}" and node.lineno > statement.lineno:  # type: ignore[attr-defined]
            writer.engine.remember(node, name)
