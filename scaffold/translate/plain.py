"""Classes that are neither layers nor models: they stay what they are, their methods in TensorFlow's terms."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.translate import signature
from scaffold.translate.classes import ClassInfo
from scaffold.translate.writer import indented, stripped

if TYPE_CHECKING:
    from scaffold.translate.emit import ClassWriter


def plain_class(writer: ClassWriter, info: ClassInfo) -> list[str]:
    """The class with its fields, values and methods, a dataclass as one; torch's distributions it derives from are emitted."""
    engine = writer.engine
    body = writer.class_docstring(info)
    for node in info.node.body:
        if isinstance(node, ast.AnnAssign):
            value = f" = {engine.expression(node.value)}" if node.value is not None else ""
            kind = signature.annotation(engine, node.annotation) or "tf.Tensor"
            body.append(f"{ast.unparse(node.target)}: {kind}{value}")
        elif isinstance(node, ast.Assign) and info.bases:
            body.append(engine.splice(node))
    for function in info.methods.values():
        body += ["", *writer.method(info, function, public=False)]
    is_record = any("dataclass" in ast.unparse(d) for d in info.node.decorator_list)
    bases = ", ".join(engine.expression(base) for base in info.node.bases)
    head = f"class {info.name}({bases}):" if bases else f"class {info.name}:"
    return [*(["@dataclass"] if is_record else []), head, *indented(stripped(body) or ["pass"])]
