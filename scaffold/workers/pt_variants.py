"""Find configuration values that choose between branches of a modelling file.

Source of truth: the file's own conditions: compared strings and tested yes/no attributes that the configuration has.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: Not architecture: what a call returns, what training does, or what the other variants cover.
_IGNORED = frozenset(
    (
        "add_cross_attention",
        "gradient_checkpointing",
        "is_decoder",
        "is_encoder_decoder",
        "model_type",
        "output_attentions",
        "output_hidden_states",
        "return_dict",
        "tie_word_embeddings",
        "torchscript",
        "training",
        "use_cache",
        "use_return_dict",
        "_attn_implementation",
    )
)


@dataclass(frozen=True)
class Flag:
    """One changed configuration value and the top-level class whose code asks for it."""

    name: str
    value: Any
    owner: str

    @property
    def variant(self) -> str:
        """Name of the variant's folder."""
        text = "".join(c if c.isalnum() or c in "_-." else "_" for c in str(self.value))
        return f"flag-{self.name}={text}"


def _attribute(node: ast.AST) -> str | None:
    """The configuration attribute an expression may read: `config.x`, `self.x`, `getattr(config, "x", …)`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "getattr"
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
    ):
        return str(node.args[1].value)
    return None


def _strings(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return [text for item in node.elts for text in _strings(item)]
    return []


def _compared(node: ast.Compare) -> Iterator[tuple[str, Any]]:
    sides = [node.left, *node.comparators]
    names = [name for side in sides if (name := _attribute(side)) is not None]
    for text in (text for side in sides for text in _strings(side)):
        for name in names:
            yield name, text


def _tested(node: ast.AST) -> Iterator[str]:
    """Attributes whose truth a condition uses."""
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _tested(value)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield from _tested(node.operand)
    elif isinstance(node, (ast.Attribute, ast.Call)):
        name = _attribute(node)
        if name is not None:
            yield name


def _conditions(tree: ast.AST) -> Iterator[tuple[str, Any]]:
    """(attribute, compared string) and (attribute, None) for tested ones."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from _compared(node)
        elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
            for name in _tested(node.test):
                yield name, None


def find_flags(source: str | bytes, values: Mapping[str, Any]) -> list[Flag]:
    """Changes of the configuration's values that could reach other code, in source order, each once."""
    found: dict[tuple[str, Any], Flag] = {}
    for statement in ast.parse(source).body:
        owner = getattr(statement, "name", "")
        for name, text in _conditions(statement):
            if name in _IGNORED or name not in values:
                continue
            current = values[name]
            if text is None and isinstance(current, bool):
                found.setdefault((name, not current), Flag(name, not current, owner))
            elif text is not None and (current is None or isinstance(current, str)) and text != current:
                found.setdefault((name, text), Flag(name, text, owner))
        if owner and values.get("num_labels", 0) not in (None, 0, 1) and "num_labels == 1" in ast.unparse(statement):
            found.setdefault(("num_labels", 1), Flag("num_labels", 1, owner))
    return list(found.values())
