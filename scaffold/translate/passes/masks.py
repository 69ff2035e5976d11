"""Masks that are documented as boolean and multiplied with: PyTorch promotes them, whichever of the tests' calls gave a float."""

from __future__ import annotations

import ast
import re

from scaffold.translate.names import optional_parameters
from scaffold.translate.writer import BlockWriter


def as_factors(writer: BlockWriter, function: ast.FunctionDef) -> list[str]:
    """First statements of a method that multiplies a tensor it is given with such a mask: the mask gets the tensor's dtype."""
    parameters = {a.arg for a in function.args.args}
    documented = re.findall(r"(\w+) \(`torch\.BoolTensor`", ast.get_docstring(function) or "")
    lines: list[str] = []
    for name in dict.fromkeys(n for n in documented if n in parameters):
        found = (node for node in ast.walk(function) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult))
        factors = [pair for pair in ((n.left, n.right) for n in found) if name in map(ast.unparse, pair)]
        mask = next((part for pair in factors for part in pair if ast.unparse(part) == name), None)
        beside = next((ast.unparse(p) for pair in factors for p in pair if ast.unparse(p) in parameters - {name}), None)
        if mask is None or beside is None or "bool" in (writer.engine.type_of(mask).dtype or ""):
            continue  # what the probe saw as boolean is cast where it is computed with
        cast = f"{name} = tf.cast({name}, {beside}.dtype)"
        optional = name in optional_parameters(function)
        lines += [f"if {name} is not None:", f"    {cast}"] if optional else [cast]
    return lines
