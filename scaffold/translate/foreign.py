"""Parts that are classes of another model's file, of which the library has a TensorFlow twin that a person wrote.

Their weights are named after the part's place, their calls have the arguments that the twin knows.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.translate.classes import Child
    from scaffold.translate.engine import Engine

#: Modules of the library that hold such classes.
MODULE = re.compile(r"transformers\.models\.(\w+)\.modeling_(?!tf_)(\w+)")
_MODULE_AND_NAME = re.compile(rf"{MODULE.pattern}\.(\w+)")


def is_foreign(qualname: str | None) -> bool:
    """True for the qualified name of a class of another model's file."""
    return _MODULE_AND_NAME.fullmatch(qualname or "") is not None


@lru_cache(maxsize=64)
def _arguments(text: str, name: str, method: str) -> dict[str, str] | None:
    """Parameters of a class's method with their default values as text; None for a class or method that is not there."""
    classes = {n.name: n for n in ast.parse(text).body if isinstance(n, ast.ClassDef)}
    while name in classes:
        function = next((n for n in classes[name].body if isinstance(n, ast.FunctionDef) and n.name == method), None)
        if function is not None:
            names = [a.arg for a in function.args.args]
            values = [""] * (len(names) - len(function.args.defaults)) + [
                ast.unparse(d) for d in function.args.defaults
            ]
            found = dict(zip(names, values, strict=True))
            return found if function.args.kwarg is None else found | {"**": ""}
        name = next((ast.unparse(b) for b in classes[name].bases if ast.unparse(b) in classes), "")
    return None


def construct(engine: Engine, node: ast.Call, func: ast.Name) -> str | None:
    """`TextModel(config.text_config)` with the name of its place; None for any other call."""
    from scaffold.translate.operators import write_call

    if engine.layer_name is None or func.id not in engine.renames or not is_foreign(engine.constructor_name(node)):
        return None
    return write_call(engine, node, engine.renames[func.id], (f"name={engine.layer_name}",))


def call(engine: Engine, node: ast.Call, text: str, child: Child | None) -> str | None:
    """A call of such a part: without arguments that its twin lacks, where they have PyTorch's default value."""
    from scaffold.translate.operators import write_call

    found = _MODULE_AND_NAME.fullmatch(child.qualname if child is not None else "")
    if found is None:
        return None
    folder, stem, name = found.groups()
    known = _arguments(engine.library_text(f"models/{folder}/modeling_tf_{stem}.py"), f"TF{name}", "call")
    if known is None:
        return None
    defaults = _arguments(engine.library_text(f"models/{folder}/modeling_{stem}.py"), name, "forward") or {}
    kept = [
        k
        for k in node.keywords
        if k.arg is None or k.arg in known or "**" in known or defaults.get(k.arg) != ast.unparse(k.value)
    ]
    shorter = ast.copy_location(ast.Call(node.func, node.args, kept), node)
    engine.source.parents[shorter] = engine.source.parents[node]
    return write_call(engine, shorter, text, ("training=training",) if "training" in known else ())


def loaded(engine: Engine, node: ast.Call) -> str | None:
    """`decoder = AutoModel.from_pretrained(…)` of a part in a class method: its weights are named after its place."""
    from scaffold.translate.operators import write_call

    statement, function, owner = engine.parent(node), engine.function_of(node), engine.class_of(node)
    is_loading = isinstance(node.func, ast.Attribute) and node.func.attr == "from_pretrained"
    if not is_loading or not isinstance(statement, ast.Assign) or function is None or owner is None:
        return None
    target, name = statement.targets[0], ast.unparse(statement.targets[0])
    in_class = any(ast.unparse(d) == "classmethod" for d in function.decorator_list)
    if not in_class or not isinstance(target, ast.Name) or name not in owner.children:
        return None
    return write_call(engine, node, engine.expression(node.func), (f'name="{name}"',))
