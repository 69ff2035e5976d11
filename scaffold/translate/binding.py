"""Bind a call's arguments to a rule's parameters, and fill a rule's template."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache

from scaffold.translate.callsite import Arg, parenthesised
from scaffold.translate.rule import Unmapped

PLACEHOLDER = re.compile(r"\{(\w+)\}")


def bind(
    parameters: tuple[str, ...], positional: list[ast.expr], keywords: list[ast.keyword]
) -> tuple[dict[str, ast.expr], dict[str, list[ast.expr]]] | Unmapped:
    """Parameter → node, and varargs parameter → nodes. Unpacked arguments (`*args`, `**kwargs`) are refused,
    except `*x` that is all a varargs parameter gets."""
    bound: dict[str, ast.expr] = {}
    varargs: dict[str, list[ast.expr]] = {}
    remaining = list(positional)
    for parameter in parameters:
        if parameter.startswith("*"):
            varargs[parameter[1:]], remaining = remaining, []
        elif remaining:
            node = remaining.pop(0)
            if isinstance(node, ast.Starred):
                return Unmapped("TFP103", "arguments are unpacked from a variable", "write the arguments out")
            bound[parameter] = node
    if remaining:
        return Unmapped(
            "TFP102", f"takes {len(parameters)} arguments here, not more", "compare the call with torch's signature"
        )
    names = {p.lstrip("*") for p in parameters}
    for keyword in keywords:
        if keyword.arg is None:
            return Unmapped("TFP103", "arguments are unpacked from a dictionary", "write the arguments out")
        if keyword.arg not in names:
            return Unmapped(
                "TFP102", f"argument `{keyword.arg}` has no TensorFlow counterpart", "rewrite the call without it"
            )
        if f"*{keyword.arg}" in parameters:
            varargs[keyword.arg] = [keyword.value]
        else:
            bound[keyword.arg] = keyword.value
    return bound, varargs


@cache
def _positions(template: str) -> tuple[dict[str, bool], ast.expr]:
    """Placeholder → True when it stands where any expression may stand (an argument, an item), and the parsed template."""
    tree = ast.parse(PLACEHOLDER.sub(r"__\1__", template), mode="eval").body
    free: dict[str, bool] = {}
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            values = value if isinstance(value, list) else [value]
            for child in values:
                if isinstance(child, ast.Name) and child.id.startswith("__") and child.id.endswith("__"):
                    is_free = (
                        (isinstance(node, ast.Call) and name == "args")
                        or isinstance(node, (ast.keyword, ast.Tuple, ast.List, ast.Slice))
                        or (isinstance(node, ast.Subscript) and name == "slice")
                    )
                    key = child.id[2:-2]
                    free[key] = free.get(key, True) and is_free
    return free, tree


def fill(template: str, values: Mapping[str, Arg | str]) -> str:
    """Fill a template. A keyword argument whose placeholder has no value is left out; another one raises KeyError."""
    free, tree = _positions(template)
    text = template
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                names = [
                    n.id[2:-2] for n in ast.walk(keyword.value) if isinstance(n, ast.Name) and n.id.startswith("__")
                ]
                if any(name not in values for name in names):
                    text = re.sub(rf",?\s*\b{keyword.arg}=[^,()]*\{{{names[0]}\}}[^,()]*", "", text)
    text = text.replace("(, ", "(")

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        item = values[name]
        content = item if isinstance(item, str) else item.text
        return (
            content
            if free.get(name, False) or free == {name: False} and template == match.group(0)
            else parenthesised(content)
        )

    return PLACEHOLDER.sub(value, text)
