"""`router_logits` that a model records: they go beside the attention weights, from the routed layers to the loop.

Source: `check_model_inputs` in `utils/generic.py` since 4.54, `mixtral` and `qwen2_moe` of 4.47 for the older style. Runs on what
`recording` has written, whose names it finds again.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from scaffold.core.longhand import collecting
from scaffold.core.longhand.modules import loops, members
from scaffold.core.longhand.splice import Edit, Source, Unclear, called, first_statement, forward_of, with_keywords

KEY = "router_logits"
_FLAG = f"output_{KEY}"
_ALL = f"all_{KEY}"


def collected(source: Source, models: dict[str, str]) -> Source:
    """The module with router logits collected. `models`: model → the class that returns them at index 1."""
    for model, router in models.items():
        node = source.classes[model]
        between = [
            name
            for name, other in source.classes.items()
            if name not in models and members(other, {router}) and loops(source, node, {name})
        ]
        if len(between) != 1:
            raise _unclear(source, node)
        layer = source.classes[between[0]]
        edits = [*_layer(source, layer, router), *_model(source, node, layer.name)]
        source = source.edited(edits)
    return source


def _unclear(source: Source, node: ast.ClassDef) -> Exception:
    return Unclear(source.path, node.lineno, node.name, "how its router logits reach the model is not clear")


def _layer(source: Source, node: ast.ClassDef, router: str) -> list[Edit]:
    """A layer takes the logits from its routed part and returns them last; None where a layer has no such part."""
    forward = forward_of(source, node)
    inner = members(node, {router})
    taken = [
        s
        for s in forward.body
        if isinstance(s, ast.Assign) and isinstance(s.value, ast.Call) and ast.unparse(s.value.func) in inner
    ]
    returned = [n for n in ast.walk(forward) if isinstance(n, ast.Return) and isinstance(n.value, ast.Tuple)]
    if len(taken) != 1 or not returned:
        raise _unclear(source, node)
    places = _places(forward, taken[0])
    if len(places) != 1:
        raise _unclear(source, node)
    edits = [source.replaced(places[0], KEY), source.before(first_statement(forward), [f"{KEY} = None"])]
    for item in returned:
        assert isinstance(item.value, ast.Tuple)
        end = source.span(item.value.elts[-1])[1]
        edits.append((end, end, f", {KEY}"))
    return edits


def _places(forward: ast.FunctionDef, taken: ast.Assign) -> list[ast.expr]:
    """`_` in `x, _ = self.moe(x)`, or in the `x, _ = x` that follows `x = self.mlp(x)` where x may be a tuple."""
    target = taken.targets[0]
    if isinstance(target, ast.Tuple):
        return target.elts[1:]
    name = ast.unparse(target)
    blocks = [n for n in forward.body if isinstance(n, ast.If) and ast.unparse(n.test) == f"isinstance({name}, tuple)"]
    unpacked = [
        s.targets[0]
        for n in blocks
        for s in n.body
        if isinstance(s, ast.Assign) and ast.unparse(s.value) == name and isinstance(s.targets[0], ast.Tuple)
    ]
    return [place for one in unpacked for place in one.elts[1:]]


def _model(source: Source, node: ast.ClassDef, layer: str) -> list[Edit]:
    """The loop keeps what layers with a router give; the output holds it."""
    forward = forward_of(source, node)
    loop = loops(source, node, {layer})[0]
    calls = [s for s in ast.walk(loop) if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == "layer_outputs"]
    returned = [n.value for n in ast.walk(forward) if isinstance(n, ast.Return) and isinstance(n.value, ast.Call)]
    if len(calls) != 1 or not returned:
        raise _unclear(source, node)
    lines = [
        f"{_FLAG} = {_FLAG} if {_FLAG} is not None else self.config.{_FLAG}",
        f"{_ALL} = () if {_FLAG} else None",
    ]
    kept = [f"if {_FLAG} and layer_outputs[-1] is not None:", f"    {_ALL} += (layer_outputs[-1],)"]
    edits = [source.before(first_statement(forward), lines), source.after(calls[0], kept)]
    edits += collecting.parameters(source, forward, (_FLAG,))
    return [*edits, *(edit for call in returned for edit in with_keywords(source, call, {KEY: _ALL}))]


def router_of(key: str, value: ast.expr, classes: Collection[str]) -> str | None:
    """The class of `"router_logits": OutputRecorder(Block, index=1)`; None for anything else."""
    if key != KEY or not isinstance(value, ast.Call) or called(value) != "OutputRecorder" or len(value.args) != 1:
        return None
    index = {k.arg: ast.unparse(k.value) for k in value.keywords}
    name = ast.unparse(value.args[0])
    return name if index == {"index": "1"} and name in classes else None
