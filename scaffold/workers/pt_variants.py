"""Find configuration values that choose between branches of a modelling file.

Source of truth: the file's own conditions: what it compares with configuration attributes, and the yes/no ones it tests.
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
        "pretraining_tp",
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
    """One changed configuration value and the top-level class whose code asks for it.

    `length` is the number of tokens with which the other branch works, where the condition compares two sizes.
    """

    name: str
    value: Any
    owner: str
    length: int | None = None

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


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _across(current: float, operator: ast.cmpop, limit: float) -> float | None:
    """A value on the other side of `current operator limit`; None for operators without sides."""
    step = 1 if isinstance(current, int) and isinstance(limit, int) else 0.1
    if isinstance(operator, (ast.Eq, ast.NotEq)):
        return limit + step if current == limit else limit
    if isinstance(operator, ast.Gt):
        return limit if current > limit else limit + step
    if isinstance(operator, ast.GtE):
        return limit - step if current >= limit else limit
    if isinstance(operator, ast.Lt):
        return limit if current < limit else limit - step
    if isinstance(operator, ast.LtE):
        return limit + step if current <= limit else limit
    return None


class _Finder:
    """Reads the conditions of one top-level statement."""

    def __init__(self, statement: ast.stmt, values: Mapping[str, Any]) -> None:
        self._statement = statement
        self._owner = str(getattr(statement, "name", ""))
        self._values = values
        self._aliases = dict(self._assigned())

    def _assigned(self) -> Iterator[tuple[str, str]]:
        """`self.a = config.b` makes `a` another name of `b`."""
        for node in ast.walk(self._statement):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Attribute):
                source = _attribute(node.value) if isinstance(node.value, (ast.Attribute, ast.Call)) else None
                if source in self._values and source is not None:
                    yield node.targets[0].attr, source

    def _name(self, node: ast.AST) -> str | None:
        name = _attribute(node)
        if name is None:
            return None
        name = name if name in self._values else self._aliases.get(name)
        return None if name is None or name in _IGNORED else name

    def flags(self) -> Iterator[Flag]:
        """All changes that conditions of this statement suggest."""
        for node in ast.walk(self._statement):
            if isinstance(node, ast.Compare) and len(node.ops) == 1:
                yield from self._compared(node.left, node.ops[0], node.comparators[0])
            elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
                for name in self._tested(node.test):
                    if isinstance(self._values[name], bool):
                        yield Flag(name, not self._values[name], self._owner)

    def _compared(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Iterator[Flag]:
        name, other = self._name(left), self._name(right)
        if name is None:
            return
        current = self._values[name]
        if current is None or isinstance(current, str):
            for text in _strings(right):
                if text != current:
                    yield Flag(name, text, self._owner)
        if isinstance(operator, ast.Is) and isinstance(right, ast.Constant) and right.value is None:
            if name.endswith("token_id") and current is not None:
                yield Flag(name, None, self._owner)
        elif isinstance(right, ast.Constant) and _number(right.value) and _number(current):
            value = _across(current, operator, right.value)  # type: ignore[arg-type]
            if value is not None and not (name == "num_labels" and value != 1):
                yield Flag(name, value, self._owner)
        elif other is not None and _whole(current) and _whole(self._values[other]) and isinstance(operator, ast.Eq):
            size = self._values[other]
            yield Flag(name, max(1, size // 2) if current == size else size, self._owner, size)

    def _tested(self, node: ast.AST) -> Iterator[str]:
        """Attributes whose truth a condition uses."""
        if isinstance(node, ast.BoolOp):
            for value in node.values:
                yield from self._tested(value)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield from self._tested(node.operand)
        elif isinstance(node, (ast.Attribute, ast.Call)):
            name = self._name(node)
            if name is not None:
                yield name


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def find_flags(source: str | bytes, values: Mapping[str, Any]) -> list[Flag]:
    """Changes of the configuration's values that could reach other code, in source order, each once."""
    found: dict[tuple[str, str], Flag] = {}
    for flag in _all_flags(source, values):
        found.setdefault((flag.name, repr(flag.value)), flag)
    return list(found.values())


def flags_of_others(source: str | bytes, values: Mapping[str, Any]) -> list[Flag]:
    """The switches (yes or no) that more than one class asks for, for the others: a head has its own branch behind one."""
    first = find_flags(source, values)
    known = {(flag.name, flag.value, flag.owner) for flag in first if isinstance(flag.value, bool)}
    others = (flag for flag in _all_flags(source, values) if isinstance(flag.value, bool))
    return list(dict.fromkeys(flag for flag in others if (flag.name, flag.value, flag.owner) not in known))


def _all_flags(source: str | bytes, values: Mapping[str, Any]) -> Iterator[Flag]:
    for statement in ast.parse(source).body:
        if isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
            yield from _Finder(statement, values).flags()
