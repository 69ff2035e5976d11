"""`for expert in (mask.sum(…) > 0).nonzero()`: a loop over the experts that have work, as one over all, as before 4.53.

An expert without work changes nothing, and the number of rounds is known before the model runs.
"""

from __future__ import annotations

import ast
import re

from scaffold.core.longhand.splice import Edit, Source

#: The experts whose row of a mask, (experts, …), is not empty.
_HIT = re.compile(r"torch\.greater\((?P<mask>\w+)\.sum\(dim=\(-1, -2\)\), 0\)\.nonzero\(\)")


def written_out(source: Source) -> Source:
    """The module with such loops over all experts."""
    edits: list[Edit] = []
    for function in [n for n in ast.walk(source.tree) if isinstance(n, ast.FunctionDef)]:
        hits = {
            ast.unparse(n.targets[0]): (n, found["mask"])
            for n in ast.walk(function)
            if isinstance(n, ast.Assign) and (found := _HIT.fullmatch(ast.unparse(n.value))) is not None
        }
        for loop in [n for n in ast.walk(function) if isinstance(n, ast.For)]:
            name = ast.unparse(loop.iter).removesuffix("[:]")
            if name in hits and isinstance(loop.target, ast.Name):
                edits += _over_all(source, loop, loop.target.id, *hits[name])
    return source.edited(edits)


def _over_all(source: Source, loop: ast.For, index: str, made: ast.Assign, mask: str) -> list[Edit]:
    """Nothing where the index is used otherwise than for a module of a list and a row of the mask."""
    used = [n for n in ast.walk(loop) if isinstance(n, ast.Subscript) and ast.unparse(n.slice) == index]
    lists = {ast.unparse(n.value) for n in used} - {mask}
    reads = [n for n in ast.walk(loop) if isinstance(n, ast.Name) and n.id == index and n is not loop.target]
    if len(lists) != 1 or len(reads) != len(used) or not next(iter(lists)).startswith("self."):
        return []
    edits = [source.without_lines(made), source.replaced(loop.iter, f"range(len({lists.pop()}))")]
    for node in ast.walk(loop):
        if isinstance(node, ast.Call) and ast.unparse(node) == f"{mask}[{index}].squeeze(0)":
            edits.append(source.replaced(node, f"{mask}[{index}]"))  # the index was a tensor of one number
    return edits
