"""Signatures: what a function is given without a name.

Source: the attention functions of 4.48 and of 4.54; `unpack_inputs` in `modeling_tf_utils.py`, which knows `kwargs` by that name.
"""

from __future__ import annotations

import ast

from scaffold.core.longhand.modules import is_model, members
from scaffold.core.longhand.splice import Edit, Source, method


def untyped_options(source: Source) -> Source:
    """`**kwargs` of a module's functions without a type, as 4.48 has them: whatever an attention function is given is taken."""
    found = [n.args.kwarg for n in source.tree.body if isinstance(n, ast.FunctionDef) and n.args.kwarg is not None]
    return source.edited(source.replaced(a, a.arg) for a in found if a.annotation is not None)


def options_of_models(source: Source) -> Source:
    """`**loss_kwargs` that a model hands on to another one are its `**kwargs`, as the library's decorator calls them."""
    edits: list[Edit] = []
    for node in source.classes.values():
        forward = method(node, "forward")
        options = forward.args.kwarg if forward is not None else None
        if forward is None or options is None or options.arg == "kwargs" or not is_model(source, node):
            continue
        used = [n for n in ast.walk(forward) if isinstance(n, ast.Name) and n.id == options.arg]
        given = [n for n in ast.walk(forward) if isinstance(n, ast.Call) and any(k.value in used for k in n.keywords)]
        inner = members(node, [name for name, other in source.classes.items() if is_model(source, other)])
        if any(ast.unparse(n.func) in inner for n in given):
            hint = f": {source.segment(options.annotation)}" if options.annotation is not None else ""
            edits += [source.replaced(options, f"kwargs{hint}"), *(source.replaced(n, "kwargs") for n in used)]
    return source.edited(edits)
