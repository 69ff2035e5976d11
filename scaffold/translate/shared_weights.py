"""Weights of sub-modules that a constructor takes from other modules (translator.md §1.2)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scaffold.translate.parameters import is_parameter

if TYPE_CHECKING:
    from scaffold.translate.constructor import Constructor


def assigned(constructor: Constructor, target: ast.Attribute, value: ast.expr) -> list[str]:
    """What a constructor says instead of `self.embed_tokens.weight = embed_tokens.weight`: it shares the layer.

    `self.decoder.bias = self.bias` is a tie (ties.py), so nothing is said.
    """
    if target.attr == "bias" and isinstance(value, ast.Call) and is_parameter(constructor.engine, value):
        return [f"{constructor.engine.expression(target.value)}.use_bias = True"]  # which Keras asks for in build()
    child = target.value
    is_weight = target.attr == "weight" and isinstance(value, ast.Attribute) and value.attr == "weight"
    if not is_weight or not isinstance(child, ast.Attribute):
        return []
    assert isinstance(value, ast.Attribute)
    if isinstance(value.value, ast.Name) and value.value.id in constructor.locals:
        constructor.plan.shared.add(constructor.keras_name(child.attr))
        own = constructor.info.children[child.attr].qualname if child.attr in constructor.info.children else None
        other = next((name for name in _handed(constructor, value.value.id) if own not in (None, name)), None)
        if other is not None:  # the weight is shared, and not what the layer does with it
            constructor.engine.diagnose(
                "TFP132",
                ast.unparse(target),
                f"this weight is shared with a layer of another class, {other.rpartition('.')[2]}",
                target,
                "give the layer the other's weight in build()",
            )
        return [f"self.{constructor.keras_name(child.attr)} = {value.value.id}"]
    is_tied = (constructor.info.name, child.attr) in constructor.engine.always_tied
    if not is_tied and child.attr not in constructor.engine.tied_attributes.get(constructor.info.name, {}):
        text = ast.unparse(target)
        constructor.engine.diagnose(
            "TFP132", text, "this weight is shared with another layer's", target, "share the layer itself"
        )
    return []


def _handed(constructor: Constructor, parameter: str) -> Iterator[str]:
    """Classes of the sub-modules that the file's own classes hand over for a parameter: `Encoder(config, self.shared)`."""
    engine, arguments = constructor.engine, [a.arg for a in constructor.function.args.args[1:]]
    for info in engine.classes.values():
        for call in (call for child in info.children.values() for call in child.calls):
            if engine.constructor_name(call) != constructor.info.name:
                continue
            given = {k.arg: k.value for k in call.keywords} | dict(zip(arguments, call.args, strict=False))
            value = given.get(parameter)
            child = info.children.get(value.attr) if isinstance(value, ast.Attribute) else None
            if child is not None and ast.unparse(value.value) == "self":  # type: ignore[union-attr]
                yield child.qualname
