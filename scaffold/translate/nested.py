"""Lists of lists of sub-layers that are built with shapes of their own: the shapes lie beside them, in one flat list.

Source: translator.md §1.4 (a layer is built with the first arguments of PyTorch's constructor).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scaffold.translate import buildplan, mixed

if TYPE_CHECKING:
    from scaffold.translate.constructor import Constructor


def varies(constructor: Constructor, attr: str) -> bool:
    """True for a list of containers that are written out, whose layers are not all built alike."""
    child = constructor.info.children.get(attr)
    if child is None or not child.nested:
        return False
    inner = [next(iter(mixed.levels(constructor.engine, call)), None) for call in child.calls]
    if any(place is None or mixed.literal_items(constructor.engine, place) is None for place in inner):
        return False
    constructor.verbatim = True
    shapes = {buildplan.build_shape(constructor, call) for call in child.calls} - {None, "None"}
    constructor.verbatim = False
    return len(shapes) > 1


def plan(constructor: Constructor, attr: str, value: ast.expr) -> None:
    """Keep the shapes of what is written out here, and plan the build with those of all."""
    name = constructor.keras_name(attr)
    shapes = _all_shapes(constructor, value)
    if shapes:
        constructor.engine.extra_init.append(f"self.{name}_shapes = {shapes}")
    layers = f"[layer for layers in self.{name} for layer in layers]"
    buildplan.add(constructor.plan, buildplan.Built(name, "size", True, sizes=f"{name}_shapes", loop=layers))


def more(constructor: Constructor, attr: str, items: list[ast.expr]) -> list[str]:
    """The statement that keeps the shapes of containers which are added to such a list."""
    name = f"{constructor.keras_name(attr)}_shapes"
    shapes = ", ".join(shape for item in items for shape in _shapes(constructor, item))
    return [f'self.{name} = getattr(self, "{name}", []) + [{shapes}]']


def _shapes(constructor: Constructor, container: ast.expr) -> list[str]:
    """Shapes of the members of one container; False for what is not built."""
    items = mixed.literal_items(constructor.engine, container)
    return [buildplan.shape_here(constructor, item, "False") for _, item in items or ()]


def _all_shapes(constructor: Constructor, value: ast.expr) -> str:
    """Text of the list of all shapes: of containers that are written out, or that a comprehension makes."""
    only = value.args[0] if isinstance(value, ast.Call) and len(value.args) == 1 else value
    if isinstance(only, (ast.ListComp, ast.GeneratorExp)):
        loops = " ".join(
            f"for {ast.unparse(g.target)} in {constructor.engine.expression(g.iter)}" for g in only.generators
        )
        return f"[size {loops} for size in [{', '.join(_shapes(constructor, only.elt))}]]"
    items = mixed.literal_items(constructor.engine, value) or []
    shapes = [shape for _, item in items for shape in _shapes(constructor, item)]
    return f"[{', '.join(shapes)}]" if shapes else ""
