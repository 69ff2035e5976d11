"""What a file says in general, written out where it is used: constructor parameters that are a torch layer's class
(`norm_layer=nn.LayerNorm`), sub-layers that are called in turn (`for layer in self.children()`).

A Keras layer's constructor has other arguments, so the class cannot be handed on, and a Keras layer knows no `children`. Only
parameters that have one value in the whole file are written out. Lines are kept, since the probe's observations are found by
them.
"""

from __future__ import annotations

import ast
import re

_Edit = tuple[int, int, int, str]  # line, first column, end column (in bytes), text


def written_out(text: str) -> str:
    """The source with such parameters replaced; unchanged when there are none or it does not parse."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return text
    edits = _from_config(tree) + _children_in_turn(tree)
    for node in tree.body:
        init = _constructor(node)
        for parameter, default in _class_parameters(init) if init is not None else ():
            assert isinstance(node, ast.ClassDef) and init is not None
            calls = _calls(tree, node.name)
            given = [k.value for call in calls for k in call.keywords if k.arg == parameter.arg]
            if all(ast.unparse(value) == ast.unparse(default) for value in given):
                edits += _edits(init, parameter, default, calls)
    return _applied(text, edits)


def _from_config(tree: ast.Module) -> list[_Edit]:
    """`self.text_model = TextModel._from_config(config.text_config)` of a class of this file is its constructor's call."""
    own = {n.name for n in tree.body if isinstance(n, ast.ClassDef)}
    edits: list[_Edit] = []
    for node in ast.walk(tree):
        call = node.value if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute) else None
        func = call.func if isinstance(call, ast.Call) else None
        if isinstance(func, ast.Attribute) and func.attr == "_from_config" and ast.unparse(func.value) in own:
            name = func.value
            length = (func.end_col_offset or 0) - (name.end_col_offset or 0)
            edits.append((func.lineno, name.end_col_offset or 0, func.end_col_offset or 0, " " * length))
            edits += [
                (k.lineno, k.col_offset, k.end_col_offset or 0, "")
                for k in call.keywords  # type: ignore[union-attr]
                if k.arg == "attn_implementation" and k.lineno == k.end_lineno
            ]
    return edits


def _children_in_turn(tree: ast.Module) -> list[_Edit]:
    """`for layer in self.children(): x = layer(x)` as one call after the other, in the order the constructor makes them."""
    edits: list[_Edit] = []
    own = {n.name for n in tree.body if isinstance(n, ast.ClassDef)}
    for node in tree.body:
        names = _made_in_order(init, own) if (init := _constructor(node)) is not None else []
        for loop in ast.walk(node) if names else ():
            if not isinstance(loop, ast.For) or ast.unparse(loop.iter) != "self.children()" or loop.orelse:
                continue
            target, first = ast.unparse(loop.target), loop.body[0]
            if len(loop.body) > 1 or first.lineno != loop.lineno + 1 or first.end_lineno != first.lineno:
                continue
            calls = [re.sub(rf"\b{target}\(", f"self.{name}(", ast.unparse(first)) for name in names]
            edits.append((loop.lineno, loop.col_offset, loop.iter.end_col_offset or 0, "; ".join(calls)))
            edits.append((loop.lineno, loop.iter.end_col_offset or 0, (loop.iter.end_col_offset or 0) + 1, ""))
            edits.append((first.lineno, first.col_offset, first.end_col_offset or 0, ""))
    return edits


def _made_in_order(init: ast.FunctionDef, own: set[str]) -> list[str]:
    """Sub-layers that a constructor without branches makes; none where one thing that it keeps may or may not be one."""
    names = []
    for statement in init.body:
        if isinstance(statement, ast.Expr):
            continue
        if not isinstance(statement, ast.Assign) or not isinstance(target := statement.targets[0], ast.Attribute):
            return []
        value = ast.unparse(statement.value)
        made = value.partition("(")[0] if isinstance(statement.value, ast.Call) else value.partition("[")[0]
        if made in own or made == "ACT2FN" or re.fullmatch(r"nn\.[A-Z]\w+", made):
            names.append(target.attr)
        elif isinstance(statement.value, (ast.Call, ast.Subscript)):
            return []
    return names


def _constructor(node: ast.stmt) -> ast.FunctionDef | None:
    members = node.body if isinstance(node, ast.ClassDef) else []
    return next((m for m in members if isinstance(m, ast.FunctionDef) and m.name == "__init__"), None)


def _class_parameters(init: ast.FunctionDef) -> list[tuple[ast.arg, ast.expr]]:
    """Parameters on one line with their default, a class of `torch.nn`."""
    arguments = init.args.args[len(init.args.args) - len(init.args.defaults) :]
    return [
        (a, d)
        for a, d in zip(arguments, init.args.defaults, strict=True)
        if re.fullmatch(r"nn\.[A-Z]\w+", ast.unparse(d)) and a.lineno == d.end_lineno
    ]


def _calls(tree: ast.Module, name: str) -> list[ast.Call]:
    """Calls that construct the class, by its name or through a parameter that may hold it."""
    return [
        n
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and (n.func.id == name or n.func.id.islower())
    ]


def _edits(init: ast.FunctionDef, parameter: ast.arg, default: ast.expr, calls: list[ast.Call]) -> list[_Edit]:
    found = [(parameter.lineno, parameter.col_offset, default.end_col_offset or 0, "")]
    for node in ast.walk(init):
        if isinstance(node, ast.Name) and node.id == parameter.arg and isinstance(node.ctx, ast.Load):
            found.append((node.lineno, node.col_offset, node.end_col_offset or 0, ast.unparse(default)))
    for call in calls:
        for keyword in call.keywords:
            if keyword.arg == parameter.arg and keyword.lineno == keyword.end_lineno:
                found.append((keyword.lineno, keyword.col_offset, keyword.end_col_offset or 0, ""))
    return found


def _applied(text: str, edits: list[_Edit]) -> str:
    """The text with the edits made; an argument that is taken out goes with the comma before it."""
    lines = text.split("\n")
    for number, start, end, new in sorted(set(edits), reverse=True):
        line = lines[number - 1].encode("utf-8")
        before, after = line[:start], line[end:]
        if not new and before.rstrip().endswith(b","):
            before = before.rstrip()[:-1]
        lines[number - 1] = (before + new.encode("utf-8") + after).decode("utf-8")
    return "\n".join(lines)
