"""The `try: if not is_tf_available(): …` blocks of `__init__` files: find one, read it, add to it, write one.

Source of the form: Transformers since df735d1317 (4.19). The older `if is_tf_available():` survives in a few model
`__init__` files and is added to where it stands.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scaffold.register.anchors import WIDTH, PythonFile, exactly_one
from scaffold.register.ordering import import_order, list_order

TF_TEST = "not is_tf_available()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One guarded block: the statement, and the statements that run when the backend is there."""

    node: ast.Try | ast.If
    body: list[ast.stmt]


def guard_test(node: ast.stmt) -> str:
    """The condition of a `try`-style guard as source (`not is_tf_available()`), empty for any other statement."""
    if isinstance(node, ast.Try) and node.orelse and len(node.body) == 1 and isinstance(node.body[0], ast.If):
        return ast.unparse(node.body[0].test)
    return ""


def tf_guards(body: Iterable[ast.stmt]) -> list[Guard]:
    """The blocks among `body` that need exactly TensorFlow and nothing else."""
    found = []
    for node in body:
        if isinstance(node, ast.Try) and guard_test(node) == TF_TEST:
            found.append(Guard(node=node, body=node.orelse))
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "is_tf_available()":
            found.append(Guard(node=node, body=node.body))
    return found


def type_checking(file: PythonFile) -> ast.If:
    """The module's `if TYPE_CHECKING:` statement."""
    found = [n for n in file.tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    return exactly_one(found, path=file.path, sought="`if TYPE_CHECKING:` statement")


def import_structure_key(node: ast.stmt) -> str | None:
    """`models.bert` for `_import_structure["models.bert"].extend(…)`, `.append(…)` or `= …`; None for others."""
    target: ast.expr | None = None
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute) and function.attr in ("extend", "append"):
            target = function.value
    if (
        isinstance(target, ast.Subscript)
        and isinstance(target.value, ast.Name)
        and isinstance(target.slice, ast.Constant)
    ):
        return str(target.slice.value) if target.value.id == "_import_structure" else None
    return None


def import_module_of(node: ast.stmt) -> str | None:
    """`modeling_tf_bert` of `from .modeling_tf_bert import …`; None for other statements."""
    return node.module if isinstance(node, ast.ImportFrom) and node.level == 1 else None


def names_in(node: ast.stmt) -> list[str]:
    """The names that an `_import_structure` statement or a `from … import` brings."""
    if isinstance(node, ast.ImportFrom):
        return [alias.name for alias in node.names]
    value: Any = node.value if isinstance(node, ast.Assign) else None
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        value = node.value.args[0]
    if isinstance(value, ast.Constant):
        return [str(value.value)]
    return [str(e.value) for e in getattr(value, "elts", []) if isinstance(e, ast.Constant)]


def extend_lines(key: str, names: Sequence[str], indent: str) -> list[str]:
    """`_import_structure[key].extend([...])`, one name a line; `.append` for a single name."""
    head = f'{indent}_import_structure["{key}"]'
    if len(names) == 1 and len(single := f'{head}.append("{names[0]}")') <= WIDTH:
        return [single]
    ordered = sorted(names, key=list_order)
    body = [f'{indent}        "{name}",' for name in ordered]
    return [f"{head}.extend(", f"{indent}    [", *body, f"{indent}    ]", f"{indent})"]


def assign_lines(key: str, names: Sequence[str], indent: str) -> list[str]:
    """`_import_structure[key] = [...]`, one name a line; on one line for a single name."""
    head = f'{indent}_import_structure["{key}"] = ['
    if len(names) == 1 and len(single := f'{head}"{names[0]}"]') <= WIDTH:
        return [single]
    return [head, *(f'{indent}    "{name}",' for name in sorted(names, key=list_order)), f"{indent}]"]


def import_lines(module: str, names: Sequence[str], indent: str, *, collapsed: bool = False) -> list[str]:
    """`from module import (…)`, one name a line; on one line for a single name.

    `collapsed`: on one line whenever it fits, as isort did it until 6f79d26442 (4.27).
    """
    head = f"{indent}from {module} import "
    ordered = sorted(names, key=import_order)
    if (collapsed or len(names) == 1) and len(line := head + ", ".join(ordered)) <= WIDTH:
        return [line]
    return [f"{head}(", *(f"{indent}    {name}," for name in ordered), f"{indent})"]


Writer = Callable[[Sequence[str]], list[str]]


def add_names(file: PythonFile, node: ast.stmt, names: Sequence[str], write: Writer) -> None:
    """Rewrite the statement so that it also brings `names`; nothing happens when it already does."""
    present = names_in(node)
    if set(names) - set(present):
        file.replace_node(node, write([*present, *(n for n in names if n not in present)]))


def add_sorted(
    file: PythonFile,
    body: Sequence[ast.stmt],
    key: str,
    key_of: Callable[[ast.stmt], str | None],
    lines: Sequence[str],
) -> None:
    """Put a statement among those of `body` that have a key, before the first greater one.

    A comment above the first keyed statement stays first; other comments stay with the statement below them.
    """
    keyed = [(k, node) for node in body if (k := key_of(node)) is not None]
    smaller = [node for k, node in keyed if k < key]
    if smaller:
        file.insert_after(smaller[-1] if keyed == sorted(keyed, key=lambda kn: kn[0]) else _before(keyed, key), lines)
    elif keyed:
        file.insert_before(keyed[0][1], lines)
    else:
        file.insert_after(body[-1], lines)


def _before(keyed: Sequence[tuple[str, ast.stmt]], key: str) -> ast.stmt:
    """In an unsorted block: the statement in front of the first one with a greater key."""
    greater = next((i for i, (k, _) in enumerate(keyed) if k > key), len(keyed))
    return keyed[max(greater - 1, 0)][1]
