"""Rotary embeddings: 5.x keeps the default frequencies in each model, 4.x in the library's table of functions.

Source: `modeling_rope_utils.py` of both trees. 4.x's `@dynamic_rope_update` needs `self.rope_init_fn`.
"""

from __future__ import annotations

import ast

from scaffold.backport.refusal import refused
from scaffold.core.longhand.splice import Edit, Source, method

_ADVICE = "bring the rotary embedding over by hand, then run new-tf-model without --pytorch-from"
_DEFAULT = "compute_default_rope_parameters"


def adapted(source: Source) -> Source:
    """The module with its rotary embeddings as 4.x writes them, and the parameters read one by one."""
    edits: list[Edit] = []
    for found in [n for n in ast.walk(source.tree) if isinstance(n, ast.Subscript)]:
        if ast.unparse(found.value).endswith("rope_parameters") and not isinstance(found.slice, ast.Constant):
            why = "4.x has one set of parameters for all layers"
            raise refused(source.path, found.lineno, ast.unparse(found), why, _ADVICE)
    for node in source.classes.values():
        init = method(node, "__init__")
        if init is None or "ROPE_INIT_FUNCTIONS[" not in source.segment(init):
            continue
        local = [s for s in init.body if isinstance(s, ast.AnnAssign | ast.Assign) and _target(s) == "rope_init_fn"]
        if not local:
            raise refused(source.path, node.lineno, node.name, "chooses its frequencies in an unusual way", _ADVICE)
        edits += [
            source.replaced(n, "self.rope_init_fn")
            for n in ast.walk(init)
            if isinstance(n, ast.Name) and n.id == "rope_init_fn"
        ]
        for item in ast.walk(init):
            if isinstance(item, ast.Expr) and source.segment(item).startswith(
                'self.register_buffer("original_inv_freq"'
            ):
                edits.append(source.replaced(item, "self.original_inv_freq = self.inv_freq"))
    return source.edited(edits)


def _target(node: ast.AnnAssign | ast.Assign) -> str:
    return ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])
