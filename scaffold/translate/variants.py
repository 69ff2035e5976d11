"""Tables of classes: of attention implementations a port has the eager one, of other layers all that may be asked for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING

from scaffold.translate.truth import truth

if TYPE_CHECKING:
    from scaffold.translate.engine import Engine


def attention_variants(tree: ast.Module) -> dict[str, dict[str, str]]:
    """`X_ATTENTION_CLASSES = {"eager": A, "sdpa": B}` → {name: {"eager": "A", …}}."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            entries = {
                key.value: value.id
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and isinstance(value, ast.Name)
            }
            if "eager" in entries:
                found[node.targets[0].id] = entries
    return found


def eager_function(function: ast.FunctionDef | None, name: str, functions: Mapping[str, ast.FunctionDef]) -> str | None:
    """`attention = eager_forward`, then `if … != "eager": attention = TABLE[…]`: the file's function that a local stands for.

    None unless every other value is chosen under a condition that a port knows to be false.
    """
    found: list[str] = []
    for statement in function.body if function is not None else ():
        skipped = isinstance(statement, ast.If) and truth(statement.test) is False and not statement.orelse
        for node in () if skipped else ast.walk(statement):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if ast.unparse(target) == name:
                    found.append(node.value.id if isinstance(node.value, ast.Name) else "")
    return found[0] if len(found) == 1 and found[0] in functions else None


def class_tables(tree: ast.Module, classes: Container[str]) -> dict[str, str]:
    """`PROMPTERS = {"pad": A, "downpad": B}`, all of them classes of the file → the first, for what all are alike in.

    Of attention implementations it is the eager one.
    """
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            names = [value.id if isinstance(value, ast.Name) else "" for value in node.value.values]
            if names and all(name in classes for name in names):
                found[node.targets[0].id] = names[0]
    return found | {name: entries["eager"] for name, entries in attention_variants(tree).items()}


def alternatives(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """`BLOCK_CLASSES = {"attention": A, "recurrent": B}` → its classes, of tables of this file's classes that are no variants."""
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            names = [value.id for value in node.value.values if isinstance(value, ast.Name)]
            if names and len(names) == len(node.value.values) and set(names) <= classes:
                found[node.targets[0].id] = tuple(names)
    return {name: names for name, names in found.items() if name not in attention_variants(tree)}


def layer_tables(tree: ast.Module, qualname: Callable[[ast.expr], str | None]) -> dict[str, dict[str, ast.expr]]:
    """`NORMS = {"layer_norm": nn.LayerNorm, "none": NoNorm}`, torch's layers among them → key → the class as it is written."""
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            pairs = {k.value: v for k, v in zip(node.value.keys, node.value.values, strict=True) if _is_text(k)}  # type: ignore[union-attr]
            torch = [v for v in pairs.values() if (qualname(v) or "").startswith("torch.nn.")]
            own = [v for v in pairs.values() if isinstance(v, ast.Name) and v.id in classes]
            if torch and len(torch) + len(own) == len(node.value.keys):
                found[node.targets[0].id] = pairs
    return found


def _is_text(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Constant) and isinstance(key.value, str)


def chosen(value: ast.expr, tables: Mapping[str, Mapping[str, ast.expr]]) -> ast.expr | None:
    """`NORMS[config.norm](size)` as `nn.LayerNorm(size) if config.norm == "layer_norm" else NoNorm(size)`.

    The conditions have no place in the source: `condition` writes them.
    """
    place = value.func if isinstance(value, ast.Call) else None
    is_choice = isinstance(place, ast.Subscript) and isinstance(place.value, ast.Name)
    if not is_choice or not isinstance(place, ast.Subscript) or not isinstance(value, ast.Call):
        return None
    table = tables.get(ast.unparse(place.value))
    if table is None:
        return None
    made = {k: ast.copy_location(ast.Call(layer, value.args, value.keywords), value) for k, layer in table.items()}
    if isinstance(place.slice, ast.Constant):
        return made.get(str(place.slice.value))
    *first, (_, result) = made.items()
    for key, call in reversed(first):
        test = ast.Compare(place.slice, [ast.Eq()], [ast.Constant(key)])
        result = ast.copy_location(ast.IfExp(test, call, result), value)  # type: ignore[assignment]
    return result


def condition(engine: Engine, test: ast.expr) -> str:
    """The text of a choice's condition."""
    return engine.expression(test) if hasattr(test, "lineno") else ast.unparse(test)


def put_in(engine: Engine, made: ast.expr, place: ast.expr) -> ast.expr:
    """An expression that was made for the place of another has its surroundings."""
    parents = engine.source.parents
    parents[made] = parents[place]
    for node in ast.walk(made):
        parents |= {child: node for child in ast.iter_child_nodes(node) if child not in parents}
    return made
