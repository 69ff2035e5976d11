"""What a class leaves to the library: to its classes and decorators, where no rule of `core.longhand` wrote them out, and to its
choice of an attention.

A TensorFlow class has neither, so such a class is marked: its methods or its outputs would be missing without a word.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from scaffold.core import longhand
from scaffold.core.diagnostics import Diagnostic, Severity
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
    _other_attention(engine, info)
    return _with(lines, info, [d for d in engine.diagnostics[known:] if d.severity is Severity.ERROR])


def _other_attention(engine: Engine, info: ClassInfo) -> None:
    """An attention that PyTorch takes by default and that computes something else than the eager one, as the probe saw.

    Where only a changed configuration shows it, the port is right for the usual one: that is reported, not marked.
    """
    probed = engine.types.classes.get(info.name)
    for variant, apart in sorted(probed.other_attention.items()) if probed is not None else ():
        is_usual = variant == "base"
        where = "" if is_usual else f" with {variant.removeprefix('flag-')}"
        why = f"PyTorch's default attention{where} is {apart:.1e} off its eager one, which the port follows"
        advice = 'compare with attn_implementation="eager"'
        engine.diagnose("TFP134", info.name, why, info.node, advice, Severity.ERROR if is_usual else Severity.WARNING)


def _with(lines: list[str], info: ClassInfo, found: list[Diagnostic]) -> list[str]:
    """The markers in front of the body of the class that stands for `info`, the last one in `lines`."""
    if not found:
        return lines
    header = max(i for i, line in enumerate(lines) if re.match(rf"class {info.tf_name}\b", line))
    body = [f"    {line}" for one in found for line in markers.write(one)]
    rest = lines[header + 1 :] if any(line.strip() for line in lines[header + 1 :]) else ["    pass"]
    return [*lines[: header + 1], *body, *rest]
