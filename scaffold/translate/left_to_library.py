"""What a class leaves to the library's own classes and decorators, and no rule of `core.longhand` wrote out.

A TensorFlow class has neither, so such a class is marked: its methods or its outputs would be missing without a word.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from scaffold.core import longhand
from scaffold.core.diagnostics import Diagnostic
from scaffold.translate import markers
from scaffold.translate.classes import Category, ClassInfo

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine

_HEADS = re.compile(r"transformers\.modeling_layers\.Generic\w+")
_ADVICE = "write it out in the PyTorch file, as older models do"


def mark(engine: Engine, info: ClassInfo, lines: list[str]) -> list[str]:
    """The class's lines with a marker for each such base and decorator, and with a body."""
    if info.category is not Category.MODEL:
        return lines
    known = len(engine.diagnostics)
    for base, node in zip(info.bases, info.node.bases, strict=True):
        if _HEADS.fullmatch(base):
            why = "the head's layers and its forward are the library's"
            engine.diagnose("TFP133", ast.unparse(node), why, node, _ADVICE)
    forward = info.methods.get("forward")
    for decorator in forward.decorator_list if forward is not None else ():
        name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if name in longhand.RECORDING:
            why = "hidden states and attention weights are taken by hooks"
            engine.diagnose("TFP133", name, why, decorator, _ADVICE)
    return _with(lines, info, engine.diagnostics[known:])


def _with(lines: list[str], info: ClassInfo, found: list[Diagnostic]) -> list[str]:
    """The markers in front of the body of the class that stands for `info`, the last one in `lines`."""
    if not found:
        return lines
    header = max(i for i, line in enumerate(lines) if re.match(rf"class {info.tf_name}\b", line))
    body = [f"    {line}" for one in found for line in markers.write(one)]
    rest = lines[header + 1 :] if any(line.strip() for line in lines[header + 1 :]) else ["    pass"]
    return [*lines[: header + 1], *body, *rest]
