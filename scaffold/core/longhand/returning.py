"""`@can_return_tuple` written out: `return_dict` is a parameter, as it was before 4.51 and as TensorFlow's models have it.

Source: `utils/generic.py` since 4.51 (`can_return_tuple`); `modeling_tf_utils.py` (`booleans_processing`), which asks every model
for it.
"""

from __future__ import annotations

import ast

from scaffold.core.longhand.modules import is_model, members_of
from scaffold.core.longhand.splice import Edit, Source, called, first_statement, method, with_keywords

_DECORATOR = "can_return_tuple"
_NAME = "model_output"


def written_out(source: Source) -> Source:
    """The module without the decorator on its models."""
    found = {name: f for name, node in source.classes.items() if (f := _decorated(source, node)) is not None}
    edits: list[Edit] = []
    for name, forward in found.items():
        edits += _signature(source, forward)
        edits += [edit for node in ast.walk(forward) if isinstance(node, ast.Return) for edit in _return(source, node)]
        inner = {f"self.{m}" for m, made in members_of(source.classes[name]).items() if made & set(found)}
        edits += [
            edit
            for node in ast.walk(forward)
            if isinstance(node, ast.Call) and ast.unparse(node.func) in inner
            for edit in with_keywords(source, node, {"return_dict": "True"})  # a model inside gives its output object
        ]
    return source.edited(edits)


def _decorated(source: Source, node: ast.ClassDef) -> ast.FunctionDef | None:
    forward = method(node, "forward")
    if forward is None or not is_model(source, node):
        return None
    return forward if any(called(d) == _DECORATOR for d in forward.decorator_list) else None


def _signature(source: Source, forward: ast.FunctionDef) -> list[Edit]:
    edits = [source.without_decorator(d) for d in forward.decorator_list if called(d) == _DECORATOR]
    if not any(a.arg == "return_dict" for a in (*forward.args.args, *forward.args.kwonlyargs)):
        hint = source.optional("bool")
        if forward.args.kwarg is not None:
            at, text = source.span(forward.args.kwarg)[0] - 2, f"return_dict: {hint} = None, "
        else:
            ends = [source.span(a)[1] for a in forward.args.args] + [source.span(d)[1] for d in forward.args.defaults]
            at, text = max(ends), f", return_dict: {hint} = None"
        edits.append((at, at, text))
    line = "return_dict = return_dict if return_dict is not None else self.config.return_dict"
    return [*edits, source.before(first_statement(forward), [line])]


def _return(source: Source, node: ast.Return) -> list[Edit]:
    value = node.value
    if isinstance(value, ast.Name):
        return [source.before(node, ["if not return_dict:", f"    return {value.id}.to_tuple()"])]
    if not isinstance(value, ast.Call):
        return []
    margin = " " * node.col_offset
    after = ["", "if not return_dict:", f"    return {_NAME}.to_tuple()", f"return {_NAME}"]
    (start, end), (head, tail) = source.span(node), source.span(value)
    return [(start, head, f"{_NAME} = "), (tail, end, f"\n{margin}".join(after))]
