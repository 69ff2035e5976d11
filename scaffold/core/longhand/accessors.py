"""`get_input_embeddings` and its like written out, which the library's base class finds by the names of attributes since 4.54.

Source: `EmbeddingAccessMixin` in `modeling_utils.py`.
"""

from __future__ import annotations

import ast

from scaffold.core.longhand.modules import is_model, members_of
from scaffold.core.longhand.splice import Edit, Source, bases, method

#: What a tree has whose base class finds the embeddings.
MIXIN = "class EmbeddingAccessMixin"
_OUTPUT = "lm_head"


def written_out(source: Source) -> Source:
    """The module with these methods in the models that have an output layer, or the embeddings themselves."""
    return source.edited(edit for node in source.classes.values() for edit in _methods(source, node))


def _methods(source: Source, node: ast.ClassDef) -> list[Edit]:
    init, embeddings = method(node, "__init__"), _embeddings(source, node)
    if init is None or embeddings is None or not is_model(source, node):
        return []
    own = embeddings.count(".") == 1  # a model that holds them itself, and that others ask
    places = {"output": f"self.{_OUTPUT}"} if _OUTPUT in members_of(node) else {}
    places |= {"input": embeddings} if places or own else {}
    text = ""
    for kind, place in places.items():
        if not any(_has(source, node, f"{verb}_{kind}_embeddings") for verb in ("get", "set")):
            text += f"\n    def get_{kind}_embeddings(self):\n        return {place}\n"
            text += f"\n    def set_{kind}_embeddings(self, value):\n        {place} = value\n"
    end = source.line_start((init.end_lineno or init.lineno) + 1)
    return [(end, end, text)] if text else []


def _embeddings(source: Source, node: ast.ClassDef) -> str | None:
    """Where a model's input embeddings are, in the order in which the library looks."""
    name = _attribute(source, node, "_input_embed_layer") or "embed_tokens"
    made = members_of(node)
    if name in made:
        return f"self.{name}"
    for member in dict.fromkeys(("model", _attribute(source, node, "base_model_prefix") or "model")):
        for inner in made.get(member, ()):
            below = (
                _embeddings(source, source.classes[inner]) if inner in source.classes and inner != node.name else None
            )
            if below is not None:
                return f"self.{member}.{below.removeprefix('self.')}"
    return None


def _attribute(source: Source, node: ast.ClassDef, name: str) -> str | None:
    """The text that a class or one of its bases gives an attribute."""
    for item in node.body:
        if (
            isinstance(item, ast.Assign)
            and ast.unparse(item.targets[0]) == name
            and isinstance(item.value, ast.Constant)
        ):
            return str(item.value.value)
    found = (_attribute(source, source.classes[b], name) for b in bases(node) if b in source.classes)
    return next((text for text in found if text is not None), None)


def _has(source: Source, node: ast.ClassDef, name: str) -> bool:
    inherited = (source.classes[base] for base in bases(node) if base in source.classes)
    return method(node, name) is not None or any(_has(source, base, name) for base in inherited)
