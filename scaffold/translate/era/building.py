"""Layers that come into being when they are called, as before 050e0b44f6 (4.37), when loading began with `build()`.

A layer loses its explicit `build()` only where its own `call` is seen to call every sub-layer whatever the input: then Keras
makes the same weights under the same names. Elsewhere (cross-attention, shared embeddings, sub-layers that others call) the
explicit method stays, which those releases accept in a layer. A model has none at all: the library's `TFPreTrainedModel.build`,
or loading itself, calls the model on its dummy inputs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from scaffold.translate.era.splicing import Splicer, class_methods, first_line

_LOOPED = ("enumerate", "zip", "reversed", "list")


def implicit(text: str, *, models_build: bool) -> str:
    """The module without the explicit `build()` methods that calling makes superfluous.

    `models_build` tells whether the release's TFPreTrainedModel has a `build()` that a model with weights of its own ends with.
    """
    splicer = Splicer(text)
    classes = [node for node in splicer.tree.body if isinstance(node, ast.ClassDef)]
    models = model_classes(classes)
    for node in classes:
        methods = class_methods(node)
        build = methods.get("build")
        if build is None or not _is_explicit(build):
            continue
        if node.name in models or _built(build) <= _called(methods.get("call")):
            own = "super().build(input_shape)" if models_build or node.name not in models else "self.built = True"
            _rewrite(splicer, node, build, own)
    return splicer.text()


def model_classes(classes: Iterable[ast.ClassDef]) -> set[str]:
    """The classes that derive from TFPreTrainedModel; a class stands below those it derives from."""
    found: set[str] = set()
    for node in classes:
        bases = {ast.unparse(base) for base in node.bases}
        if bases & found or any(base.endswith("PreTrainedModel") for base in bases):
            found.add(node.name)
    return found


def _is_explicit(build: ast.FunctionDef) -> bool:
    return [a.arg for a in build.args.args] == ["self", "input_shape"] and any(
        isinstance(n, ast.If) and ast.unparse(n.test) == "self.built" for n in build.body
    )


def _built(build: ast.FunctionDef) -> set[str]:
    """The attributes that the method builds; `?` stands for what is not understood or shared, and is never called."""
    found: set[str] = set()
    for node in build.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) != "self.built":
            name = _guarded(node.test)
            found.add("?" if name is None else name)
            indexed = any(isinstance(n, ast.Subscript) and _attribute(n.value) for n in ast.walk(node))
            found |= {"?"} if indexed else set()
        elif isinstance(node, ast.For):
            found.add("?")
    return found


def _guarded(test: ast.expr) -> str | None:
    """`x` of `getattr(self, "x", None) is not None`; None for a test that asks more (a shared layer)."""
    call = test.left if isinstance(test, ast.Compare) else None
    if isinstance(call, ast.Call) and ast.unparse(call.func) == "getattr" and isinstance(call.args[1], ast.Constant):
        return str(call.args[1].value)
    return None


def _attribute(node: ast.AST) -> str | None:
    """`x` of `self.x`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return node.attr
    return None


def _called(call: ast.FunctionDef | None) -> set[str]:
    """The sub-layers that the method calls whatever its arguments are."""
    return _in_block(call.body, {})[0] if call is not None else set()


def _in_block(body: Iterable[ast.stmt], loops: dict[str, str]) -> tuple[set[str], bool]:
    """(what the statements call in any case, whether they may leave the method early)."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.If):
            found |= _in_expression(node.test, loops)
            first, second = _in_block(node.body, loops), _in_block(node.orelse, loops)
            found |= first[0] & second[0]
            if first[1] or second[1]:
                return found, True
        elif isinstance(node, ast.For):
            found |= _in_expression(node.iter, loops)
            inner, leaves = _in_block(node.body, {**loops, **_loop_targets(node)})
            found |= set() if leaves or _jumps(node) else inner
            if leaves:
                return found, True
        elif isinstance(node, ast.With):
            inner, leaves = _in_block(node.body, loops)
            found |= inner
            if leaves:
                return found, True
        elif isinstance(node, (ast.While, ast.Try)):
            return found, True
        else:
            found |= _in_expression(node, loops)
            if isinstance(node, (ast.Return, ast.Raise)):
                return found, True
    return found, False


def _jumps(node: ast.For) -> bool:
    return any(isinstance(n, (ast.Break, ast.Continue)) for n in ast.walk(node))


def _loop_targets(node: ast.For) -> dict[str, str]:
    """Loop variable → the attribute that holds the layers it runs over."""
    iterated = node.iter
    if isinstance(iterated, ast.Call) and ast.unparse(iterated.func) in _LOOPED:
        sources: list[ast.expr] = list(iterated.args)
        targets = node.target.elts if isinstance(node.target, ast.Tuple) else [node.target]
        if ast.unparse(iterated.func) == "enumerate":
            targets = targets[1:]
        pairs = list(zip(targets, sources, strict=False))
    else:
        pairs = [(node.target, iterated)]
    return {t.id: a for t, s in pairs if isinstance(t, ast.Name) and (a := _attribute(s)) is not None}


def _in_expression(node: ast.AST, loops: dict[str, str]) -> set[str]:
    """Calls of sub-layers in an expression, but for those that a condition may skip."""
    if isinstance(node, ast.IfExp):
        both = _in_expression(node.body, loops) & _in_expression(node.orelse, loops)
        return _in_expression(node.test, loops) | both
    if isinstance(node, ast.BoolOp):
        return _in_expression(node.values[0], loops)
    if isinstance(node, (ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp, ast.FunctionDef)):
        return set()
    found: set[str] = set()
    if isinstance(node, ast.Call):
        attribute = _attribute(node.func)
        if attribute is not None:
            found.add(attribute)
        elif isinstance(node.func, ast.Name) and node.func.id in loops:
            found.add(loops[node.func.id])
    for child in ast.iter_child_nodes(node):
        found |= _in_expression(child, loops)
    return found


def _rewrite(splicer: Splicer, owner: ast.ClassDef, build: ast.FunctionDef, last: str) -> None:
    """Keep what makes weights of the layer's own and end with `last`; without any, drop the method."""
    end = build.end_lineno or build.lineno
    guard = next(n for n in build.body if isinstance(n, ast.If) and ast.unparse(n.test) == "self.built")
    weights = [n for n in build.body if n.lineno < guard.lineno]
    if weights:
        indent = " " * (build.col_offset + 4)
        splicer.replace_lines(guard.lineno, end, [f"{indent}{last}"])
    elif len(owner.body) > 1:
        splicer.drop_lines(first_line(build), end)
