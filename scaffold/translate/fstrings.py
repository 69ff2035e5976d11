"""F-strings: what stands in their braces is translated like any other expression."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine


def translated(engine: Engine, node: ast.JoinedStr) -> str:
    """The f-string's text; positions inside are exact only from Python 3.12 on, so values are rendered from re-parsed text."""
    text = engine.source.segment(node)
    for value in ast.walk(node):
        if isinstance(value, ast.FormattedValue):
            before = ast.unparse(value.value)
            after = engine.snippet(_renamed(engine, value.value)).replace('"', "'").replace("\\", r"\\")
            text = re.sub(r"(?<!\{)((?:\{\{)*\{)" + re.escape(before) + r"(?=[=!:}])", rf"\g<1>{after}", text)
    return text


def _renamed(engine: Engine, value: ast.expr) -> str:
    """The text of a value with the names that its objects' attributes have in the port, which a text alone does not tell."""
    text = ast.unparse(value)
    for part in ast.walk(value):
        owner = engine.owner_of(part.value) if isinstance(part, ast.Attribute) else None
        if isinstance(part, ast.Attribute) and owner is not None and part.attr in owner.attribute_names:
            new = f"{ast.unparse(part.value)}.{owner.attribute_names[part.attr]}"
            text = re.sub(rf"\b{re.escape(ast.unparse(part))}\b", new, text)
    return text
